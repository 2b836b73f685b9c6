"""Refunds and disputes that wait for their receipt, and what a dispute tells while it only freezes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Agent
from billing import ledger, reversals
from billing.models import CreditAccount, LotKind, PaymentMethod, Quote, Receipt, Reversal
from billing.rails.base import Reported
from tests.billing.books import TESTS, new_agent
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

BOUGHT = 100
MANY = 210
"""More than one round takes."""


def bought(agent: Agent, intent: str) -> Receipt:
    """Return a receipt of 100 credits, with them in the books."""
    receipt = rows_of(agent, [intent])[0]
    ledger.grant(
        organization_id=agent.organization_id,
        kind=LotKind.PAID,
        credits=BOUGHT,
        source="purchase",
        actor=TESTS,
        receipt_id=receipt.pk,
        live_money=True,
    )
    return receipt


def rows_of(agent: Agent, intents: list[str]) -> list[Receipt]:
    """Return receipts of as many payments, without their credits."""
    now = timezone.now()
    quote = Quote.objects.create(
        organization_id=agent.organization_id,
        agent=agent,
        credits=BOUGHT,
        amount_cents=BOUGHT,
        payment_method=PaymentMethod.STRIPE_CHECKOUT,
        live_money=True,
        created_at=now,
        expires_at=now,
    )
    return Receipt.objects.bulk_create(
        Receipt(
            organization_id=agent.organization_id,
            agent=agent,
            quote=quote,
            session_id=f"cs_{intent}",
            payment_intent=intent,
            payment_method=PaymentMethod.STRIPE_CHECKOUT,
            paid_credits=BOUGHT,
            paid_cents=BOUGHT,
            live_money=True,
            balance_after=BOUGHT,
            created_at=now,
        )
        for intent in intents
    )


def unattached(intent: str) -> Reversal:
    """Return a refund that was stored at the same moment as its receipt, so that neither saw the other."""
    now = timezone.now() - timedelta(minutes=1)
    return Reversal.objects.create(
        kind=Reversal.Kind.REFUND,
        provider_id=f"re_{intent}",
        payment_intent=intent,
        amount_cents=BOUGHT,
        status="succeeded",
        effect=Reversal.Effect.TAKES,
        created_at=now,
        updated_at=now,
    )


def paid(agent: Agent) -> int:
    return CreditAccount.objects.get(organization_id=agent.organization_id).paid_credits


def test_a_refund_waits_for_none_of_the_many_disputes_that_stay_open() -> None:
    disputed, refunded = new_agent(), new_agent()
    now = timezone.now()
    Reversal.objects.bulk_create(
        Reversal(
            kind=Reversal.Kind.DISPUTE,
            provider_id=f"dp_{receipt.pk}",
            payment_intent=receipt.payment_intent,
            receipt=receipt,
            amount_cents=BOUGHT,
            status="needs_response",
            effect=Reversal.Effect.FREEZES,
            created_at=now,
            updated_at=now,
        )
        for receipt in rows_of(disputed, [f"pi_{number}" for number in range(MANY)])
    )
    receipt = bought(refunded, "pi_refunded")
    assert receipt.pk == Receipt.objects.order_by("pk").last().pk  # type: ignore[union-attr] # there are some
    unattached("pi_refunded")
    reversals.attach_waiting()
    assert paid(refunded) == 0
    assert Reversal.objects.get(provider_id="re_pi_refunded").receipt_id == receipt.pk
    assert ledger.verify() == []


def test_a_receipt_whose_books_are_spoilt_keeps_no_other_waiting() -> None:
    spoilt, sound = new_agent(), new_agent()
    bought(spoilt, "pi_spoilt")
    bought(sound, "pi_sound")
    unattached("pi_spoilt")
    unattached("pi_sound")
    CreditAccount.objects.filter(organization_id=spoilt.organization_id).update(paid_credits=0)
    assert reversals.attach_waiting() == 2
    assert paid(sound) == 0
    assert Reversal.objects.get(provider_id="re_pi_sound").receipt is not None
    assert Reversal.objects.get(provider_id="re_pi_spoilt").receipt is None


@pytest.fixture
def receipt(checkout: Checkout, stripe: LocalStripe) -> Receipt:
    """A paid receipt of 500 credits, of which nothing is spent."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    return Receipt.objects.get()


def told_of(checkout: Checkout, receipt: Receipt) -> list[tuple[str, int]]:
    """Return what the activity of the latest contract tells of the credits, the oldest first."""
    answer = checkout.member.get(f"/v1/activity/{receipt.pk}", headers={"image-skill-contract": "latest"})
    told = [
        (event["type"], event["cost"]["credits"])
        for event in answer.data["events"]
        if event["type"].startswith("credits.payment_backed")
    ]
    return told[::-1]


def note(receipt: Receipt, status: str) -> None:
    reversals.note(
        Reported("dispute", "dp_1", receipt.payment_intent, 500, status, "", "", timezone.now()),
    )


def test_a_dispute_that_only_freezes_is_told_and_so_is_its_end(checkout: Checkout, receipt: Receipt) -> None:
    granted = ("credits.payment_backed_granted", 500)
    disputed = ("credits.payment_backed_disputed", 500)
    note(receipt, "needs_response")
    assert told_of(checkout, receipt) == [granted, disputed]
    note(receipt, "under_review")
    assert told_of(checkout, receipt) == [granted, disputed]
    note(receipt, "won")
    assert told_of(checkout, receipt) == [granted, disputed, ("credits.payment_backed_reinstated", 500)]


def test_an_older_contract_is_told_of_no_dispute(checkout: Checkout, receipt: Receipt) -> None:
    note(receipt, "needs_response")
    told = checkout.member.get(f"/v1/activity/{receipt.pk}").data["events"]
    assert "credits.payment_backed_disputed" not in {event["type"] for event in told}
