"""Webhooks: signed as Stripe's library checks them; duplicate, reordered, late, lost and forged."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import stripe

from tests.local_stripe import WEBHOOK_SECRET, LocalStripe
from tests.local_stripe.conftest import Open


class Inbox:
    """A receiver that checks signatures with the real library."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[Any] = []

    def __call__(self, body: bytes, signed: str) -> int:
        try:
            event = stripe.Webhook.construct_event(body, signed, WEBHOOK_SECRET)
        except stripe.SignatureVerificationError:
            return 400
        if self.status == 200:
            self.taken.append(event)
        return self.status

    @property
    def types(self) -> list[str]:
        return [event.type.removeprefix("checkout.session.") for event in self.taken]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def local(inbox: Inbox) -> Iterator[LocalStripe]:
    with LocalStripe(receiver=inbox) as running:
        yield running


def test_what_happens_is_told_at_once(local: LocalStripe, inbox: Inbox, opened: Open) -> None:
    session = opened()
    local.pay(session.id, method="async")
    before = local.object(session.id)["payment_status"]
    local.settle_async(session.id)
    told = [event.data.object for event in inbox.taken]
    assert inbox.types == ["completed", "async_payment_succeeded"]
    assert [(found.id, found.payment_status) for found in told] == [(session.id, "unpaid"), (session.id, "paid")]
    assert before == "unpaid"


def test_an_async_payment_can_fail(local: LocalStripe, inbox: Inbox, opened: Open) -> None:
    session = opened()
    intent = local.pay(session.id, method="async")["payment_intent"]
    local.settle_async(session.id, ok=False)
    assert inbox.types == ["completed", "async_payment_failed"]
    assert local.object(session.id)["payment_status"] == "unpaid"
    assert local.object(intent)["status"] == "requires_payment_method"


def test_an_event_can_come_many_times(local: LocalStripe, inbox: Inbox) -> None:
    local.pay(local.foreign_session()["id"])
    assert local.deliver(local.events[0]["id"], times=3) == [200, 200, 200]
    assert len({event.id for event in inbox.taken}) == 1
    assert len(local.deliveries) == 4


@pytest.mark.parametrize("order", ["given", "reversed", "shuffled"])
def test_events_can_come_in_another_order(local: LocalStripe, inbox: Inbox, order: Any) -> None:
    local.delivery = "manual"
    intent = local.pay(local.foreign_session()["id"])["payment_intent"]
    for cents in (100, 200, 300):
        local.refund(intent, cents)
    given = [event["id"] for event in local.events]
    assert inbox.taken == []
    assert set(local.deliver_all(order, seed=7)) == {200}
    came = [event.id for event in inbox.taken]
    assert sorted(came) == sorted(given)
    assert (came == given, came == given[::-1]) == (order == "given", order == "reversed")
    assert local.deliver_all() == []


def test_what_was_not_taken_is_delivered_again(local: LocalStripe, inbox: Inbox) -> None:
    inbox.status = 500
    local.pay(local.foreign_session()["id"])
    inbox.status = 200
    assert local.deliver_all() == [200]
    assert [done.status for done in local.deliveries] == [500, 200]


def test_a_lost_event_is_still_listed(local: LocalStripe, inbox: Inbox, client: stripe.StripeClient) -> None:
    local.delivery = "lost"
    local.pay(local.foreign_session()["id"])
    local.delivery = "immediate"
    assert local.deliver_all() == []
    assert inbox.taken == []
    assert [event.type for event in client.v1.events.list().data] == ["checkout.session.completed"]
    assert local.deliver(local.events[0]["id"], delay_seconds=0.01) == [200]


def test_forged_and_old_signatures_are_refused(local: LocalStripe, inbox: Inbox) -> None:
    local.delivery = "manual"
    local.pay(local.foreign_session()["id"])
    event_id = local.events[0]["id"]
    assert local.deliver(event_id, forged=True) == [400]
    assert local.deliver(event_id, timestamp=int(time.time()) - 301) == [400]
    assert inbox.taken == []
    assert local.deliver(event_id, timestamp=int(time.time()) - 200) == [200]


class _Door(BaseHTTPRequestHandler):
    server: "Door"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.inbox(body, self.headers["Stripe-Signature"]))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


class Door(HTTPServer):
    """An inbox behind HTTP."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        super().__init__(("127.0.0.1", 0), _Door)


def test_events_that_requests_cause_come_over_http(inbox: Inbox) -> None:
    door = Door(inbox)
    thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with LocalStripe(f"http://127.0.0.1:{door.server_address[1]}/hook") as local:
            client = stripe.StripeClient(local.secret_key, base_addresses={"api": local.url})
            session = local.foreign_session()
            client.v1.checkout.sessions.expire(session["id"])
            local.wait_until_delivered()
            assert inbox.types == ["expired"]
            assert local.events[0]["request"]["id"].startswith("req_")
    finally:
        door.shutdown()
        door.server_close()
        thread.join(10)
    with LocalStripe(f"http://127.0.0.1:{door.server_address[1]}/hook") as local:
        local.pay(local.foreign_session()["id"])
        assert [done.status for done in local.deliveries] == [0]
