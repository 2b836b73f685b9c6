"""A local Stripe as the service's own, for the time of a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import LazySettings

from billing import rails
from tests.local_stripe import LocalStripe


@contextmanager
def wired(settings: LazySettings, **options: Any) -> Iterator[LocalStripe]:
    """Start a local Stripe with its options and have the service call it."""
    with LocalStripe(**options) as local:
        settings.STRIPE_SECRET_KEY = local.secret_key
        settings.STRIPE_WEBHOOK_SECRET = local.webhook_secret
        settings.STRIPE_API_BASE = local.url
        rails.rail.cache_clear()
        yield local
    rails.rail.cache_clear()
