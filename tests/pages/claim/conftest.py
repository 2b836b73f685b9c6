"""A Stripe of one's own behind the claim page, for agents that somebody paid for."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from accounts import claims
from tests.local_stripe import LocalStripe
from tests.local_stripe.wiring import wired
from tests.payments.conftest import deliver


@pytest.fixture
def long_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a code be good for years: a browser may need longer than the rest of its ten minutes."""
    monkeypatch.setattr(claims, "CODE_PERIOD_SECONDS", 10**9)


@pytest.fixture
def stripe(settings: LazySettings) -> Iterator[LocalStripe]:
    """A local Stripe whose webhooks come when the test says so."""
    with wired(settings, receiver=deliver) as local:
        local.delivery = "manual"
        yield local


@pytest.fixture
def stripe_behind_a_server(settings: LazySettings, live_server: Any) -> Iterator[LocalStripe]:
    """A local Stripe with its payment page, whose webhooks go over HTTP to the running service, as they happen."""
    settings.BASE_URL = settings.MEDIA_URL_BASE = live_server.url
    with wired(settings, webhook_url=f"{live_server.url}/webhooks/stripe", livemode=True) as local:
        yield local
