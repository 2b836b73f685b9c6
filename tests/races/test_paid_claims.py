"""Money that arrives in the very moment in which an agent is claimed by its code, or names its first contact."""

from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest
from django.conf import LazySettings
from django.db import connection

from accounts.models import Membership
from billing import fulfilment, rails
from billing.models import CreditAccount, PaymentAttempt, Receipt
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.units import unit_of_work
from tests.cast import Member, sign_up
from tests.claims.people import person_with, take_over
from tests.local_stripe import LocalStripe
from tests.local_stripe.wiring import wired
from tests.payments.conftest import Checkout, deliver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

PAYER, MALLORY = "payer@example.com", "mallory@example.com"
_ALMOST = 1.0
"""Seconds for whoever is second to come as far as it can."""


@pytest.fixture
def stripe(settings: LazySettings) -> Iterator[LocalStripe]:
    with wired(settings, receiver=deliver) as local:
        local.delivery = "manual"
        yield local


@pytest.fixture
def paid(stripe: LocalStripe) -> Checkout:
    """A checkout of an agent without a contact that is paid at Stripe, of which nobody here knows yet."""
    checkout = Checkout(sign_up(None))
    checkout.begin()
    stripe.pay(checkout.session_id, email=PAYER)
    return checkout


def while_money_arrives(checkout: Checkout, act: Callable[[], object]) -> list[Exception]:
    """Begin an act once the receipt is written, and commit the receipt when the act waits for it."""
    session = rails.rail("stripe_checkout").session(checkout.session_id)
    written, begun, failed = Event(), Event(), list[Exception]()

    def second() -> None:
        assert written.wait(30)
        begun.set()
        try:
            act()
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        finally:
            connection.close()

    waiting = Thread(target=second)
    waiting.start()

    @unit_of_work
    def first() -> None:
        fulfilment.apply(session)
        written.set()
        assert begun.wait(30)
        waiting.join(_ALMOST)
        assert waiting.is_alive()

    first()
    waiting.join(60)
    assert not waiting.is_alive()
    return failed


def at_once(acts: list[Callable[[], object]]) -> list[Exception]:
    """Let every act begin together; return what was refused."""
    go, failed = Event(), list[Exception]()

    def run(act: Callable[[], object]) -> None:
        assert go.wait(30)
        try:
            act()
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        finally:
            connection.close()

    running = [Thread(target=run, args=[act]) for act in acts]
    for thread in running:
        thread.start()
    go.set()
    for thread in running:
        thread.join(60)
    return failed


def test_a_claim_by_the_code_that_waits_for_the_money_is_refused(paid: Checkout) -> None:
    mallory = person_with(MALLORY)
    failed = while_money_arrives(paid, lambda: take_over(paid.member, mallory))
    assert [error.code for error in failed if isinstance(error, ApiError)] == [ErrorCode.CLAIM_NOT_FOUND]
    assert paid.member.row.claim_state == "payment_backed_unclaimed"
    assert not Membership.objects.exists()


def test_a_first_contact_that_waits_for_the_money_is_refused(paid: Checkout) -> None:
    answers = []
    failed = while_money_arrives(
        paid, lambda: answers.append(paid.member.post("/v1/agent-claims", {"contact": MALLORY}))
    )
    assert failed == []
    assert [answer.error["recovery"]["reason"] for answer in answers] == ["contact_is_not_the_payer"]
    assert paid.member.row.contact == ""


def test_a_claim_and_the_money_at_once_leave_one_order_of_both(stripe: LocalStripe) -> None:
    for turn in range(6):
        member: Member = sign_up(None, f"atlas {turn}")
        checkout = Checkout(member)
        checkout.begin(key=f"race-{turn}")
        stripe.pay(checkout.session_id, email=PAYER)
        mallory = person_with(f"mallory-{turn}@example.com")
        failed = at_once(
            [
                lambda member=member, mallory=mallory: take_over(member, mallory),
                lambda checkout=checkout: fulfilment.fulfil(
                    session_id=checkout.session_id, method="stripe_checkout"
                ),
            ]
        )
        assert PaymentAttempt.objects.get(quote_id=checkout.quote_id).state == "succeeded"
        assert CreditAccount.objects.get(pk=member.row.organization_id).paid_credits == 500
        receipt = Receipt.objects.get(quote_id=checkout.quote_id)
        was_claimed = member.row.claim_state == "claimed"
        claim = member.row.claims.latest("pk")
        assert len(failed) == (0 if was_claimed else 1)
        if was_claimed:
            # Nobody had paid when it was decided: the money came into a workspace.
            assert claim.decided_at is not None
            assert claim.decided_at <= receipt.created_at
        else:
            assert member.row.claim_state == "payment_backed_unclaimed"
