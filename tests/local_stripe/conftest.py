"""A local Stripe, and the real library as its client."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from tests.local_stripe import LocalStripe

Open = Callable[..., Any]
_PATIENCE = 30.0
"""Seconds for an answer: a busy machine may stand still for some of them, and only a few tests lack patience."""


@pytest.fixture
def local() -> Iterator[LocalStripe]:
    with LocalStripe(hang_seconds=2.0) as running:
        yield running


def client_of(local: LocalStripe, seconds: float = _PATIENCE) -> stripe.StripeClient:
    """Return a client that waits so long for an answer."""
    return stripe.StripeClient(
        local.secret_key,
        max_network_retries=2,
        http_client=stripe.RequestsClient(timeout=(_PATIENCE, seconds)),
        base_addresses={"api": local.url},
    )


@pytest.fixture
def client(local: LocalStripe, monkeypatch: pytest.MonkeyPatch) -> stripe.StripeClient:
    # The library's pauses between its retries start at half a second, and are not what is tested.
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.02)
    return client_of(local)


@pytest.fixture
def opened(client: stripe.StripeClient) -> Open:
    """Open a session as the service would, by this client or another; fields replace those of the order."""

    def open_session(key: str | None = None, *, by: stripe.StripeClient = client, **fields: Any) -> Any:
        order: Any = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": 1000,
                        "product_data": {"name": "100 credits"},
                    },
                }
            ],
            "client_reference_id": "payatt_1",
            "metadata": {"attempt": "payatt_1", "0": "a key that is a number"},
            "payment_intent_data": {"metadata": {"attempt": "payatt_1"}},
            "success_url": "https://images.example/back?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://images.example/cancelled",
            "expires_at": int(time.time()) + 3600,
            "adaptive_pricing": {"enabled": False},
            **fields,
        }
        return by.v1.checkout.sessions.create(order, {"idempotency_key": key} if key else {})

    return open_session
