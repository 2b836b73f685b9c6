"""Refunds and disputes: credits go back once, whatever the order, and what was spent becomes a debt."""

import itertools
from collections.abc import Callable

import pytest
from django.utils import timezone

from billing import fulfilment, ledger, reversals
from billing.models import CreditAccount, Receipt, Reversal
from billing.rails.base import Reported
from imageskill.core import ids
from imageskill.core.events import System
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def receipt(checkout: Checkout, stripe: LocalStripe) -> Receipt:
    """A paid receipt of 500 credits, of which nothing is spent."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    return Receipt.objects.get()


def account(receipt: Receipt) -> tuple[int, int, int]:
    """Return paid, frozen and owed credits."""
    row = CreditAccount.objects.get(organization_id=receipt.organization_id)
    return row.paid_credits, row.frozen_credits, row.debt_credits


def note(receipt: Receipt, provider_id: str, cents: int, status: str, kind: str = "refund") -> bool:
    return reversals.note(
        Reported(kind, provider_id, receipt.payment_intent, cents, status, "", "", timezone.now())
    )


def spend(receipt: Receipt, credits: int) -> None:
    """Spend from the receipt's lot as a job does."""
    lot = ledger.lots_of_receipt(receipt.pk)[0]
    tests = System("tests")
    hold = ledger.hold(
        organization_id=receipt.organization_id,
        agent_id=receipt.agent_id,
        job_id=ids.new_id("job"),
        split=ledger.Split(((lot, credits),)),
        price_version="tests/1",
        authorised_at=timezone.now(),
        actor=tests,
    )
    ledger.settle(hold=hold, credits=credits, provider_cost_micros=0, actor=tests)


def test_a_refund_by_its_webhook_takes_the_credits_and_says_so(
    receipt: Receipt,
    checkout: Checkout,
    stripe: LocalStripe,
) -> None:
    stripe.refund(receipt.payment_intent, 200)
    assert set(stripe.deliver_all()) == {200}
    assert account(receipt) == (300, 0, 0)
    stripe.refund(receipt.payment_intent, 300)
    stripe.deliver_all()
    assert account(receipt) == (0, 0, 0)
    assert checkout.buyer.status(receipt_id=receipt.pk).data["state"] == "refunded"
    events = checkout.member.get(f"/v1/activity/{receipt.pk}", headers={"image-skill-contract": "latest"}).data[
        "events"
    ]
    assert [event["type"] for event in events][:2] == ["credits.payment_backed_refunded"] * 2
    assert ledger.verify() == []


def test_three_thirds_are_the_whole_and_no_more(receipt: Receipt) -> None:
    for number, cents in enumerate((165, 165, 165)):
        note(receipt, f"re_{number}", cents, "succeeded")
    assert account(receipt) == (5, 0, 0)
    note(receipt, "re_3", 5, "succeeded")
    note(receipt, "re_4", 500, "succeeded")
    assert account(receipt) == (0, 0, 0)


def test_a_refund_that_failed_gives_everything_back(receipt: Receipt) -> None:
    note(receipt, "re_1", 500, "pending")
    assert account(receipt) == (0, 0, 0)
    note(receipt, "re_1", 500, "failed")
    assert account(receipt) == (500, 0, 0)
    assert ledger.verify() == []


def test_what_was_spent_becomes_a_debt_that_stops_new_jobs_until_it_is_repaid(
    receipt: Receipt,
    checkout: Checkout,
    stripe: LocalStripe,
) -> None:
    spend(receipt, 400)
    note(receipt, "re_1", 500, "succeeded")
    assert account(receipt) == (0, 0, 400)
    refused = checkout.member.create()
    assert (refused.code, refused.status) == ("QUOTA_EXCEEDED", 402)
    assert (refused.error["recovery"]["reason"], refused.error["recovery"]["debt_credits"]) == ("debt", 400)
    again = Checkout(checkout.member, credits=600)
    told = checkout.member.get("/v1/quota").data["limits"]
    assert (told["debt_credits"], told["spendable_credits"]) == (400, 0)
    again.begin(key="again")
    stripe.pay(again.session_id)
    stripe.deliver_all()
    assert account(receipt) == (200, 0, 0)
    assert ledger.verify() == []


def test_a_dispute_freezes_then_takes_or_gives_back(receipt: Receipt) -> None:
    spend(receipt, 100)
    note(receipt, "dp_1", 500, "needs_response", "dispute")
    assert account(receipt) == (0, 400, 0)
    note(receipt, "dp_1", 500, "won", "dispute")
    assert account(receipt) == (400, 0, 0)
    note(receipt, "dp_1", 500, "lost", "dispute")
    assert account(receipt) == (0, 0, 100)
    note(receipt, "dp_1", 500, "won", "dispute")
    assert account(receipt) == (400, 0, 0)
    assert ledger.verify() == []


@pytest.mark.parametrize(
    "status", ["warning_needs_response", "warning_under_review", "warning_closed", "prevented"]
)
def test_a_mere_warning_freezes_nothing(receipt: Receipt, status: str) -> None:
    note(receipt, "dp_1", 500, status, "dispute")
    assert account(receipt) == (500, 0, 0)


def test_a_refund_and_a_dispute_of_the_same_money_take_it_once(receipt: Receipt) -> None:
    note(receipt, "re_1", 500, "succeeded")
    note(receipt, "dp_1", 500, "lost", "dispute")
    assert account(receipt) == (0, 0, 0)
    assert ledger.verify() == []


def test_a_reading_that_is_older_than_the_stored_one_says_nothing(receipt: Receipt) -> None:
    early = timezone.now()
    note(receipt, "dp_1", 500, "won", "dispute")
    late = Reported("dispute", "dp_1", receipt.payment_intent, 500, "needs_response", "", "", early)
    assert reversals.note(late) is False
    assert account(receipt) == (500, 0, 0)


@pytest.mark.parametrize("order", list(itertools.permutations(("grant", "refund", "failed", "dispute"))))
def test_every_order_of_the_events_ends_in_the_same_books(
    checkout: Checkout, stripe: LocalStripe, order: tuple[str, ...]
) -> None:
    """What is known of a payment before its receipt waits for it."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    intent = stripe.object(checkout.session_id)["payment_intent"]
    acts: dict[str, Callable[[], object]] = {
        "grant": lambda: fulfilment.fulfil(session_id=checkout.session_id, method="stripe_checkout"),
        "refund": lambda: _note(intent, "re_1", 100, "succeeded", "refund"),
        "failed": lambda: _note(intent, "re_2", 200, "failed", "refund"),
        "dispute": lambda: _note(intent, "dp_1", 150, "lost", "dispute"),
    }
    for act in order:
        acts[act]()
    assert account(Receipt.objects.get()) == (250, 0, 0)
    assert ledger.verify() == []


def _note(intent: str, provider_id: str, cents: int, status: str, kind: str) -> None:
    reversals.note(Reported(kind, provider_id, intent, cents, status, "", "", timezone.now()))


def test_an_early_warning_of_fraud_freezes_what_is_left(
    receipt: Receipt,
    stripe: LocalStripe,
) -> None:
    spend(receipt, 100)
    warning = stripe.early_fraud_warning(receipt.payment_intent)
    assert set(stripe.deliver_all()) == {200}
    assert account(receipt) == (0, 400, 0)
    assert Reversal.objects.get().provider_id == warning["id"]


def test_disputes_come_by_their_webhooks(receipt: Receipt, stripe: LocalStripe) -> None:
    dispute = stripe.dispute(receipt.payment_intent, 500)
    stripe.deliver_all()
    assert account(receipt) == (0, 500, 0)
    stripe.update_dispute(dispute["id"], "won", funds="reinstated")
    stripe.deliver_all(order="reversed")
    assert account(receipt) == (500, 0, 0)
    assert ledger.verify() == []
