"""Stripe Checkout against a Stripe of our own: paid money is credited once, whatever is lost, late or forged."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.utils import timezone

from billing import fulfilment, inbox, ledger, rails, sweeping
from billing.models import CreditAccount, CreditLot, PaymentAttempt, PaymentMethod, Receipt, StripeEvent
from billing.rails.stripe_checkout import StripeCheckout
from tests.cast import Member
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def paid(member: Member) -> int:
    account = CreditAccount.objects.get(organization_id=member.row.organization_id)
    return account.paid_credits


def completed(stripe: LocalStripe) -> str:
    """Return the event of the paid session."""
    return str(next(row["id"] for row in stripe.events if row["type"] == "checkout.session.completed"))


def test_a_session_is_opened_and_grants_nothing(checkout: Checkout, stripe: LocalStripe) -> None:
    told = checkout.begin().data
    assert (told["state"], told["provider"], told["credits"], told["amount_cents"]) == (
        "action_required",
        "stripe",
        500,
        500,
    )
    assert told["checkout_handoff_url"] == f"http://testserver/pay/{told['payment_attempt_id']}"
    assert told["next"]["human_action"] == "open_checkout_url"
    session = stripe.object(told["checkout_session_id"])
    assert session["client_reference_id"] == told["payment_attempt_id"]
    assert session["metadata"]["image_skill_attempt"] == told["payment_attempt_id"]
    assert not Receipt.objects.exists()
    assert checkout.begin().data["checkout_session_id"] == told["checkout_session_id"]
    assert checkout.begin(key="another").data["checkout_session_id"] == told["checkout_session_id"]
    assert stripe.count("POST", "/v1/checkout/sessions") == 1


def test_a_paid_session_is_credited_by_its_webhook_once(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    assert set(stripe.deliver_all()) == {200}
    assert stripe.deliver(completed(stripe), times=3) == [200] * 3
    receipt = Receipt.objects.get()
    assert (receipt.paid_credits, receipt.promo_credits, receipt.paid_cents) == (500, 0, 500)
    told = checkout.buyer.status(payment_attempt_id=checkout.attempt.pk).data
    assert (told["state"], told["receipt"]["receipt_id"]) == ("succeeded", receipt.pk)
    assert told["limits"]["payment_backed_remaining_credits"] == 500
    assert ledger.verify() == []


def test_a_lost_webhook_and_a_closed_tab_are_credited_by_the_sweeper(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    stripe.delivery = "lost"
    stripe.pay(checkout.session_id)
    PaymentAttempt.objects.update(next_check_at=timezone.now() - timedelta(seconds=1))
    sweeping.sweep()
    sweeping.sweep()
    assert paid(checkout.member) == 500
    assert Receipt.objects.count() == 1


def test_the_return_page_is_inert_and_its_button_credits(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    client, page = Client(), f"/pay/{checkout.attempt.pk}"
    leading = client.get(page)
    assert (leading.status_code, leading["location"]) == (302, checkout.attempt.checkout_url)
    assert leading["referrer-policy"] == "no-referrer"
    stripe.pay(checkout.session_id)
    shown = client.get(f"{page}/return").content.decode()
    assert "Not paid yet" in shown
    assert not Receipt.objects.exists()
    client.post(f"{page}/check")
    assert "Paid and credited" in client.get(f"{page}/return").content.decode()
    assert "Paid and credited" in client.get(page).content.decode()
    assert paid(checkout.member) == 500
    assert client.get("/pay/payatt_nothing").status_code == 404
    assert client.get(f"{page}/check").status_code == 405


def test_a_hundred_deliveries_the_return_page_and_the_sweeper_grant_once(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    assert stripe.deliver(completed(stripe), times=100) == [200] * 100
    fulfilment.fulfil(session_id=checkout.session_id, method=PaymentMethod.STRIPE_CHECKOUT)
    sweeping.sweep()
    assert (Receipt.objects.count(), paid(checkout.member)) == (1, 500)


@pytest.mark.django_db(transaction=True)
def test_sixteen_threads_at_once_grant_once(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    barrier, outcomes, session_id = Barrier(16), [], checkout.session_id

    def act() -> None:
        barrier.wait(30)
        outcomes.append(fulfilment.fulfil(session_id=session_id, method=PaymentMethod.STRIPE_CHECKOUT).outcome)
        connection.close()

    threads = [Thread(target=act) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(map(str, outcomes)) == ["already_granted"] * 15 + ["granted"]
    assert paid(checkout.member) == 500
    assert ledger.verify() == []


def test_an_async_payment_is_credited_when_it_settles_or_ends_when_it_fails(
    agent: Member, checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id, method="async")
    stripe.deliver_all()
    assert (checkout.attempt.state, Receipt.objects.count()) == ("processing", 0)
    stripe.settle_async(checkout.session_id)
    stripe.deliver_all()
    assert (checkout.attempt.state, paid(agent)) == ("succeeded", 500)
    other = Checkout(agent, credits=100)
    other.begin(key="other")
    stripe.pay(other.session_id, method="async")
    stripe.settle_async(other.session_id, ok=False)
    stripe.deliver_all()
    assert (other.attempt.state, paid(agent)) == ("failed", 500)


def test_an_expired_session_ends_and_late_money_is_credited_and_flagged(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    stripe.expire(checkout.session_id)
    stripe.deliver_all()
    told = checkout.buyer.status(payment_attempt_id=checkout.attempt.pk).data
    assert (told["state"], told["payment_attempt"]["checkout_url"]) == ("expired", None)
    assert told["next"]["command"].startswith("image-skill credits quote --credits 500 ")
    stripe.rewrite(checkout.session_id, status="complete", payment_status="paid")
    fulfilment.fulfil(session_id=checkout.session_id, method=PaymentMethod.STRIPE_CHECKOUT)
    assert (checkout.attempt.state, checkout.attempt.flag, paid(checkout.member)) == (
        "succeeded",
        "late_money",
        500,
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"amount_subtotal": 400, "amount_total": 400}, "subtotal"),
        ({"currency": "eur"}, "currency"),
        ({"amount_total": 100}, "total"),
        ({"mode": "subscription"}, "mode"),
        ({"status": "open"}, "status"),
    ],
)
def test_money_that_does_not_match_its_order_grants_nothing_and_is_flagged(
    checkout: Checkout, stripe: LocalStripe, changed: dict[str, Any], named: str
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.rewrite(checkout.session_id, **changed)
    assert set(stripe.deliver_all()) == {200}
    assert named in checkout.attempt.flag
    assert not Receipt.objects.exists()


@pytest.mark.parametrize(("percent", "paid_credits", "promo"), [(0, 500, 0), (50, 250, 250), (100, 0, 500)])
def test_what_a_promotion_code_adds_is_a_lot_that_is_not_paid(
    agent: Member, stripe: LocalStripe, settings: LazySettings, percent: int, paid_credits: int, promo: int
) -> None:
    settings.STRIPE_PROMOTION_CODES = True
    rails.rail.cache_clear()
    checkout = Checkout(agent)
    checkout.begin()
    stripe.pay(checkout.session_id, discount_percent=percent, tax_cents=0)
    stripe.deliver_all()
    receipt = Receipt.objects.get()
    assert (receipt.paid_credits, receipt.promo_credits) == (paid_credits, promo)
    assert agent.row.claim_state == ("payment_backed_unclaimed" if paid_credits else "unclaimed")
    assert ledger.verify() == []


def test_a_forged_a_late_and_an_early_webhook_are_refused(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    event_id = completed(stripe)
    now = int(timezone.now().timestamp())
    assert stripe.deliver(event_id, forged=True) == [400]
    for timestamp in (now - 400, now + 400):
        assert stripe.deliver(event_id, timestamp=timestamp) == [400]
    assert Client().post("/webhooks/stripe", b"{}", content_type="application/json").status_code == 400
    assert not StripeEvent.objects.exists()
    assert stripe.deliver(event_id) == [200]
    assert paid(checkout.member) == 500


def test_sessions_that_are_not_ours_are_ignored_with_200(stripe: LocalStripe, agent: Member) -> None:
    stripe.pay(stripe.foreign_session()["id"])
    assert set(stripe.deliver_all()) == {200}
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {"ignored"}


def test_a_failure_while_processing_is_a_500_and_is_tried_again(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.fail(500, path="/v1/checkout/sessions/*", times=3)
    event_id = completed(stripe)
    assert stripe.deliver(event_id) == [500]
    row = StripeEvent.objects.get()
    assert (row.state, row.attempts) == ("failed", 1)
    stripe.stop_failing()
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert inbox.process_waiting() == 1
    assert paid(checkout.member) == 500


def test_an_event_that_was_never_delivered_is_found_by_comparing(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    assert sweeping.fetch_missed_events() >= 1
    assert sweeping.fetch_missed_events() == 0
    assert paid(checkout.member) == 500


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_dropped_connection_opens_one_session(checkout: Checkout, stripe: LocalStripe, when: Any) -> None:
    stripe.fail("drop", path="/v1/checkout/sessions", when=when, times=3)
    refused = checkout.begin()
    assert (refused.code, refused.status, refused.exit_code) == ("PAYMENT_PROVIDER_FAILURE", 502, 7)
    assert refused.error["retryable"] is True
    assert checkout.attempt.state == "created"
    stripe.stop_failing()
    PaymentAttempt.objects.update(next_check_at=timezone.now() - timedelta(seconds=1))
    sweeping.sweep()
    assert checkout.attempt.state == "action_required"
    assert checkout.begin().data["checkout_session_id"] == checkout.session_id


def test_a_session_whose_answer_was_lost_is_credited_by_its_own_metadata(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    session_id = checkout.session_id
    PaymentAttempt.objects.update(state="created", session_id=None)
    stripe.pay(session_id)
    assert set(stripe.deliver_all()) == {200}
    assert (paid(checkout.member), checkout.attempt.session_id) == (500, session_id)


def test_at_most_three_payments_are_open(agent: Member, stripe: LocalStripe) -> None:
    for number in range(3):
        assert Checkout(agent, credits=100 + number).begin(key=f"key-{number}").ok
    refused = Checkout(agent, credits=200).begin(key="one-more")
    assert (refused.code, refused.status) == ("RATE_LIMITED", 429)
    assert len(refused.error["recovery"]["payment_attempt_ids"]) == 3


def test_a_paid_lot_is_told_from_play_money(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    assert CreditLot.objects.get(kind="paid").live_money is False


def test_a_fault_that_stripe_would_repeat_is_not_asked_for_again_under_its_key(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    stripe.fail(500, path="/v1/checkout/sessions", saved=True)
    assert checkout.begin().code == "PAYMENT_PROVIDER_FAILURE"
    assert checkout.begin().data["state"] == "action_required"
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    assert paid(checkout.member) == 500


def test_money_of_a_second_session_is_credited_and_flagged(checkout: Checkout, stripe: LocalStripe) -> None:
    """The first session's answer was lost as a fault, another one was opened, and somebody paid both."""
    stripe.fail(500, path="/v1/checkout/sessions", when="after", times=3)
    checkout.begin()
    checkout.begin()
    rail = rails.rail(PaymentMethod.STRIPE_CHECKOUT)
    assert isinstance(rail, StripeCheckout)
    sessions = [session.id for session in rail.client.v1.checkout.sessions.list().data]
    assert len(sessions) == 2
    for session_id in sessions:
        stripe.pay(session_id)
    assert set(stripe.deliver_all()) == {200}
    assert sorted(Receipt.objects.values_list("session_id", flat=True)) == sorted(sessions)
    assert (paid(checkout.member), checkout.attempt.flag) == (1000, "second_payment")
    assert ledger.verify() == []


def test_a_quote_in_its_last_minutes_still_gets_a_session(agent: Member, stripe: LocalStripe) -> None:
    checkout = Checkout(agent)
    with time_machine.travel(timezone.now() + timedelta(hours=23, minutes=55)):
        assert checkout.begin().data["state"] == "action_required"
        lasts = checkout.attempt.expires_at - timezone.now()
    assert timedelta(minutes=45) < lasts < timedelta(minutes=51)
