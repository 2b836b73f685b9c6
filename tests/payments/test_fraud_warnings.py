"""Early warnings of fraud: what is left of the payment is out of reach until the warning is over or replaced."""

from typing import Any

import pytest

from billing import fraud_warnings, ledger, sweeping
from billing.models import CreditAccount, Receipt, Reversal
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def receipt(checkout: Checkout, stripe: LocalStripe) -> Receipt:
    """A receipt of 500 credits, of which nothing is spent."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    return Receipt.objects.get()


def books(receipt: Receipt) -> tuple[int, int, int]:
    """Return paid, frozen and owed credits."""
    row = CreditAccount.objects.get(organization_id=receipt.organization_id)
    assert ledger.verify() == []
    return row.paid_credits, row.frozen_credits, row.debt_credits


@pytest.fixture
def warning(receipt: Receipt, stripe: LocalStripe) -> dict[str, Any]:
    """A warning of that payment, delivered."""
    told = stripe.early_fraud_warning(receipt.payment_intent)
    assert set(stripe.deliver_all()) == {200}
    assert books(receipt) == (0, 500, 0)
    return told


def test_a_warning_is_a_reversal_of_its_own_under_its_own_id(
    receipt: Receipt, stripe: LocalStripe, warning: dict[str, Any]
) -> None:
    stripe.deliver(stripe.events[-1]["id"], times=3)
    row = Reversal.objects.get()
    assert (row.kind, row.provider_id, row.effect, row.amount_cents) == ("warning", warning["id"], "freezes", 500)
    assert books(receipt) == (0, 500, 0)


def test_frozen_credits_pay_for_nothing(receipt: Receipt, checkout: Checkout, warning: dict[str, Any]) -> None:
    del warning
    told = checkout.buyer.status(receipt_id=receipt.pk).data["limits"]
    assert told["payment_backed_remaining_credits"] == 0


def test_a_warning_that_is_closed_gives_the_credits_back(
    receipt: Receipt, stripe: LocalStripe, warning: dict[str, Any]
) -> None:
    stripe.close_warning(warning["id"])
    assert set(stripe.deliver_all()) == {200}
    assert books(receipt) == (500, 0, 0)


def test_a_warning_whose_webhooks_were_lost_is_found_by_comparing(receipt: Receipt, stripe: LocalStripe) -> None:
    stripe.delivery = "lost"
    warning = stripe.early_fraud_warning(receipt.payment_intent)
    assert sweeping.fetch_missed_events() == 1
    assert books(receipt) == (0, 500, 0)
    stripe.close_warning(warning["id"])
    assert sweeping.fetch_missed_events() == 1
    assert books(receipt) == (500, 0, 0)


@pytest.mark.parametrize(("cents", "after"), [(500, (0, 0, 0)), (200, (0, 300, 0))])
def test_a_refund_of_all_replaces_the_warning_and_a_part_leaves_the_rest_frozen(
    receipt: Receipt, stripe: LocalStripe, warning: dict[str, Any], cents: int, after: tuple[int, int, int]
) -> None:
    stripe.refund(receipt.payment_intent, cents)
    stripe.deliver_all()
    assert books(receipt) == after
    assert stripe.object(warning["id"])["actionable"] is (cents == 200)


def test_a_dispute_takes_the_warnings_place_and_its_end_decides_alone(
    receipt: Receipt, stripe: LocalStripe, warning: dict[str, Any]
) -> None:
    """The warning's own end is lost here, and it still says that something can be done."""
    dispute = stripe.dispute(receipt.payment_intent, 500)
    for event in stripe.events:
        if event["type"].startswith("charge.dispute."):
            stripe.deliver(event["id"])
    assert books(receipt) == (0, 500, 0)
    stripe.update_dispute(dispute["id"], "won", funds="reinstated")
    closed = next(row["id"] for row in stripe.events if row["type"] == "charge.dispute.closed")
    assert stripe.deliver(closed) == [200]
    assert Reversal.objects.get(provider_id=warning["id"]).status == "actionable"
    assert books(receipt) == (500, 0, 0)


@pytest.mark.parametrize(
    ("kind", "status", "effect", "cents", "replaced"),
    [
        ("dispute", "needs_response", "freezes", 500, True),
        ("dispute", "won", "none", 500, True),
        ("dispute", "lost", "takes", 100, True),
        ("dispute", "prevented", "none", 500, True),
        ("dispute", "warning_needs_response", "none", 500, False),
        ("refund", "succeeded", "takes", 500, True),
        ("refund", "succeeded", "takes", 499, False),
        ("refund", "failed", "none", 500, False),
        ("refund", "requested", "freezes", 500, False),
    ],
)
def test_what_replaces_a_warning(kind: str, status: str, effect: str, cents: int, *, replaced: bool) -> None:
    warning = Reversal(kind="warning", status="actionable", effect="freezes", amount_cents=500)
    other = Reversal(kind=kind, status=status, effect=effect, amount_cents=cents)
    left = fraud_warnings.standing(Receipt(paid_cents=500), [warning, other])
    assert (warning not in left) is replaced
    assert other in left
