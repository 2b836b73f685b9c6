"""Fixtures of buying credits: play money on, and what is asked for in most tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from billing import rails
from billing.models import PaymentAttempt
from tests.cast import Answer, Member
from tests.local_stripe import LocalStripe
from tests.local_stripe.wiring import wired


@pytest.fixture(autouse=True)
def _play_money(settings: LazySettings) -> None:
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()


class Buyer:
    """An agent's way to credits."""

    def __init__(self, member: Member) -> None:
        self.member = member

    def quote(self, **fields: Any) -> Answer:
        return self.member.post("/v1/credit-quotes", fields or {"credits": 10})

    def buy(self, quote_id: str, key: str = "purchase-run-001") -> Answer:
        return self.member.post("/v1/credit-purchases", {"quote_id": quote_id, "idempotency_key": key})

    def status(self, **references: str) -> Answer:
        query = "&".join(f"{name}={value}" for name, value in references.items())
        return self.member.get(f"/v1/credit-purchases/status?{query}")


@pytest.fixture
def buyer(agent: Member) -> Buyer:
    """The agent of the test, as a buyer."""
    return Buyer(agent)


def deliver(body: bytes, signature: str) -> int:
    """Take a webhook as the service does."""
    return (
        Client()
        .generic(
            "POST",
            "/webhooks/stripe",
            body,
            content_type="application/json",
            headers={"stripe-signature": signature},
        )
        .status_code
    )


@pytest.fixture
def stripe(settings: LazySettings) -> Iterator[LocalStripe]:
    """A local Stripe whose webhooks arrive when the test says so, with the service set up for it."""
    settings.FAKE_RAIL = False
    with wired(settings, receiver=deliver) as local:
        local.delivery = "manual"
        yield local


class Checkout:
    """An agent's purchase by Stripe."""

    def __init__(self, member: Member, credits: int = 500) -> None:
        self.member = member
        self.buyer = Buyer(member)
        self.quote_id = str(self.buyer.quote(credits=credits, payment_method="stripe_checkout").data["quote_id"])

    def begin(self, key: str = "stripe-buy-run-001") -> Answer:
        return self.member.post(
            "/v1/credit-purchases/stripe-checkout-sessions", {"quote_id": self.quote_id, "idempotency_key": key}
        )

    @property
    def attempt(self) -> PaymentAttempt:
        return PaymentAttempt.objects.get(quote_id=self.quote_id)

    @property
    def session_id(self) -> str:
        return str(self.attempt.session_id)


@pytest.fixture
def checkout(agent: Member, stripe: LocalStripe) -> Checkout:
    """A purchase of 500 credits."""
    return Checkout(agent)
