"""Fixtures of the approvals' pages."""

import pytest
from django.test import Client

from tests.doubles import FakeProvider
from tests.pages.approvals.desk import Desk, make_desk
from tests.pages.people import sign_in


@pytest.fixture
def desk(db: None, provider: FakeProvider) -> Desk:
    """A workspace with one agent; its pictures are made by the provider at the port."""
    return make_desk()


@pytest.fixture
def owner(desk: Desk) -> Client:
    """The owner of the desk, signed in."""
    return sign_in()
