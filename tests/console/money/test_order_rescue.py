"""An order that is paid and not credited is asked of its provider; a refund goes the way of the owners' own."""

import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Organization
from billing import ledger
from billing.models import CreditAccount, PaymentAttempt, Receipt, Reversal, StaffAct
from imageskill.core.models import ActivityEvent, Tally
from tests.console.desk import desk
from tests.local_stripe import LocalStripe
from tests.pages.people import make_old, said
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def check(client: Client, attempt_id: str) -> list[str]:
    Tally.objects.filter(scope="payment_check").delete()
    return said(client.post(f"/console/money/orders/{attempt_id}/check"))


def credits_of(checkout: Checkout) -> int:
    account = CreditAccount.objects.filter(organization_id=checkout.member.row.organization_id).first()
    return account.paid_credits if account is not None else 0


@pytest.mark.parametrize("state", ["action_required", "expired", "failed"])
def test_what_is_paid_at_stripe_is_credited_by_its_word_and_once(
    checkout: Checkout, stripe: LocalStripe, state: str
) -> None:
    stripe.delivery = "lost"
    checkout.begin()
    stripe.pay(checkout.session_id)
    PaymentAttempt.objects.update(state=state, next_check_at=None)
    client = desk()
    assert check(client, checkout.attempt.pk) == ["Its provider was asked: the credits were added."]
    assert credits_of(checkout) == 500
    assert check(client, checkout.attempt.pk) == [
        "Its provider was asked: the credits had been added before; nothing changed."
    ]
    assert (credits_of(checkout), Receipt.objects.count()) == (500, 1)
    assert checkout.attempt.flag == ("" if state == "action_required" else "late_money")
    event = ActivityEvent.objects.filter(type="payment.reviewed").order_by("pk")[0]
    assert (event.status, event.actor_id, event.subject_id) == ("checked", "staff", checkout.attempt.pk)
    assert StaffAct.objects.filter(act="check", staff__email="sam@example.com").count() == 2
    assert ledger.verify() == []


def test_what_is_not_paid_is_never_credited_by_hand(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    client = desk()
    assert check(client, checkout.attempt.pk) == ["Its provider was asked: the money has not come yet."]
    assert (credits_of(checkout), Receipt.objects.exists()) == (0, False)
    PaymentAttempt.objects.update(state="failed")
    check(client, checkout.attempt.pk)
    assert (credits_of(checkout), checkout.attempt.state) == (0, "failed")


def test_a_payment_that_does_not_match_is_flagged_and_listed(checkout: Checkout, stripe: LocalStripe) -> None:
    stripe.delivery = "lost"
    checkout.begin()
    stripe.pay(checkout.session_id)
    PaymentAttempt.objects.update(amount_cents=499)
    client = desk()
    assert "not as ordered" in check(client, checkout.attempt.pk)[0]
    assert credits_of(checkout) == 0
    page = client.get("/console/money/orders").content.decode()
    assert "Paid, but not as ordered: subtotal" in page
    assert checkout.attempt.pk in page


@pytest.mark.parametrize("by", ["id", "session", "payment"])
def test_an_order_is_found_by_each_of_its_ids(checkout: Checkout, stripe: LocalStripe, by: str) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    attempt = checkout.attempt
    reference = {"id": attempt.pk, "session": checkout.session_id, "payment": attempt.payment_intent}[by]
    client = desk()
    page = client.get("/console/money/orders", {"q": reference}).content.decode()
    assert attempt.pk in page
    assert Receipt.objects.get().pk in page
    assert attempt.pk not in client.get("/console/money/orders").content.decode()
    assert "No such order" in client.get("/console/money/orders?q=cs_none").content.decode()


def test_a_silent_provider_a_second_click_and_an_unknown_order_change_nothing(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    client = desk()
    attempt_id = checkout.attempt.pk
    assert check(client, "payatt_0") == ["There is no such order."]
    # The five seconds are those of the clock: they may be over, or others, between two clicks of a slow machine.
    with time_machine.travel(timezone.now(), tick=False):
        check(client, attempt_id)
        told = said(client.post(f"/console/money/orders/{attempt_id}/check"))
    assert told == ["Its provider was asked within the last five seconds. Look again."]
    stripe.fail(500, path="/v1/checkout/sessions/*", times=9)
    assert check(client, attempt_id)[0].endswith("Nothing has changed.")
    assert credits_of(checkout) == 0


@pytest.fixture
def receipt(checkout: Checkout, stripe: LocalStripe) -> Receipt:
    """A receipt of 500 credits of real money, unused."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    return Receipt.objects.get()


def refund(client: Client, receipt: Receipt, **sent: Any) -> list[str]:
    body = {"credits": "500", "reason": "Asked for by mail", "ticket": "T-3", **sent}
    return said(client.post(f"/console/money/receipts/{receipt.pk}/refund/confirm", body))


def test_staff_refunds_what_is_unused_once_and_the_owner_sees_that_staff_did(
    receipt: Receipt, stripe: LocalStripe
) -> None:
    Receipt.objects.update(live_money=True)
    receipt.refresh_from_db()
    client = desk()
    page = client.get(f"/console/money/receipts/{receipt.pk}/refund").content.decode()
    assert "Refund 500 credits, $5.00" in page
    assert refund(client, receipt, reason=" ")[0].startswith("Give a reason")
    assert refund(client, receipt, credits="x")[0].startswith("The refund was not asked for")
    assert "500 credits of it are unused now, not 400" in refund(client, receipt, credits="400")[0]
    assert not Reversal.objects.exists()
    assert refund(client, receipt) == [
        "500 credits went back; Stripe refunds $5.00 to the card they were paid with."
    ]
    assert refund(client, receipt)[0].startswith("Nothing of this receipt can be refunded")
    assert Reversal.objects.count() == 1
    event = ActivityEvent.objects.get(type="credits.refund_requested")
    assert (event.actor_type, event.actor_id, event.credits) == ("session", "staff", 500)
    act = StaffAct.objects.filter(act="refund").order_by("pk")[0]
    assert (act.staff.email, act.reason, act.ticket) == ("sam@example.com", "Asked for by mail", "T-3")
    assert "Asked for by mail" in client.get(f"/console/money/receipts/{receipt.pk}/refund").content.decode()
    assert CreditAccount.objects.get(pk=receipt.organization_id).paid_credits == 0
    assert ledger.verify() == []


def test_a_refund_wants_a_fresh_sign_in(receipt: Receipt) -> None:
    client = desk()
    make_old(client)
    here = f"/console/money/receipts/{receipt.pk}/refund"
    asked: list[Any] = [client.get(here), client.post(f"{here}/confirm", {"credits": "500", "reason": "r"})]
    assert all(answer.url.startswith("/account/confirm/") for answer in asked)
    assert not Reversal.objects.exists()


def test_play_money_is_never_refunded_and_an_unknown_receipt_is_nowhere(receipt: Receipt) -> None:
    Receipt.objects.update(live_money=False)
    client = desk()
    page = client.get(f"/console/money/receipts/{receipt.pk}/refund").content.decode()
    assert "Nothing can be refunded" in page
    assert not re.search(r'name="credits"', page)
    assert client.get("/console/money/receipts/receipt_0/refund").status_code == 404


def test_an_order_names_its_organization_as_text(checkout: Checkout) -> None:
    checkout.begin()
    Organization.objects.filter(pk=checkout.member.row.organization_id).update(name="<img src=x>")
    page = desk().get("/console/money/orders", {"q": checkout.attempt.pk}).content.decode()
    assert "&lt;img src=x&gt;" in page
    assert "<img src=x>" not in page
