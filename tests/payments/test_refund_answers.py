"""Unused credits go back once and at what was paid for them, also where Stripe's answer never arrives."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from billing import ledger, rails, refunds
from billing.models import CreditAccount, Receipt, Reversal
from billing.rails.stripe_checkout import StripeCheckout
from imageskill.core import ids
from imageskill.core.events import System
from tests.cast import Member
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout, deliver

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

Buy = Callable[..., Receipt]
TESTS = System("tests")


@pytest.fixture
def live(settings: LazySettings) -> Iterator[LocalStripe]:
    """A local Stripe in live mode whose payers may enter promotion codes."""
    with LocalStripe(receiver=deliver, livemode=True) as local:
        local.delivery = "manual"
        settings.FAKE_RAIL = False
        settings.STRIPE_SECRET_KEY = local.secret_key
        settings.STRIPE_WEBHOOK_SECRET = local.webhook_secret
        settings.STRIPE_API_BASE = local.url
        settings.STRIPE_PROMOTION_CODES = True
        rails.rail.cache_clear()
        yield local
    rails.rail.cache_clear()


@pytest.fixture
def buy(live: LocalStripe) -> Buy:
    """Return what buys 500 credits for a member."""

    def purchase(member: Member, discount_percent: int = 0) -> Receipt:
        checkout = Checkout(member)
        checkout.begin()
        live.pay(checkout.session_id, discount_percent=discount_percent)
        live.deliver_all()
        return Receipt.objects.get(agent_id=member.agent_id)

    return purchase


def spend(receipt: Receipt, kind: str, credits: int) -> None:
    """Spend from a lot of the receipt as a job does."""
    lot = next(lot for lot in ledger.lots_of_receipt(receipt.pk) if lot.kind == kind)
    hold = ledger.hold(
        organization_id=receipt.organization_id,
        agent_id=receipt.agent_id,
        job_id=ids.new_id("job"),
        split=ledger.Split(((lot, credits),)),
        price_version="tests/1",
        authorised_at=timezone.now(),
        actor=TESTS,
    )
    ledger.settle(hold=hold, credits=credits, provider_cost_micros=0, actor=TESTS)


def given_back(live: LocalStripe, receipt: Receipt) -> list[int]:
    """Return the cents of each refund that Stripe has made of a payment."""
    found = StripeCheckout().refunds_of(receipt.payment_intent)
    return [refund.amount_cents for refund in found]


def forget_keys(live: LocalStripe) -> None:
    """Let a day pass at Stripe: no key of idempotency is known any more."""
    live._api._kept.clear()


def sweep(after: timedelta) -> int:
    with time_machine.travel(timezone.now() + after):
        return refunds.finish_begun()


def books(receipt: Receipt) -> tuple[int, int, int]:
    """Return bought credits of both kinds, frozen and owed ones."""
    row = CreditAccount.objects.get(organization_id=receipt.organization_id)
    assert ledger.verify() == []
    return row.paid_credits + row.promo_credits, row.frozen_credits, row.debt_credits


@pytest.mark.parametrize(("spent", "back"), [(0, 500), (300, 200)])
def test_a_refund_whose_answer_was_lost_is_found_after_its_key_is_forgotten(
    agent: Member, live: LocalStripe, buy: Buy, spent: int, back: int
) -> None:
    receipt = buy(agent)
    if spent:
        spend(receipt, "paid", spent)
    live.fail("drop", path="/v1/refunds", when="after", times=3)
    assert refunds.refund_unused(receipt=receipt).status == refunds.REQUESTED
    live.stop_failing()
    forget_keys(live)
    assert sweep(timedelta(hours=25)) == 1
    assert given_back(live, receipt) == [back]
    assert Reversal.objects.get().status == "succeeded"
    assert books(receipt) == (0, 0, 0)
    assert sweep(timedelta(hours=50)) == 0
    assert given_back(live, receipt) == [back]


def test_a_refund_that_never_reached_stripe_is_asked_for_later(agent: Member, live: LocalStripe, buy: Buy) -> None:
    receipt = buy(agent)
    live.fail("drop", path="/v1/refunds", when="before", times=3)
    refunds.refund_unused(receipt=receipt)
    live.stop_failing()
    forget_keys(live)
    sweep(timedelta(hours=25))
    assert given_back(live, receipt) == [500]
    assert books(receipt) == (0, 0, 0)


def test_a_refund_that_cannot_be_booked_keeps_no_other_waiting(
    agent: Member, stranger: Member, live: LocalStripe, buy: Buy
) -> None:
    spoilt, sound = buy(agent), buy(stranger)
    live.fail("drop", path="/v1/refunds", when="before", times=6)
    for receipt in (spoilt, sound):
        refunds.refund_unused(receipt=receipt)
    live.stop_failing()
    CreditAccount.objects.filter(organization_id=spoilt.organization_id).update(frozen_credits=0)
    assert sweep(timedelta(minutes=3)) == 2
    assert {row.receipt_id: row.status for row in Reversal.objects.all()} == {
        spoilt.pk: refunds.REQUESTED,
        sound.pk: "succeeded",
    }


def test_what_a_code_left_to_be_paid_goes_back_in_full(agent: Member, live: LocalStripe, buy: Buy) -> None:
    receipt = buy(agent, discount_percent=50)
    assert (receipt.paid_credits, receipt.promo_credits, receipt.paid_cents) == (250, 250, 250)
    assert refunds.refund_unused(receipt=receipt).amount_cents == 250
    assert given_back(live, receipt) == [250]
    assert books(receipt) == (0, 0, 0)


def test_the_unused_share_of_a_purchase_with_a_code_goes_back_and_leaves_no_debt(
    agent: Member, live: LocalStripe, buy: Buy
) -> None:
    receipt = buy(agent, discount_percent=50)
    spend(receipt, "promo", 250)
    spend(receipt, "paid", 100)
    assert refunds.refund_unused(receipt=receipt).amount_cents == 75
    assert given_back(live, receipt) == [75]
    assert books(receipt) == (0, 0, 0)
