"""The database itself keeps balances, lots and holds from going where they must not, whoever writes."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from accounts.models import Agent
from billing import ledger
from billing.models import CreditAccount, CreditLot, Hold, LedgerEntry, SpendBucket
from creative.models import Job
from tests.billing.books import give, new_agent, set_aside, settle

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def agent() -> Agent:
    """An agent with 45 free credits left, 3 of them held."""
    agent = new_agent()
    lot = give(agent, 50)
    settle(set_aside(agent, (lot, 5)), 5)
    set_aside(agent, (lot, 3))
    return agent


REFUSED = [
    ("billing_creditaccount", "free_credits = free_credits - 43"),
    ("billing_creditaccount", "free_credits = -1"),
    ("billing_creditaccount", "promo_credits = promo_credits - 1"),
    ("billing_creditaccount", "paid_credits = paid_credits - 1"),
    ("billing_creditaccount", "held_credits = held_credits - 4"),
    ("billing_creditaccount", "frozen_credits = -1"),
    ("billing_creditaccount", "debt_credits = -1"),
    ("billing_creditlot", "available_credits = available_credits - 43"),
    ("billing_creditlot", "available_credits = 48"),
    ("billing_creditlot", "held_credits = -1"),
    ("billing_creditlot", "held_credits = 9"),
    ("billing_creditlot", "frozen_credits = 6"),
    ("billing_creditlot", "frozen_credits = -1"),
    ("billing_creditlot", "reversed_credits = 6"),
    ("billing_creditlot", "moved_credits = 6"),
    ("billing_creditlot", "indebted_credits = -1"),
    ("billing_creditlot", "granted_credits = 44"),
    ("billing_creditlot", "kind = 'gift'"),
    ("billing_hold", "credits = 0"),
    ("billing_hold", "free_credits = credits + 1"),
    ("billing_hold", "settled_credits = credits + 1"),
    ("billing_hold", "settled_credits = -1"),
    ("billing_hold", "state = 'half'"),
    ("billing_spendbucket", "held_credits = held_credits - 4"),
    ("billing_spendbucket", "settled_credits = -1"),
]


@pytest.mark.parametrize(("table", "change"), REFUSED)
@pytest.mark.usefixtures("agent")
def test_an_update_beyond_what_there_is_is_refused(table: str, change: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {change}")  # noqa: S608 - our own words
    assert ledger.verify() == []


@pytest.mark.parametrize(
    ("table", "change"), [("billing_creditaccount", "free_credits = 0"), ("billing_creditlot", "held_credits = 0")]
)
@pytest.mark.usefixtures("agent")
def test_zero_is_a_balance(table: str, change: str) -> None:
    """The refusals above are not those of any update."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {change}")  # noqa: S608 - our own words
        assert cursor.rowcount == 1


@pytest.mark.parametrize(
    "changes",
    [{"seq": 4}, {"credits": 0}, {"credits": -5}, {"from_book": "held", "to_book": "held"}],
    ids=["a number that is taken", "nothing moves", "backwards", "one side only"],
)
def test_an_entry_that_makes_no_sense_is_refused(agent: Agent, changes: dict[str, object]) -> None:
    last = LedgerEntry.objects.get(organization_id=agent.organization_id, seq=4)
    values = stored(last) | {"seq": 5, "hold_id": None}
    refused(lambda: LedgerEntry.objects.create(**values | changes))
    assert LedgerEntry.objects.create(**values).seq == 5


def test_a_hold_has_each_kind_of_entry_of_a_lot_once(agent: Agent) -> None:
    entry = LedgerEntry.objects.get(organization_id=agent.organization_id, kind="settle")
    values = stored(entry) | {"seq": 99}
    refused(lambda: LedgerEntry.objects.create(**values))


def test_a_quarter_hour_of_an_agent_is_one_row(agent: Agent) -> None:
    bucket = SpendBucket.objects.get(agent=agent)
    refused(lambda: SpendBucket.objects.create(**stored(bucket)))


def test_what_carries_money_is_not_deleted_with_what_it_belongs_to(agent: Agent) -> None:
    for row in (agent, agent.organization, CreditLot.objects.get(), Hold.objects.first()):
        assert row is not None
        refused(row.delete)
    assert CreditAccount.objects.count() == 1
    assert ledger.verify() == []


def test_no_job_waits_or_runs_without_a_hold(agent: Agent) -> None:
    assert {constraint.name for constraint in Job._meta.constraints} >= {"job_runs_on_a_hold"}
    with pytest.raises(IntegrityError, match="job_runs_on_a_hold"), transaction.atomic():
        Job.objects.create(**a_job(agent), state="running")
    assert Job.objects.create(**a_job(agent), state="planned").hold is None


def a_job(agent: Agent) -> dict[str, object]:
    numbers = ("output_count", "credits_required", "credits_per_output", "cost_micros")
    return dict.fromkeys(numbers, 1) | {
        "organization": agent.organization,
        "agent": agent,
        "parameters": {},
        "selection": {},
        "created_at": agent.created_at,
    }


def stored(row: Model) -> dict[str, object]:
    """Return the columns of a row, without its key."""
    return {
        field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key
    }


def refused(act: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        act()
