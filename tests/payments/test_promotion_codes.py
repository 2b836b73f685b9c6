"""Promotion codes count where their session was opened with them, whatever is set when it is paid."""

import pytest
from django.conf import LazySettings

from billing import fulfilment, rails
from billing.models import PaymentAttempt, Receipt
from tests.cast import Member
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def allow_codes(settings: LazySettings, *, allowed: bool) -> None:
    settings.STRIPE_PROMOTION_CODES = allowed
    rails.rail.cache_clear()


@pytest.mark.parametrize(("percent", "paid", "promo"), [(50, 250, 250), (100, 0, 500)])
def test_a_session_opened_with_codes_is_credited_after_they_were_turned_off(
    agent: Member, stripe: LocalStripe, settings: LazySettings, percent: int, paid: int, promo: int
) -> None:
    allow_codes(settings, allowed=True)
    checkout = Checkout(agent)
    checkout.begin()
    allow_codes(settings, allowed=False)
    stripe.pay(checkout.session_id, discount_percent=percent)
    assert set(stripe.deliver_all()) == {200}
    receipt = Receipt.objects.get()
    assert (receipt.paid_credits, receipt.promo_credits) == (paid, promo)
    assert (checkout.attempt.state, checkout.attempt.flag) == ("succeeded", "")


@pytest.mark.parametrize("percent", [50, 100])
def test_a_session_opened_without_codes_is_not_credited_after_they_were_turned_on(
    agent: Member, stripe: LocalStripe, settings: LazySettings, percent: int
) -> None:
    checkout = Checkout(agent)
    checkout.begin()
    allow_codes(settings, allowed=True)
    stripe.pay(checkout.session_id, discount_percent=percent)
    stripe.deliver_all()
    assert not Receipt.objects.exists()


def test_a_payment_that_does_not_match_ends_its_attempt_with_a_flag_and_frees_its_place(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    first = checkout.attempt
    stripe.pay(checkout.session_id, discount_percent=50)
    stripe.deliver_all()
    first.refresh_from_db()
    assert (first.state, first.flag, first.next_check_at) == ("failed", "mismatch:discount", None)
    again = checkout.begin(key="stripe-buy-run-002")
    assert again.ok, again.body
    second = PaymentAttempt.objects.exclude(pk=first.pk).get()
    assert (second.state, second.flag) == ("action_required", "")
    stripe.pay(str(second.session_id))
    stripe.deliver_all()
    assert Receipt.objects.get().attempt_id == second.pk
    first.refresh_from_db()
    assert (first.state, first.flag) == ("failed", "mismatch:discount")


def test_a_payment_that_does_not_match_undoes_no_success(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    stripe.rewrite(checkout.session_id, currency="eur")
    outcome = fulfilment.fulfil(session_id=checkout.session_id, method="stripe_checkout").outcome
    assert (outcome, checkout.attempt.state, checkout.attempt.flag) == ("mismatch", "succeeded", "")
