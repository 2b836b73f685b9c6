"""What counts as paid, in which order money may go back, and how much may be bought."""

import dataclasses
import itertools
from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import Agent
from billing import fulfilment, ledger, rails, reversals
from billing.models import CreditAccount, PaymentAttempt, Receipt
from billing.rails.base import Reported, Session
from imageskill.core import ids
from imageskill.core.events import System
from tests.cast import Member
from tests.local_stripe import LocalStripe
from tests.local_stripe.errors import RefusalError
from tests.payments.conftest import Buyer, Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def books(receipt: Receipt) -> tuple[int, int, int]:
    """Return paid, frozen and owed credits."""
    row = CreditAccount.objects.get(organization_id=receipt.organization_id)
    return row.paid_credits, row.frozen_credits, row.debt_credits


def note(intent: str, provider_id: str, cents: int, status: str, kind: str = "refund") -> None:
    reversals.note(Reported(kind, provider_id, intent, cents, status, "", "", timezone.now()))


@pytest.fixture
def receipt(checkout: Checkout, stripe: LocalStripe) -> Receipt:
    """A receipt of 500 credits."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    return Receipt.objects.get()


def test_tax_on_top_buys_nothing_and_is_no_mismatch(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id, tax_cents=95)
    stripe.deliver_all()
    receipt = Receipt.objects.get()
    assert (receipt.paid_credits, receipt.promo_credits, receipt.paid_cents) == (500, 0, 500)


def test_a_refund_of_a_taxed_payment_takes_no_more_than_was_granted(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id, tax_cents=95)
    stripe.deliver_all()
    receipt = Receipt.objects.get()
    stripe.refund(receipt.payment_intent, 595)
    stripe.deliver_all()
    assert books(receipt) == (0, 0, 0)
    assert ledger.verify() == []


@pytest.mark.parametrize("percent", [50, 100])
def test_a_discount_that_the_operator_never_allowed_grants_nothing(
    checkout: Checkout, stripe: LocalStripe, percent: int
) -> None:
    """Codes of the account are another product's until the operator lets payers enter them here."""
    checkout.begin()
    stripe.pay(checkout.session_id, discount_percent=percent)
    assert set(stripe.deliver_all()) == {200}
    assert not Receipt.objects.exists()
    assert checkout.attempt.flag == ("mismatch:discount" if percent == 50 else "")


def test_a_code_that_leaves_less_than_stripe_takes_leaves_the_session_to_be_paid_without_it(
    agent: Member, stripe: LocalStripe, settings: LazySettings
) -> None:
    settings.STRIPE_PROMOTION_CODES = True
    rails.rail.cache_clear()
    checkout = Checkout(agent, credits=50)
    checkout.begin()
    with pytest.raises(RefusalError):
        stripe.pay(checkout.session_id, discount_percent=50)
    assert fulfilment.fulfil(session_id=checkout.session_id, method="stripe_checkout").outcome == "waiting"
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    receipt = Receipt.objects.get()
    assert (receipt.paid_credits, receipt.promo_credits) == (50, 0)


def test_a_payment_in_another_currency_grants_nothing(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id, currency="eur")
    stripe.deliver_all()
    assert (Receipt.objects.count(), checkout.attempt.flag) == (0, "mismatch:currency")


def test_a_refund_then_a_dispute_that_is_won_leave_the_refund_taken(receipt: Receipt) -> None:
    intent = receipt.payment_intent
    note(intent, "re_1", 200, "succeeded")
    note(intent, "dp_1", 500, "needs_response", "dispute")
    assert books(receipt) == (0, 300, 0)
    note(intent, "dp_1", 500, "lost", "dispute")
    assert books(receipt) == (0, 0, 0)
    note(intent, "dp_1", 500, "won", "dispute")
    assert books(receipt) == (300, 0, 0)
    assert ledger.verify() == []


# The events of a dispute are three: opened, money withdrawn, won. All tell the same dispute.
SIX = ("grant", "refund", "refund failed", "dispute", "dispute", "dispute")


def test_every_order_of_six_events_ends_in_the_same_books(agent: Member, stripe: LocalStripe) -> None:
    """Each event makes the service read its object anew, so each tells the same end, whenever it comes."""
    checkout = Checkout(agent, credits=100)
    checkout.begin()
    first = checkout.attempt
    stripe.pay(checkout.session_id)
    session = rails.rail("stripe_checkout").session(checkout.session_id)
    for number, order in enumerate(sorted(set(itertools.permutations(SIX)))):
        first.pk, first.session_id = ids.new_id("payatt"), f"cs_{number}"
        PaymentAttempt.objects.update(state="expired")  # A quote has one open attempt.
        first._state.adding = True
        first.save()
        paid = dataclasses.replace(
            session, reference=first.pk, session_id=f"cs_{number}", payment_intent=f"pi_{number}"
        )
        for event in order:
            _happens(event, paid, number)
        lots = ledger.lots_of_receipt(Receipt.objects.get(attempt=first).pk)
        assert [(lot.available_credits, lot.frozen_credits, lot.reversed_credits) for lot in lots] == [(70, 0, 30)]
    assert ledger.verify() == []


def _happens(event: str, paid: Session, number: int) -> None:
    """Let one of the six events come."""
    if event == "grant":
        fulfilment.apply(paid)
    elif event == "refund":
        note(paid.payment_intent, f"re_{number}", 30, "succeeded")
    elif event == "refund failed":
        note(paid.payment_intent, f"re_{number}_failed", 50, "failed")
    else:
        note(paid.payment_intent, f"dp_{number}", 70, "won", "dispute")


def test_an_unclaimed_agent_buys_two_thousand_credits_a_day_and_five_thousand_in_all(
    agent: Member, settings: LazySettings
) -> None:
    settings.FAKE_RAIL_DAILY_CREDITS = settings.FAKE_RAIL_CREDITS_PER_CONTACT = 100_000
    buyer, start = Buyer(agent), timezone.now()
    for day, credits in enumerate((2000, 2000, 1000)):
        with time_machine.travel(start + timedelta(days=day)):
            assert buyer.buy(buyer.quote(credits=credits).data["quote_id"], key=f"day-{day}").ok
            refused = buyer.quote(credits=1001 if day == 2 else 1)
            assert (refused.code, refused.error["recovery"]["reason"]) == (
                "CAPABILITY_DENIED",
                "unclaimed_purchase_limit",
            )
    with time_machine.travel(start + timedelta(days=4)):
        refused = buyer.quote(credits=1)
        assert (refused.error["recovery"]["used_day"], refused.error["recovery"]["used_total"]) == (0, 5000)


@pytest.mark.usefixtures("provider")
def test_a_debt_stops_the_organization_that_spent_and_nobody_else(
    receipt: Receipt, checkout: Checkout, teammate: Member, stranger: Member
) -> None:
    assert checkout.member.create(model="canvas.draft").ok
    account = CreditAccount.objects.get(organization_id=receipt.organization_id)
    spent = _spend_of(receipt, 10)
    note(receipt.payment_intent, "re_1", 500, "succeeded")
    account.refresh_from_db()
    assert account.debt_credits == spent
    for member in (checkout.member, teammate):
        refused = member.create()
        assert (refused.code, refused.error["recovery"]["reason"]) == ("QUOTA_EXCEEDED", "debt")
    assert stranger.create().ok


def _spend_of(receipt: Receipt, credits: int) -> int:
    """Spend from the receipt's lot as a job does; return how much."""
    lot, tests = ledger.lots_of_receipt(receipt.pk)[0], System("tests")
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
    return credits


def test_a_quote_in_debt_says_what_will_be_left(receipt: Receipt, checkout: Checkout) -> None:
    _spend_of(receipt, 400)
    note(receipt.payment_intent, "re_1", 500, "succeeded")
    told = checkout.buyer.quote(credits=600, payment_method="stripe_checkout").data
    free = checkout.member.get("/v1/quota").data["limits"]["remaining_credits"]
    assert (told["debt_credits"], told["credits_after"]) == (400, free + 200)


def test_an_expiry_that_comes_late_undoes_no_success(
    receipt: Receipt, checkout: Checkout, stripe: LocalStripe
) -> None:
    stripe.rewrite(checkout.session_id, status="expired", payment_status="unpaid")
    assert fulfilment.fulfil(session_id=checkout.session_id, method="stripe_checkout").outcome == "expired"
    assert (checkout.attempt.state, books(receipt)) == ("succeeded", (500, 0, 0))
    assert checkout.buyer.status(receipt_id=receipt.pk).data["state"] == "succeeded"


def test_money_for_an_agent_that_was_revoked_meanwhile_is_credited_and_flagged(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    Agent.objects.filter(pk=checkout.member.agent_id).update(claim_state="revoked")
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    assert (Receipt.objects.get().paid_credits, checkout.attempt.flag) == (500, "agent_revoked")


def test_money_for_a_quote_past_its_day_is_credited(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    with time_machine.travel(timezone.now() + timedelta(hours=30)):
        fulfilment.fulfil(session_id=checkout.session_id, method="stripe_checkout")
    assert books(Receipt.objects.get()) == (500, 0, 0)
