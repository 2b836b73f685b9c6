"""A local Stripe: the part of Stripe's HTTP API that the service uses, over the loopback, to the real library."""

from tests.local_stripe.api import Asked
from tests.local_stripe.errors import RefusalError
from tests.local_stripe.server import API_VERSION, WEBHOOK_SECRET, LocalStripe
from tests.local_stripe.webhooks import Delivery, signature

__all__ = ["API_VERSION", "WEBHOOK_SECRET", "Asked", "Delivery", "LocalStripe", "RefusalError", "signature"]
