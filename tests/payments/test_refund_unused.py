"""Giving money back for unused credits: out of reach first, then asked for once, then as Stripe reports."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from billing import ledger, rails, refunds
from billing.models import CreditAccount, Receipt, Reversal
from imageskill.core import ids
from imageskill.core.errors import ApiError
from imageskill.core.events import System
from tests.cast import Member
from tests.local_stripe import LocalStripe
from tests.local_stripe.wiring import wired
from tests.payments.conftest import Checkout, deliver

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def live(settings: LazySettings) -> Iterator[LocalStripe]:
    """A local Stripe in live mode, with the service set up for it."""
    settings.FAKE_RAIL = False
    with wired(settings, receiver=deliver, livemode=True) as local:
        local.delivery = "manual"
        yield local


@pytest.fixture
def receipt(agent: Member, live: LocalStripe) -> Receipt:
    """A receipt of 500 credits for real money, of which nothing is spent."""
    checkout = Checkout(agent)
    checkout.begin()
    live.pay(checkout.session_id)
    live.deliver_all()
    return Receipt.objects.get()


def books(receipt: Receipt) -> tuple[int, int, int]:
    """Return paid, frozen and owed credits."""
    row = CreditAccount.objects.get(organization_id=receipt.organization_id)
    assert ledger.verify() == []
    return row.paid_credits, row.frozen_credits, row.debt_credits


def sweep_later() -> int:
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        return refunds.finish_begun()


def test_unused_credits_are_taken_and_their_money_goes_back_once(receipt: Receipt, live: LocalStripe) -> None:
    reversal = refunds.refund_unused(receipt=receipt)
    assert (reversal.status, reversal.amount_cents, reversal.provider_id[:3]) == ("succeeded", 500, "re_")
    assert books(receipt) == (0, 0, 0)
    live.deliver_all()
    assert (books(receipt), Reversal.objects.count()) == ((0, 0, 0), 1)
    for _ in range(5):
        with pytest.raises(ApiError) as refused:
            refunds.refund_unused(receipt=receipt)
        assert refused.value.recovery["reason"] == "nothing_to_refund"
    assert live.count("POST", "/v1/refunds") == 1


def test_only_what_is_unused_goes_back(receipt: Receipt) -> None:
    lot = ledger.lots_of_receipt(receipt.pk)[0]
    hold = ledger.hold(
        organization_id=receipt.organization_id,
        agent_id=receipt.agent_id,
        job_id=ids.new_id("job"),
        split=ledger.Split(((lot, 120),)),
        price_version="tests/1",
        authorised_at=timezone.now(),
        actor=System("tests"),
    )
    assert refunds.refund_unused(receipt=receipt).amount_cents == 380
    ledger.settle(hold=hold, credits=120, provider_cost_micros=0, actor=System("tests"))
    assert books(receipt) == (0, 0, 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_was_lost_is_asked_for_again_and_refunds_once(
    receipt: Receipt, live: LocalStripe, when: str
) -> None:
    live.fail("drop", path="/v1/refunds", when=when, times=3)  # type: ignore[arg-type] # one of two words
    assert refunds.refund_unused(receipt=receipt).status == refunds.REQUESTED
    assert books(receipt) == (0, 500, 0)
    live.stop_failing()
    assert sweep_later() == 1
    assert (books(receipt), Reversal.objects.get().status) == ((0, 0, 0), "succeeded")
    rail = rails.rail("stripe_checkout")
    assert len(rail.refunds_of(receipt.payment_intent)) == 1


def test_a_saved_fault_is_not_repeated_and_no_second_refund_is_made(receipt: Receipt, live: LocalStripe) -> None:
    live.fail(500, path="/v1/refunds", when="after", times=3)
    refunds.refund_unused(receipt=receipt)
    live.stop_failing()
    sweep_later()
    rail = rails.rail("stripe_checkout")
    assert len(rail.refunds_of(receipt.payment_intent)) == 1
    assert books(receipt) == (0, 0, 0)


def test_a_refund_that_stripe_refuses_gives_the_credits_back(receipt: Receipt, live: LocalStripe) -> None:
    live.refund(receipt.payment_intent, 500)
    reversal = refunds.refund_unused(receipt=receipt)
    assert reversal.status == "failed"
    assert books(receipt) == (500, 0, 0)
    live.deliver_all()
    assert books(receipt) == (0, 0, 0)


def test_nothing_goes_back_after_the_window_or_for_play_money(receipt: Receipt) -> None:
    with time_machine.travel(timezone.now() + refunds.WINDOW + timedelta(minutes=1)):
        assert refunds.refundable_credits(receipt) == 0
    receipt.live_money = False
    assert refunds.refundable_credits(receipt) == 0
