"""Two at once: two approvals, many requests of one person, a replay beside the webhook itself."""

from collections.abc import Callable, Sequence
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from accounts.staff import Staff
from billing import adjustments, inbox, ledger, staff_acts
from billing.adjustments import CannotAdjustError
from billing.models import Adjustment, CreditAccount, Receipt, StripeEvent
from imageskill.core.ids import new_id
from tests.billing.books import new_agent
from tests.console.desk import make_staff
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def at_once(acts: Sequence[Callable[[], Any]]) -> list[str]:
    """Do acts at the same time; return what each that could not be done was told."""
    barrier, told, broken = Barrier(len(acts)), [], []

    def run(act: Callable[[], Any]) -> None:
        barrier.wait(timeout=30)
        try:
            act()
        except CannotAdjustError as error:
            told.append(str(error))
        except Exception as error:  # noqa: BLE001 - a fault of a thread must fail the test
            broken.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert broken == []
    return told


def asking(organization_id: str, credits: int, by: Staff) -> Callable[[], Adjustment]:
    return partial(
        adjustments.ask,
        adjustment_id=new_id("adj"),
        organization_id=organization_id,
        credits=credits,
        reason="r",
        ticket="t",
        by=by,
    )


def test_an_adjustment_that_two_people_approve_at_once_happens_once() -> None:
    sam, kim, lee = (Staff(make_staff(f"{name}@example.com").pk) for name in ("sam", "kim", "lee"))
    organization_id = new_agent().organization_id
    for number in range(1, 6):
        row = asking(organization_id, 1500, sam)()
        told = at_once([partial(adjustments.approve, adjustment_id=row.pk, by=by) for by in (kim, lee, kim, lee)])
        assert told == ["It does not wait any more: somebody was faster."] * 3
        assert CreditAccount.objects.get(pk=organization_id).promo_credits == 1500 * number
    assert ledger.verify() == []


def test_an_approval_and_a_denial_at_once_are_one_of_them() -> None:
    sam, kim, lee = (Staff(make_staff(f"{name}@example.com").pk) for name in ("sam", "kim", "lee"))
    organization_id = new_agent().organization_id
    for _ in range(5):
        row = asking(organization_id, 1500, sam)()
        acts = [
            partial(adjustments.approve, adjustment_id=row.pk, by=kim),
            partial(adjustments.deny, adjustment_id=row.pk, by=lee),
        ]
        assert len(at_once(acts)) == 1
    applied = Adjustment.objects.filter(state="applied").count()
    account = CreditAccount.objects.filter(pk=organization_id).first()
    assert (account.promo_credits if account else 0) == 1500 * applied
    assert ledger.verify() == []


def test_twelve_requests_of_one_person_at_once_stay_within_the_threshold() -> None:
    sam = Staff(make_staff().pk)
    organization_id = new_agent().organization_id
    at_once([asking(organization_id, 150, sam) for _ in range(12)])
    assert CreditAccount.objects.get(pk=organization_id).promo_credits == 900
    assert Adjustment.objects.filter(state="waiting").count() == 6
    assert ledger.verify() == []


def test_a_replay_beside_the_webhook_itself_and_a_check_of_the_order_credit_once(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    sam = Staff(make_staff().pk)
    checkout.begin()
    stripe.pay(checkout.session_id)
    event_id = next(row["id"] for row in stripe.events if row["type"] == "checkout.session.completed")
    inbox.receive(next(row for row in stripe.events if row["id"] == event_id))
    at_once(
        [
            partial(stripe.deliver, event_id),
            partial(staff_acts.replay, event_id=event_id, by=sam),
            partial(staff_acts.check_order, attempt_id=checkout.attempt.pk, by=sam),
            partial(stripe.deliver, event_id),
            partial(staff_acts.replay, event_id=event_id, by=sam),
        ]
    )
    assert Receipt.objects.count() == 1
    assert CreditAccount.objects.get(pk=checkout.member.row.organization_id).paid_credits == 500
    assert StripeEvent.objects.get(event_id=event_id).state == "processed"
    assert ledger.verify() == []
