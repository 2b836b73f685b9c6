"""Payments credited a second by Stripe's webhook, beside the same events once they are known; 8 callers.

.venv/bin/python -m benchmarks.webhooks [PAYMENTS] [--small]

Each event is verified, stored, its session asked for again over HTTP (of a local Stripe, whose own time is in it)
and credited with receipt and events. A known event is verified and looked up: that is the least a webhook costs.
On PostgreSQL; benchmarks/stage.py tells of the database.
"""

import itertools

from benchmarks import stage
from benchmarks.load import Ask, Client, request, run
from benchmarks.stage import Service
from tests.local_stripe import LocalStripe

CALLERS = 8
CREDITS = 500


def buy(service: Service, number: int) -> str:
    """Open a checkout of a new agent, and return its session's id."""
    client = Client(service.port)
    bearer = {"authorization": f"Bearer {service.sign_up(number)}"}
    quote = client.call(
        "POST", "/v1/credit-quotes", {"credits": CREDITS, "payment_method": "stripe_checkout"}, **bearer
    )[1]["data"]
    body = {"quote_id": quote["quote_id"], "idempotency_key": f"bench-purchase-{number}"}
    opened = client.call("POST", "/v1/credit-purchases/stripe-checkout-sessions", body, **bearer)[1]["data"]
    session: str = opened["checkout_session_id"]
    return session


def posting(events: list[tuple[bytes, str]]) -> Ask:
    """Return what sends the events, each once."""
    left = itertools.count()

    def ask(_: int) -> bytes:
        body, signature = events[next(left)]
        head = request("POST", "/webhooks/stripe", stripe_signature=signature)
        return head.replace(b"content-length: 0", b"content-length: %d" % len(body)) + body

    return ask


def main() -> None:
    """Open and pay the checkouts, then send their events: new, and known."""
    count = stage.number(0, 300, 10)
    events: list[tuple[bytes, str]] = []

    def keep(body: bytes, signature: str) -> int:
        events.append((body, signature))
        return 200

    with LocalStripe(receiver=keep) as stripe:
        stripe.delivery = "manual"
        told = {
            "STRIPE_SECRET_KEY": stripe.secret_key,
            "STRIPE_WEBHOOK_SECRET": stripe.webhook_secret,
            "STRIPE_API_BASE": stripe.url,
        }
        with Service("postgresql", **told) as service:
            service.web()
            for session in [buy(service, number) for number in range(count)]:
                stripe.pay(session)
            stripe.deliver_all()
            events = [event for event in events if b'"checkout.session.completed"' in event[0]]
            for name in ("new", "known"):
                answers = run(service.port, posting(events), connections=CALLERS, seconds=1e9, most=len(events))
                print(f"{name:6} {len(events)} events: {answers}")
            print(service.manage("reconcile").strip().splitlines()[-1])


if __name__ == "__main__":
    main()
