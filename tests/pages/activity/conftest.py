"""Browsers of these tests get the pictures from the server that they talk to."""

from typing import Any

import pytest
from django.conf import LazySettings


@pytest.fixture(autouse=True)
def _pictures_come_from_here(request: pytest.FixtureRequest, settings: LazySettings) -> None:
    if "page" in request.fixturenames:
        live_server: Any = request.getfixturevalue("live_server")
        settings.MEDIA_URL_BASE = live_server.url
