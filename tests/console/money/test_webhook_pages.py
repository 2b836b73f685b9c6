"""The webhook inbox as staff sees it: what waits, why it failed, its body without secrets, replay and ignore."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import inbox, ledger
from billing.models import CreditAccount, Receipt, StaffAct, StripeEvent
from imageskill.core.models import ActivityEvent
from tests.console.desk import desk
from tests.local_stripe import LocalStripe
from tests.pages.people import said
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

# Put together here, so that no file holds what looks like a real one.
KEY = "sk_" + "live_" + "0" * 10
HOSTILE = "<script>alert(1)</script>"


def make_event(number: int, **fields: Any) -> StripeEvent:
    told = {
        "type": "refund.created",
        "object_id": f"re_{number}",
        "livemode": False,
        "payload": {"data": {"object": {"id": f"re_{number}"}}},
        "state": "processed",
        "outcome": "noted",
        "received_at": timezone.now(),
    }
    return StripeEvent.objects.create(event_id=f"evt_{number}", **(told | fields))


@pytest.fixture
def paid(checkout: Checkout, stripe: LocalStripe) -> str:
    """A paid order whose event is stored and waits; return the event's id."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    event = next(row for row in stripe.events if row["type"] == "checkout.session.completed")
    inbox.receive(event)
    return str(event["id"])


def credits_of(checkout: Checkout) -> int:
    account = CreditAccount.objects.filter(organization_id=checkout.member.row.organization_id).first()
    return account.paid_credits if account is not None else 0


def send(client: Client, event_id: str, act: str, **sent: str) -> list[str]:
    return said(client.post(f"/console/webhooks/{event_id}/{act}", sent))


def test_the_oldest_that_waits_stands_on_top_and_filters_choose(checkout: Checkout, paid: str) -> None:
    client = desk()
    make_event(1)
    make_event(2, state="ignored", outcome="other_type", type="price.created")
    page = client.get("/console/webhooks").content.decode()
    assert f'href="/console/webhooks/{paid}">checkout.session.completed</a>' in page.split("<nav")[1] + page
    assert "The oldest unprocessed event came" in page
    assert [name in page for name in (paid, "evt_1", "evt_2")] == [True, True, True]
    failed = client.get("/console/webhooks?state=processed&type=refund.").content.decode()
    assert ("evt_1<" in failed, "evt_2<" in failed) == (True, False)
    assert client.get("/console/webhooks?state=lost").status_code == 404
    inbox.process(StripeEvent.objects.get(event_id=paid))
    assert "Nothing waits" in client.get("/console/webhooks").content.decode()


def test_replay_processes_it_now_once_and_the_owner_sees_that_staff_did(checkout: Checkout, paid: str) -> None:
    client = desk()
    assert credits_of(checkout) == 0
    assert send(client, paid, "replay") == ["Processed: the credits were added."]
    assert credits_of(checkout) == 500
    assert send(client, paid, "replay") == ["Processed: the credits had been added before; nothing changed."]
    assert (credits_of(checkout), Receipt.objects.count()) == (500, 1)
    acts = StaffAct.objects.filter(subject_id=paid, act="replay")
    assert {act.staff.email for act in acts} == {"sam@example.com"}
    events = ActivityEvent.objects.filter(type="payment.reviewed", status="event_replayed")
    assert events.count() == 2
    told = events[0]
    assert (told.organization_id, told.actor_type, told.actor_id) == (
        checkout.member.row.organization_id,
        "session",
        "staff",
    )
    assert "sam@example.com" in client.get(f"/console/webhooks/{paid}").content.decode()
    assert ledger.verify() == []


def test_a_failure_keeps_its_words_without_secrets_and_replay_says_so(
    checkout: Checkout, paid: str, stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(f"no answer for {KEY} from there")

    client = desk()
    with monkeypatch.context() as patch:
        patch.setattr("billing.inbox._effect", broken)
        (told,) = send(client, paid, "replay")
    assert "It failed again" in told
    event = StripeEvent.objects.get()
    assert event.last_error == "ValueError: no answer for [removed] from there"
    assert (event.state, event.attempts) == ("failed", 1)
    page = client.get(f"/console/webhooks/{paid}").content.decode()
    assert "ValueError: no answer for [removed] from there" in page
    assert "sk_live_" not in page
    assert "failed 1 time" in client.get("/console/webhooks?state=failed").content.decode()
    assert send(client, paid, "replay") == ["Processed: the credits were added."]


def test_an_ignored_event_stays_so_when_stripe_sends_it_again(
    checkout: Checkout, paid: str, stripe: LocalStripe
) -> None:
    client = desk()
    assert send(client, paid, "ignore")[0].startswith("Give a reason")
    assert send(client, paid, "ignore", reason="rk_live_" + "0" * 24)[0].startswith("The reason holds")
    assert StripeEvent.objects.get().state == "received"
    assert not StaffAct.objects.exists()
    assert send(client, paid, "ignore", reason="A test of ours", ticket="T-2") == [
        "It is ignored. Replay takes that back."
    ]
    assert stripe.deliver(paid) == [200]
    assert inbox.process_waiting() == 0
    assert (StripeEvent.objects.get().state, credits_of(checkout)) == ("ignored", 0)
    act = StaffAct.objects.get()
    assert (act.act, act.reason, act.ticket) == ("ignore", "A test of ours", "T-2")
    event = ActivityEvent.objects.get(type="payment.reviewed")
    assert (event.status, "A test of ours" in event.summary) == ("event_ignored", False)
    assert send(client, paid, "ignore", reason="Again")[0].startswith("It does not wait any more")
    assert send(client, paid, "replay") == ["Processed: the credits were added."]


def test_an_event_of_nobody_is_kept_for_staff_alone(stripe: LocalStripe) -> None:
    make_event(1, type="price.created", state="received", outcome="", payload=None)
    assert send(desk(), "evt_1", "replay") == ["Processed: events of this type change nothing."]
    assert StaffAct.objects.get().organization_id == ""
    assert not ActivityEvent.objects.filter(type="payment.reviewed").exists()


def test_the_other_kind_of_money_is_never_replayed() -> None:
    make_event(1, state="ignored", outcome="other_livemode", livemode=True)
    client = desk()
    assert "Replay the event" not in client.get("/console/webhooks/evt_1").content.decode()
    assert "another kind of money" in send(client, "evt_1", "replay")[0]
    assert StripeEvent.objects.get().state == "ignored"


def test_the_body_is_plain_text_without_secrets_and_payers() -> None:
    told = {
        "client_secret": "pi_1_secret_2",
        "customer_details": {"email": "payer@example.com", "name": "P. Ayer", "address": {"line1": "Street 1"}},
        "metadata": {"note": HOSTILE, "key": "whsec_" + "0" * 24},
        "url": "https://checkout.stripe.com/c/pay/cs_1",
        "amount_total": 500,
    }
    make_event(1, payload={"id": "evt_1", "data": {"object": told}})
    page = desk().get("/console/webhooks/evt_1").content.decode()
    for hidden in ("pi_1_secret_2", "payer@example.com", "P. Ayer", "Street 1", "whsec_", "checkout.stripe.com/c"):
        assert hidden not in page, hidden
    assert "&lt;script&gt;alert(1)" in page
    assert HOSTILE not in page
    assert "&quot;amount_total&quot;: 500" in page


def test_a_forgotten_body_and_an_unknown_event_are_told() -> None:
    make_event(1, payload=None)
    client = desk()
    assert "Forgotten: bodies are kept for 90 days." in client.get("/console/webhooks/evt_1").content.decode()
    for path in ("evt_9", "evt_9/replay", "evt_9/ignore"):
        send_it = client.post if "/" in path else client.get
        assert send_it(f"/console/webhooks/{path}").status_code == 404


def test_the_list_has_the_same_queries_at_three_and_at_thirty_and_pages_go_on(
    django_assert_num_queries: Any,
) -> None:
    client = desk()
    for number in range(3):
        make_event(number, state="failed", last_error="no", attempts=1)
    client.get("/console/webhooks")
    with django_assert_num_queries(QUERIES):
        client.get("/console/webhooks")
    for number in range(3, 60):
        make_event(number, state="failed", last_error="no", attempts=1)
    with django_assert_num_queries(QUERIES):
        page = client.get("/console/webhooks").content.decode()
    first = set(re.findall(r"<code>(evt_\d+)</code>", page))
    assert len(first) == 50
    older = re.search(r'href="([^"]+)">Older events', page)
    assert older is not None
    rest = client.get(older[1].replace("&amp;", "&")).content.decode()
    second = set(re.findall(r"<code>(evt_\d+)</code>", rest))
    assert (len(second), first & second) == (10, set())


QUERIES = 5
