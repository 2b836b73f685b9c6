"""`make stripe-local`: a Stripe for development, until Ctrl-C. PORT, WEBHOOK_URL and WEBHOOK_SECRET set it up."""

import os
import signal
import sys
import threading

from tests.local_stripe import WEBHOOK_SECRET, LocalStripe

SECRET_KEY = "sk_test_local_stripe"


def main() -> None:
    """Serve until told to stop, after printing the settings that the service needs."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    webhook_url = os.environ.get("WEBHOOK_URL") or "http://127.0.0.1:8000/webhooks/stripe"
    secret = os.environ.get("WEBHOOK_SECRET") or WEBHOOK_SECRET
    port = int(os.environ.get("PORT") or "0")
    with LocalStripe(webhook_url, secret, port=port, secret_key=SECRET_KEY) as stripe:
        sys.stdout.write(
            f"A local Stripe: {stripe.url} (webhooks go to {webhook_url}). Start the service with\n"
            f"STRIPE_API_BASE={stripe.url} STRIPE_SECRET_KEY={SECRET_KEY} STRIPE_WEBHOOK_SECRET={secret}\n"
        )
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
