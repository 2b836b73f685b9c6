"""Play money: paid once, granted once, bounded, and told in every state."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from accounts.models import Agent
from billing import ledger
from billing.models import CreditLot, LedgerEntry, PaymentAttempt, Receipt
from tests.cast import Answer, Member
from tests.payments.conftest import Buyer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def quote_id(buyer: Buyer, credits: int = 10) -> str:
    return str(buyer.quote(credits=credits).data["quote_id"])


def test_a_purchase_grants_its_credits_and_says_so(buyer: Buyer) -> None:
    bought = quote_id(buyer)
    done = buyer.buy(bought)
    receipt = Receipt.objects.get()
    assert done.data | {"limits": None} == {
        "state": "succeeded",
        "quote_id": bought,
        "receipt_id": receipt.pk,
        "credit_event_id": receipt.credit_event_id,
        "credits_granted": 10,
        "amount_cents": 10,
        "currency": "USD",
        "accepted_payment_method": "fake",
        "idempotency_key": "purchase-run-001",
        "balance_after": 60,
        "live_money": False,
        "replayed": False,
        "limits": None,
    }
    assert done.data["limits"]["payment_backed_remaining_credits"] == 10
    assert Agent.objects.get(pk=buyer.member.agent_id).claim_state == "payment_backed_unclaimed"
    lot = CreditLot.objects.get(kind="paid")
    assert (lot.available_credits, lot.live_money, lot.receipt_id) == (10, False, receipt.pk)
    assert LedgerEntry.objects.get(lot=lot).receipt_id == receipt.pk
    assert ledger.verify() == []


def test_a_replay_tells_the_first_receipt_and_grants_nothing(buyer: Buyer) -> None:
    bought = quote_id(buyer)
    first, again = buyer.buy(bought), buyer.buy(bought)
    assert (again.data["credits_granted"], again.data["replayed"]) == (0, True)
    assert again.data["receipt_id"] == first.data["receipt_id"]
    assert Receipt.objects.count() == 1


def test_a_quote_is_paid_once_under_whatever_key(buyer: Buyer) -> None:
    bought = quote_id(buyer)
    buyer.buy(bought)
    refused = buyer.buy(bought, key="another-key")
    assert (refused.code, refused.status, refused.exit_code) == ("QUOTE_NOT_PAYABLE", 409, 1)
    assert refused.error["recovery"]["receipt_id"] == Receipt.objects.get().pk
    assert refused.error["recovery"]["suggested_command"].startswith("image-skill credits quote --credits 10 ")


def test_a_key_that_paid_another_quote_is_a_conflict(buyer: Buyer) -> None:
    buyer.buy(quote_id(buyer))
    refused = buyer.buy(quote_id(buyer))
    assert (refused.code, refused.status, refused.exit_code) == ("IDEMPOTENCY_CONFLICT", 409, 2)
    told = refused.error["recovery"]
    assert told["idempotency_key"] != "purchase-run-001"
    assert told["suggested_command"].endswith(f"--idempotency-key {told['idempotency_key']} --json")
    assert Receipt.objects.count() == 1


def test_a_purchase_needs_a_key(buyer: Buyer) -> None:
    refused = buyer.member.post("/v1/credit-purchases", {"quote_id": quote_id(buyer)})
    assert refused.code == "INVALID_ARGUMENTS"
    assert refused.error["recovery"]["required_flag"] == "--idempotency-key"
    assert not PaymentAttempt.objects.exists()


def test_a_quote_past_its_end_is_not_paid(buyer: Buyer) -> None:
    bought = quote_id(buyer)
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        refused = buyer.buy(bought)
    assert (refused.code, refused.status, refused.exit_code) == ("QUOTE_EXPIRED", 410, 1)
    assert refused.error["recovery"]["suggested_command"].startswith("image-skill credits quote --credits 10 ")
    assert not Receipt.objects.exists()


def test_a_strangers_and_a_teammates_quote_is_as_a_missing_one(
    buyer: Buyer, stranger: Member, teammate: Member
) -> None:
    bought = quote_id(buyer)
    missing = "quote_" + "0" * 25
    for other in (stranger, teammate):
        theirs, none = Buyer(other).buy(bought), Buyer(other).buy(missing)
        assert theirs.code == none.code == "QUOTE_NOT_FOUND"
        assert theirs.error == none.error
    assert not PaymentAttempt.objects.exists()


def test_a_paused_agent_buys_nothing(buyer: Buyer) -> None:
    bought = quote_id(buyer)
    Agent.objects.filter(pk=buyer.member.agent_id).update(paused_at=timezone.now())
    assert buyer.buy(bought).code == "CAPABILITY_DENIED"


def test_play_money_is_bounded_a_contact_and_a_day(buyer: Buyer, teammate: Member, settings: LazySettings) -> None:
    settings.FAKE_RAIL_CREDITS_PER_CONTACT = 100
    assert buyer.buy(quote_id(buyer, 100)).status == 200
    refused = buyer.buy(quote_id(buyer, 1), key="another-key")
    assert (refused.code, refused.status, refused.exit_code) == ("RATE_LIMITED", 429, 5)
    assert refused.error["recovery"]["cap"] == 100
    assert int(refused.response["Retry-After"]) > 0
    settings.FAKE_RAIL_DAILY_CREDITS = 120
    other = Buyer(teammate)
    assert other.buy(quote_id(other, 21)).code == "RATE_LIMITED"
    assert other.buy(quote_id(other, 20), key="one-more").status == 200


def test_the_status_follows_a_purchase(buyer: Buyer) -> None:
    bought = quote_id(buyer)
    before = buyer.status(quote_id=bought).data
    assert (before["state"], before["payment_attempt"], before["receipt"]) == ("created", None, None)
    assert before["next"]["command"].startswith("image-skill credits fake-purchase ")
    done = buyer.buy(bought).data
    attempt = PaymentAttempt.objects.get()
    for reference in (
        {"quote_id": bought},
        {"payment_attempt_id": attempt.pk},
        {"checkout_session_id": str(attempt.session_id)},
        {"receipt_id": done["receipt_id"]},
    ):
        after = buyer.status(**reference).data
        assert after["state"] == "succeeded"
        assert after["receipt"]["receipt_id"] == done["receipt_id"]
        assert after["credit_event"]["credit_event_id"] == done["credit_event_id"]
        assert after["payment_attempt"]["attempt_status"] == "succeeded"
        assert after["limits"]["payment_backed_remaining_credits"] == 10


def test_the_status_takes_one_reference_and_without_one_tells_the_balance(buyer: Buyer, stranger: Member) -> None:
    bought = quote_id(buyer)
    assert buyer.status().data["state"] == "balance"
    assert buyer.status().data["limits"]["remaining_credits"] == 50
    assert buyer.status(quote_id=bought, receipt_id="receipt_1").code == "INVALID_ARGUMENTS"
    assert buyer.status(quote_id="").code == "INVALID_ARGUMENTS"
    theirs = Buyer(stranger).status(quote_id=bought)
    assert (theirs.code, theirs.status) == ("QUOTE_NOT_FOUND", 404)


def test_a_purchase_is_found_in_the_activity(buyer: Buyer) -> None:
    done = buyer.buy(quote_id(buyer)).data
    for reference in (done["receipt_id"], done["credit_event_id"], done["quote_id"]):
        events = buyer.member.get(f"/v1/activity/{reference}").data["events"]
        assert [event["type"] for event in events] == ["credits.payment_backed_granted"]
        assert events[0]["cost"]["credits"] == 10


@pytest.mark.django_db(transaction=True)
def test_sixteen_purchases_at_once_grant_once(buyer: Buyer) -> None:
    bought = quote_id(buyer)
    barrier, answers = Barrier(16), []

    def buy(number: int) -> None:
        barrier.wait(30)
        answers.append(buyer.buy(bought, key=f"key-{number % 4}"))
        connection.close()

    threads = [Thread(target=buy, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    granted: list[Answer] = [answer for answer in answers if answer.ok and answer.data["credits_granted"]]
    assert len(answers) == 16
    assert len(granted) == 1
    assert {answer.code for answer in answers if not answer.ok} <= {"QUOTE_NOT_PAYABLE"}
    assert Receipt.objects.count() == 1
    assert ledger.verify() == []
