"""A local Stripe and a purchase by it, for the money pages of staff."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from billing import rails
from tests.payments.conftest import Checkout, checkout, stripe

__all__ = ["Checkout", "checkout", "stripe"]


@pytest.fixture(autouse=True)
def _fresh_rails(settings: LazySettings) -> Iterator[None]:
    """Let each test's settings choose its rails."""
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()
    yield
    rails.rail.cache_clear()
