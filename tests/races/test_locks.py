"""Two organizations, credits that move both ways between them, and jobs in both: no deadlock, nothing lost."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.db.models import Sum

from accounts import organizations
from accounts.models import Agent
from billing import ledger
from billing.authorisations import spendable_lots
from billing.models import CreditAccount, CreditLot, Hold, LedgerEntry, LotKind
from imageskill.core import units
from imageskill.core.units import unit_of_work
from tests.billing.books import TESTS, give, new_agent, release, set_aside, settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

THREADS, ROUNDS = 16, 6
GRANTED = 300


@unit_of_work
def move(here: Agent, there: Agent) -> None:
    """Move what is there to the other organization, as a claim does."""
    organizations.lock(here.organization_id, there.organization_id)
    ledger.transfer(organization_id=here.organization_id, to_organization_id=there.organization_id, actor=TESTS)


@unit_of_work
def begin(agent: Agent) -> Hold | None:
    """Hold one credit, if there is one."""
    organizations.lock(agent.organization_id)
    lots = spendable_lots(agent.organization_id)
    return set_aside(agent, (lots[0], 1)) if lots else None


@unit_of_work
def end(hold: Hold, *, delivered: bool) -> None:
    """Close a hold, as the end of a job does."""
    organizations.lock(hold.organization_id)
    if delivered:
        settle(hold, 1)
    else:
        release(hold)


def at_once(act: Callable[[int], None]) -> list[Exception]:
    """Let the threads act at the same moment; return what failed."""
    barrier, failed = Barrier(THREADS), []

    def run(number: int) -> None:
        barrier.wait(60)
        try:
            for _ in range(ROUNDS):
                act(number)
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return failed


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> tuple[Agent, Agent]:
    """Two agents with bought credits; a conflict of the database is told at once instead of tried again."""
    monkeypatch.setattr(units, "_TRIES", 1)
    pair = new_agent(), new_agent()
    for agent in pair:
        give(agent, GRANTED, LotKind.PAID)
    return pair


def test_moves_both_ways_and_jobs_in_both_never_block_each_other(pair: tuple[Agent, Agent]) -> None:
    def act(number: int) -> None:
        here, there = pair if number % 2 else pair[::-1]
        if number % 4 < 2:
            move(here, there)
            return
        hold = begin(here)
        if hold is not None:
            end(hold, delivered=number % 8 < 4)

    assert at_once(act) == []
    spent = Hold.objects.aggregate(n=Sum("settled_credits"))["n"] or 0
    left = CreditAccount.objects.aggregate(n=Sum("paid_credits"))["n"]
    assert spent > 0
    assert left + spent == 2 * GRANTED
    assert not Hold.objects.filter(state="open").exists()
    assert ledger.verify() == []


def test_sixteen_writers_of_one_chain_leave_no_gap(pair: tuple[Agent, Agent]) -> None:
    agent = pair[0]

    @unit_of_work
    def grant(_: int) -> None:
        organizations.lock(agent.organization_id)
        give(agent, 1, LotKind.PROMO)

    assert at_once(grant) == []
    entries = LedgerEntry.objects.filter(organization_id=agent.organization_id).order_by("seq")
    assert list(entries.values_list("seq", flat=True)) == list(range(1, THREADS * ROUNDS + 2))
    assert CreditAccount.objects.get(organization_id=agent.organization_id).promo_credits == THREADS * ROUNDS
    assert ledger.verify() == []


@pytest.mark.usefixtures("pair")
def test_a_lot_is_never_spent_beyond_what_it_has() -> None:
    """Ninety-six holds of a credit each, against ten."""
    agent = new_agent()
    give(agent, 10)
    held: list[str] = []

    def act(_: int) -> None:
        hold = begin(agent)
        if hold is not None:
            held.append(hold.pk)

    assert at_once(act) == []
    lot = CreditLot.objects.get(organization_id=agent.organization_id)
    assert (len(held), lot.available_credits, lot.held_credits) == (10, 0, 10)
    assert ledger.verify() == []
