"""A Stripe of one's own behind the claim page, for agents that somebody paid for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import LazySettings

from billing import rails
from tests.local_stripe import LocalStripe
from tests.payments.conftest import deliver


@contextmanager
def _stripe(settings: LazySettings, **options: Any) -> Iterator[LocalStripe]:
    with LocalStripe(**options) as local:
        settings.STRIPE_SECRET_KEY = local.secret_key
        settings.STRIPE_WEBHOOK_SECRET = local.webhook_secret
        settings.STRIPE_API_BASE = local.url
        rails.rail.cache_clear()
        yield local
    rails.rail.cache_clear()


@pytest.fixture
def stripe(settings: LazySettings) -> Iterator[LocalStripe]:
    """A local Stripe whose webhooks come when the test says so."""
    with _stripe(settings, receiver=deliver) as local:
        local.delivery = "manual"
        yield local


@pytest.fixture
def stripe_behind_a_server(settings: LazySettings, live_server: Any) -> Iterator[LocalStripe]:
    """A local Stripe with its payment page, whose webhooks go over HTTP to the running service, as they happen."""
    settings.BASE_URL = settings.MEDIA_URL_BASE = live_server.url
    with _stripe(settings, webhook_url=f"{live_server.url}/webhooks/stripe", livemode=True) as local:
        yield local
