"""Two agents are claimed into each other's workspace while jobs end and money goes back: no deadlock, no loop."""

from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from accounts import organizations
from accounts.models import Membership, Organization, Role
from billing import ledger, reversals
from billing.mandates import Terms
from billing.models import CreditAccount, CreditLot, Hold, LotKind, PaymentMethod, Quote, Receipt, Reversal
from imageskill.core import units
from imageskill.core.errors import ApiError
from imageskill.core.units import unit_of_work
from imageskill.flows import claiming
from imageskill.flows.claiming import Person
from tests.billing.books import TESTS, set_aside
from tests.cast import Member, sign_up
from tests.claims.people import live_claim, person_with

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

ROUNDS, HOLDS = 4, 6
BOUGHT = 300


def bought(member: Member) -> Receipt:
    """Return a receipt of 300 credits, with half of them to be refunded soon."""
    now = timezone.now()
    quote = Quote.objects.create(
        organization_id=member.row.organization_id,
        agent_id=member.agent_id,
        credits=BOUGHT,
        amount_cents=BOUGHT,
        payment_method=PaymentMethod.STRIPE_CHECKOUT,
        live_money=True,
        created_at=now,
        expires_at=now,
    )
    receipt = Receipt.objects.create(
        quote=quote,
        organization_id=member.row.organization_id,
        agent_id=member.agent_id,
        session_id=f"cs_{member.agent_id}",
        payment_intent=f"pi_{member.agent_id}",
        payment_method=PaymentMethod.STRIPE_CHECKOUT,
        paid_credits=BOUGHT,
        promo_credits=0,
        paid_cents=BOUGHT,
        live_money=True,
        balance_after=BOUGHT,
        created_at=now,
    )
    ledger.grant(
        organization_id=receipt.organization_id,
        kind=LotKind.PAID,
        credits=BOUGHT,
        source="purchase",
        actor=TESTS,
        receipt_id=receipt.pk,
        live_money=True,
    )
    Reversal.objects.create(
        kind="refund",
        provider_id=f"re_{member.agent_id}",
        payment_intent=receipt.payment_intent,
        receipt=receipt,
        amount_cents=BOUGHT // 2,
        status="succeeded",
        effect="takes",
        created_at=now,
        updated_at=now,
    )
    return receipt


@unit_of_work
def begin(member: Member) -> Hold:
    lot = CreditLot.objects.get(organization_id=member.row.organization_id, kind="paid")
    organizations.lock(lot.organization_id)
    return set_aside(member.row, (lot, 10))


@unit_of_work
def end(hold: Hold, settled: int) -> None:
    """Close a hold, as the end of a job does."""
    organizations.lock_with_successors(Organization.objects.get(pk=hold.organization_id))
    if settled:
        ledger.settle(hold=hold, credits=settled, provider_cost_micros=0, actor=TESTS)
    else:
        ledger.release(hold=hold, actor=TESTS, reason="job_failed")


def claim(member: Member, person: Person, into: str) -> None:
    claiming.approve(
        claim_id=live_claim(member).pk,
        person=person,
        organization_id=into,
        workspace_name="",
        terms=Terms(),
        granted=("create",),
    )


def at_once(acts: list[Callable[[], None]]) -> list[Exception]:
    """Let every act begin at the same moment; return what failed."""
    barrier, failed = Barrier(len(acts)), []

    def run(act: Callable[[], None]) -> None:
        barrier.wait(60)
        try:
            act()
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return failed


@pytest.fixture
def conflicts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the database itself had to break up; stale reads, which start again in order, are none of it."""
    found: list[str] = []
    real = units._is_conflict

    def noted(error: OperationalError) -> bool:
        found.append(str(error))
        return real(error)

    monkeypatch.setattr(units, "_is_conflict", noted)
    return found


def test_claims_both_ways_among_jobs_and_refunds_never_block_each_other(conflicts: list[str]) -> None:
    for turn in range(ROUNDS):
        pair = [sign_up(f"owner-{turn}-{name}@example.com", name) for name in ("a", "b")]
        person = person_with(*(member.row.contact for member in pair))
        homes = [member.row.organization_id for member in pair]
        for home in homes:
            Membership.objects.create(
                user=person.user, organization_id=home, role=Role.OWNER, created_at=timezone.now()
            )
        receipts = [bought(member) for member in pair]
        holds = [begin(member) for member in pair for _ in range(HOLDS)]
        acts: list[Callable[[], None]] = [
            partial(claim, pair[0], person, homes[1]),
            partial(claim, pair[1], person, homes[0]),
            *(partial(reversals.attach, receipt=receipt) for receipt in receipts),
            *(partial(end, hold, 10 * (number % 2)) for number, hold in enumerate(holds)),
        ]
        refused = at_once(acts)
        assert [type(error) for error in refused] == [ApiError]
        assert conflicts == []
        merged = Organization.objects.filter(pk__in=homes, merged_into__isnull=False).get()
        stays = next(home for home in homes if home != merged.pk)
        spent = sum(Hold.objects.filter(organization_id__in=homes).values_list("settled_credits", flat=True))
        rows = {row.pk: row for row in CreditAccount.objects.filter(pk__in=homes)}
        assert (rows[merged.pk].paid_credits, rows[merged.pk].held_credits) == (0, 0)
        owed = sum(row.debt_credits for row in rows.values())
        assert rows[stays].paid_credits - owed + spent == 2 * BOUGHT - 2 * (BOUGHT // 2)
        assert ledger.verify() == []
