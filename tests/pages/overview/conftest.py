"""Pictures that a browser of the tests can fetch: their addresses are the live server's."""

from typing import Any

import pytest
from django.conf import LazySettings


@pytest.fixture
def fetchable(live_server: Any, settings: LazySettings) -> None:
    """Have pictures at the address that the browser knows."""
    settings.MEDIA_URL_BASE = live_server.url
