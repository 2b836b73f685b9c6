"""A Stripe of one's own behind the credits page: test money, or real money of a make-believe kind."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from tests.local_stripe import LocalStripe
from tests.local_stripe.wiring import wired
from tests.payments.conftest import deliver


@pytest.fixture
def stripe(settings: LazySettings) -> Iterator[LocalStripe]:
    """A local Stripe in test mode whose webhooks come when the test says so."""
    settings.FAKE_RAIL = False
    with wired(settings, receiver=deliver) as local:
        local.delivery = "manual"
        yield local


@pytest.fixture
def live(settings: LazySettings) -> Iterator[LocalStripe]:
    """The same in live mode: what it sells can be refunded."""
    settings.FAKE_RAIL = False
    with wired(settings, receiver=deliver, livemode=True) as local:
        local.delivery = "manual"
        yield local


@pytest.fixture
def stripe_behind_a_server(settings: LazySettings, live_server: Any) -> Iterator[LocalStripe]:
    """A local Stripe whose webhooks go over HTTP to the running service, as they happen."""
    settings.BASE_URL = settings.MEDIA_URL_BASE = live_server.url
    settings.FAKE_RAIL = False
    with wired(settings, webhook_url=f"{live_server.url}/webhooks/stripe", livemode=True) as local:
        yield local
