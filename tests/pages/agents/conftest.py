"""A studio and its owner, signed in."""

import pytest
from django.test import Client

from tests.pages.people import sign_in
from tests.pages.studio import Studio, make_studio


@pytest.fixture
def studio() -> Studio:
    return make_studio()


@pytest.fixture
def owner(studio: Studio) -> Client:
    return sign_in()
