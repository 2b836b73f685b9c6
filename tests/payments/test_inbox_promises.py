"""The webhook inbox: nothing that Stripe says is lost, taken twice, or taken from somebody else."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from billing import fulfilment, inbox, ledger, rails, sweeping
from billing.models import CreditAccount, PaymentAttempt, Receipt, Reversal, StripeEvent
from imageskill.flows import clock
from tests.cast import Member
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout, deliver

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def paid(member: Member) -> int:
    return CreditAccount.objects.get(organization_id=member.row.organization_id).paid_credits


def event_of(stripe: LocalStripe, type_: str) -> dict[str, Any]:
    """Return the newest event of a type."""
    return next(row for row in reversed(stripe.events) if row["type"] == type_)


@pytest.fixture
def bought(checkout: Checkout, stripe: LocalStripe) -> Checkout:
    """A purchase of 500 credits that is credited."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    assert paid(checkout.member) == 500
    return checkout


@pytest.mark.parametrize("how", ["delivered again", "swept"])
def test_an_event_whose_process_died_after_storing_it_still_has_its_effect_once(
    checkout: Checkout, stripe: LocalStripe, how: str
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    event = event_of(stripe, "checkout.session.completed")
    inbox.receive(event)
    assert (StripeEvent.objects.get().state, Receipt.objects.count()) == ("received", 0)
    assert sweeping.sweep() == 0
    if how == "swept":
        with time_machine.travel(timezone.now() + timedelta(minutes=3)):
            assert inbox.process_waiting() == 1
    assert stripe.deliver(event["id"], times=2) == [200, 200]
    assert (StripeEvent.objects.get().state, Receipt.objects.count(), paid(checkout.member)) == (
        "processed",
        1,
        500,
    )


@pytest.mark.parametrize(
    ("happens", "after"),
    [
        (lambda stripe, intent: stripe.refund(intent, 200), (300, 0)),
        (lambda stripe, intent: stripe.dispute(intent, 500), (0, 500)),
    ],
    ids=["refund", "dispute"],
)
def test_a_refund_and_a_dispute_that_were_never_delivered_are_found_by_the_nightly_comparison(
    bought: Checkout,
    stripe: LocalStripe,
    happens: Callable[[LocalStripe, str], object],
    after: tuple[int, int],
) -> None:
    stripe.delivery = "lost"
    happens(stripe, Receipt.objects.get().payment_intent)
    sweeping.sweep()
    assert (paid(bought.member), Reversal.objects.count()) == (500, 0)
    assert sweeping.fetch_missed_events() >= 1
    account = CreditAccount.objects.get(organization_id=bought.member.row.organization_id)
    assert (account.paid_credits, account.frozen_credits) == after
    assert sweeping.fetch_missed_events() == 0
    assert ledger.verify() == []


def test_the_comparison_runs_every_day_over_thirty_days(bought: Checkout, stripe: LocalStripe) -> None:
    work = next(work for work in clock.WORKS if work.path == "billing.sweeping.fetch_missed_events")
    assert work.seconds == 24 * 3600
    del bought
    stripe.delivery = "lost"
    stripe.refund(Receipt.objects.get().payment_intent, 500)
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert sweeping.fetch_missed_events() >= 1
    asked = [row for row in stripe.requests if row.path == "/v1/events"][-1].fields
    since = int(asked["created[gte]"][0])
    assert abs(timezone.now().timestamp() - 24 * 3600 - since) < 600


def test_two_events_about_one_refund_take_its_credits_once(bought: Checkout, stripe: LocalStripe) -> None:
    stripe.refund(Receipt.objects.get().payment_intent, 200)
    for type_ in ("charge.refunded", "refund.created"):
        assert stripe.deliver(event_of(stripe, type_)["id"], times=2) == [200, 200]
    assert (paid(bought.member), Reversal.objects.count()) == (300, 1)


def test_an_event_that_staff_replay_has_its_effect_once(bought: Checkout, stripe: LocalStripe) -> None:
    event = event_of(stripe, "checkout.session.completed")
    inbox.process(inbox.replay(event_id=event["id"]))
    assert StripeEvent.objects.get(event_id=event["id"]).outcome == "already_granted"
    assert (Receipt.objects.count(), paid(bought.member)) == (1, 500)
    assert ledger.verify() == []


@pytest.mark.parametrize(
    "livemode", [True, False], ids=["test money at a live service", "live money at a test one"]
)
def test_play_money_and_real_money_never_buy_for_one_another(
    agent: Member, settings: LazySettings, *, livemode: bool
) -> None:
    """A paid session of the other kind of money is no payment, whatever its metadata says."""
    key = f"sk_{'live' if livemode else 'test'}_{'0' * 24}"
    with LocalStripe(receiver=deliver, livemode=not livemode, secret_key=key) as stripe:
        stripe.delivery = "manual"
        settings.FAKE_RAIL = False
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = key, stripe.webhook_secret
        settings.STRIPE_API_BASE = stripe.url
        rails.rail.cache_clear()
        checkout = Checkout(agent)
        checkout.begin()
        stripe.pay(checkout.session_id)
        assert set(stripe.deliver_all()) == {200}
        row = StripeEvent.objects.get()
        assert (row.state, row.outcome) == ("ignored", "other_livemode")
        told = fulfilment.fulfil(session_id=checkout.session_id, method="stripe_checkout")
        assert told.outcome == "foreign"
        assert not Receipt.objects.exists()
    rails.rail.cache_clear()


def test_staff_are_told_once_of_an_event_that_keeps_failing(
    checkout: Checkout, stripe: LocalStripe, caplog: pytest.LogCaptureFixture
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.fail(404, path="/v1/checkout/sessions/*", times=99)
    event_id = event_of(stripe, "checkout.session.completed")["id"]
    with caplog.at_level(logging.ERROR, logger="imageskill.inbox"):
        for _ in range(inbox.ALARM_AT + 2):
            assert stripe.deliver(event_id) == [500]
    told = [record for record in caplog.records if record.message == "a webhook event keeps failing"]
    assert [record.__dict__["fields"]["event_id"] for record in told] == [event_id]
    waiting = inbox.oldest_waiting()
    assert waiting is not None
    assert (waiting.event_id, waiting.attempts) == (event_id, inbox.ALARM_AT + 2)
    stripe.stop_failing()
    assert stripe.deliver(event_id) == [200]
    assert inbox.oldest_waiting() is None
    assert paid(checkout.member) == 500


def test_a_raw_payload_is_forgotten_after_ninety_days_unless_it_still_waits(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    StripeEvent.objects.create(
        event_id="evt_waiting", type="refund.created", object_id="re_1", livemode=False, payload={"a": 1},
        state="failed", received_at=timezone.now(),
    )  # fmt: skip
    with time_machine.travel(timezone.now() + timedelta(days=89)):
        assert inbox.prune() == 0
    with time_machine.travel(timezone.now() + timedelta(days=90, minutes=1)):
        assert inbox.prune() == 1
    kept = dict(StripeEvent.objects.values_list("event_id", "payload"))
    assert kept.pop("evt_waiting") == {"a": 1}
    assert set(kept.values()) == {None}
    assert PaymentAttempt.objects.get().state == "succeeded"
