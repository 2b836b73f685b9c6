"""Who paid for an agent: kept as a digest by every way that money comes in, and told by the first that stays."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import contacts
from billing import fulfilment, inbox, payers, rails, reversals, sweeping
from billing.models import Receipt, Reversal
from billing.rails.base import Reported
from tests.cast import Member, sign_up
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Buyer, Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ADA, BO = "ada@example.com", "bo@example.com"


@pytest.fixture
def nameless(stripe: LocalStripe) -> Member:
    """An agent without a contact, at a service that sells by Stripe."""
    return sign_up(None)


def pay(member: Member, stripe: LocalStripe, email: str | None = ADA, credits: int = 500) -> Receipt:
    """Have somebody pay for the agent, with an address for the receipt."""
    checkout = Checkout(member, credits)
    checkout.begin(key=f"buy-{checkout.quote_id}")
    stripe.pay(checkout.session_id, email=email)
    stripe.deliver_all()
    return Receipt.objects.get(quote_id=checkout.quote_id)


def give_back(receipt: Receipt, cents: int, status: str = "succeeded") -> None:
    """Note a refund of a receipt as Stripe tells it."""
    told = Reported("refund", f"re_{receipt.pk}", receipt.payment_intent, cents, status, "", "", timezone.now())
    assert reversals.note(told)


@pytest.mark.parametrize("way", ["webhook", "return page", "sweeper", "missed event"])
def test_every_way_that_credits_keeps_who_paid(way: str, nameless: Member, stripe: LocalStripe) -> None:
    checkout = Checkout(nameless)
    checkout.begin()
    stripe.pay(checkout.session_id, email="Ada+till@Example.com")
    if way == "webhook":
        stripe.deliver_all()
    elif way == "return page":
        Client().post(f"/pay/{checkout.attempt.pk}/check")
    elif way == "sweeper":
        with time_machine.travel(timezone.now() + timedelta(minutes=10)):
            sweeping.sweep()
    else:
        inbox.fetch_missed(since=timezone.now() - timedelta(days=1))
    assert payers.of(nameless.agent_id) == contacts.digest(ADA)


def test_a_receipt_keeps_no_readable_address(nameless: Member, stripe: LocalStripe) -> None:
    receipt = pay(nameless, stripe)
    kept = " ".join(str(value) for value in Receipt.objects.values().get(pk=receipt.pk).values())
    assert "@" not in kept
    assert "example" not in kept
    session = rails.rail("stripe_checkout").session(receipt.session_id)
    assert (session.payer_email, ADA in repr(session)) == (ADA, False)


def test_play_money_has_no_payer(settings: LazySettings, nameless: Member) -> None:
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()
    buyer = Buyer(nameless)
    assert buyer.buy(buyer.quote(credits=10).data["quote_id"]).ok
    assert Receipt.objects.get().paid_credits == 10
    assert payers.of(nameless.agent_id) is None


def test_nobody_paid_before_the_money_is_on_its_way(nameless: Member, stripe: LocalStripe) -> None:
    checkout = Checkout(nameless)
    checkout.begin()
    assert payers.of(nameless.agent_id) is None
    stripe.pay(checkout.session_id, method="async", email=ADA)
    stripe.deliver_all()
    assert payers.of(nameless.agent_id) == payers.UNKNOWN
    stripe.settle_async(checkout.session_id, ok=True)
    stripe.deliver_all()
    assert payers.of(nameless.agent_id) == contacts.digest(ADA)


def test_money_that_failed_on_its_way_leaves_no_payer(nameless: Member, stripe: LocalStripe) -> None:
    checkout = Checkout(nameless)
    checkout.begin()
    stripe.pay(checkout.session_id, method="async", email=ADA)
    stripe.deliver_all()
    stripe.settle_async(checkout.session_id, ok=False)
    stripe.deliver_all()
    assert payers.of(nameless.agent_id) is None


def test_a_later_payment_takes_an_agent_from_nobody(nameless: Member, stripe: LocalStripe) -> None:
    pay(nameless, stripe, ADA, credits=500)
    pay(nameless, stripe, BO, credits=1_000)
    assert payers.of(nameless.agent_id) == contacts.digest(ADA)
    assert (payers.agents_of([ADA]), payers.agents_of([BO])) == ([nameless.row], [])


def test_who_got_all_the_money_back_stands_behind_who_did_not(nameless: Member, stripe: LocalStripe) -> None:
    first, second = pay(nameless, stripe, ADA), pay(nameless, stripe, BO)
    give_back(first, 499)
    assert payers.of(nameless.agent_id) == contacts.digest(ADA)
    give_back(first, 500)
    assert payers.of(nameless.agent_id) == contacts.digest(BO)
    give_back(second, 500)
    assert payers.of(nameless.agent_id) == contacts.digest(ADA)
    give_back(first, 500, status="failed")
    assert payers.of(nameless.agent_id) == contacts.digest(ADA)
    assert Reversal.objects.count() == 2


def test_a_code_that_pays_everything_makes_nobody_a_payer(
    nameless: Member, stripe: LocalStripe, settings: LazySettings
) -> None:
    settings.STRIPE_PROMOTION_CODES = True
    checkout = Checkout(nameless)
    checkout.begin()
    stripe.pay(checkout.session_id, discount_percent=100, email=BO)
    stripe.deliver_all()
    assert Receipt.objects.get().promo_credits == 500
    assert payers.of(nameless.agent_id) is None


@pytest.mark.parametrize("details", [None, {"email": None}, {"email": "no address"}])
def test_a_payment_that_tells_no_address_has_an_unknown_payer(
    nameless: Member, stripe: LocalStripe, details: dict[str, str | None] | None
) -> None:
    checkout = Checkout(nameless)
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.rewrite(checkout.session_id, customer_details=details)
    stripe.deliver_all()
    assert Receipt.objects.get().paid_credits == 500
    assert payers.of(nameless.agent_id) == payers.UNKNOWN


def test_an_older_receipt_learns_its_payer_when_its_session_is_read_again(
    nameless: Member, stripe: LocalStripe
) -> None:
    receipt = pay(nameless, stripe)
    Receipt.objects.update(payer_digest="")
    assert payers.of(nameless.agent_id) == payers.UNKNOWN
    told = next(row["id"] for row in stripe.events if row["type"] == "checkout.session.completed")
    inbox.replay(event_id=told)
    inbox.process_waiting()
    assert payers.of(nameless.agent_id) == contacts.digest(ADA)
    stripe.rewrite(receipt.session_id, customer_details={"email": BO})
    fulfilment.fulfil(session_id=receipt.session_id, method="stripe_checkout")
    assert payers.of(nameless.agent_id) == contacts.digest(ADA)


def test_the_version_before_writes_its_receipts_while_this_one_is_put_in_place(
    nameless: Member, stripe: LocalStripe
) -> None:
    """It runs on the migrated database for a while, and names no payer."""
    receipt = pay(nameless, stripe)
    columns = [field.column for field in Receipt._meta.concrete_fields if field.column != "payer_digest"]
    other = {"id": "'receipt_before'", "credit_event_id": "'credit_before'", "session_id": "'session_before'"}
    told = ", ".join(other.get(name, name) for name in columns)
    copied = f"INSERT INTO billing_receipt ({', '.join(columns)}) SELECT {told} FROM billing_receipt"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(copied)
    assert Receipt.objects.get(pk="receipt_before").payer_digest == payers.UNKNOWN
    assert receipt.payer_digest == contacts.digest(ADA)
