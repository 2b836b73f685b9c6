"""The ways to pay: a table of dotted paths, loaded on first use."""

from functools import cache
from typing import Final

from django.conf import settings
from django.utils.module_loading import import_string

from billing.models import PaymentMethod
from billing.rails.base import Rail

RAILS: Final = {
    PaymentMethod.FAKE: "billing.rails.fake.FakeRail",
    PaymentMethod.STRIPE_CHECKOUT: "billing.rails.stripe_checkout.StripeCheckout",
}

LEAST_CENTS: Final = {PaymentMethod.FAKE: 1, PaymentMethod.STRIPE_CHECKOUT: 50}
"""The smallest amounts in cents; Stripe's is its documented minimum for USD."""


@cache
def rail(method: str) -> Rail:
    """Return the adapter of a payment method; one instance serves every thread."""
    found: Rail = import_string(RAILS[PaymentMethod(method)])()
    return found


def is_enabled(method: str) -> bool:
    """Say whether this service takes payments of that kind."""
    if method == PaymentMethod.FAKE:
        return bool(settings.FAKE_RAIL)
    return bool(settings.STRIPE_SECRET_KEY)


def least_cents(method: str) -> int:
    """Return the smallest amount that a method takes."""
    return LEAST_CENTS[PaymentMethod(method)]


def default_method() -> str | None:
    """Return the method of a quote that names none: play money, and only where it is enabled."""
    return PaymentMethod.FAKE if is_enabled(PaymentMethod.FAKE) else None
