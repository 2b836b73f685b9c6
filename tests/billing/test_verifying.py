"""`ledger.verify()` names every row that differs from its entries, by what differs, and by how much."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.models import Agent
from billing import ledger
from billing.ledger.posting import entry_sha256
from billing.models import CreditAccount, CreditLot, Hold, LedgerEntry, LotKind, SpendBucket, UsageEvent
from tests.billing.books import TESTS, give, new_agent, release, set_aside, settle

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

Forge = Callable[[], object]


@pytest.fixture
def agent() -> Agent:
    """An agent with free and paid credits, and a hold of each state."""
    agent = new_agent()
    free, paid = give(agent, 50), give(agent, 500, LotKind.PAID)
    settle(set_aside(agent, (free, 20), (paid, 5)), 22)
    release(set_aside(agent, (paid, 30)))
    set_aside(agent, (free, 4), (paid, 6))
    assert ledger.verify() == []
    return agent


@pytest.fixture(autouse=True)
def _forgeable(db: None) -> None:
    """Let a test write what PostgreSQL refuses: its trigger is off within the test's transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE billing_ledgerentry DISABLE TRIGGER ledger_entry_append_only")


def found() -> dict[str, tuple[int, int]]:
    """Return what was expected and found, by what differs."""
    return {offence.what: (offence.expected, offence.found) for offence in ledger.verify()}


@pytest.mark.parametrize(
    ("what", "column", "value"),
    [
        ("account.free", "free_credits", 26),
        ("account.promo", "promo_credits", 0),
        ("account.paid", "paid_credits", 492),
        ("account.held", "held_credits", 10),
        ("account.frozen", "frozen_credits", 0),
        ("account.debt", "debt_credits", 0),
        ("chain.length", "entry_seq", 11),
    ],
)
@pytest.mark.usefixtures("agent")
def test_a_balance_that_no_entry_explains(what: str, column: str, value: int) -> None:
    CreditAccount.objects.update(**{column: F(column) + 1})
    assert found() == {what: (value, value + 1)}


@pytest.mark.parametrize(
    ("what", "column", "value"),
    [
        ("lot.available", "available_credits", 492),
        ("lot.held", "held_credits", 6),
        ("lot.frozen", "frozen_credits", 0),
        ("lot.reversed", "reversed_credits", 0),
        ("lot.indebted", "indebted_credits", 0),
        ("lot.moved", "moved_credits", 0),
        ("lot.granted", "granted_credits", 500),
    ],
)
@pytest.mark.usefixtures("agent")
def test_a_lot_that_no_entry_explains(what: str, column: str, value: int) -> None:
    paid = CreditLot.objects.filter(kind=LotKind.PAID)
    paid.update(**{column: F(column) + 1})
    assert found() == {what: (value, value + 1)}


@pytest.mark.parametrize(
    ("state", "changes", "expected"),
    [
        ("open", {"credits": 11}, {"hold.credits": (10, 11), "bucket.held": (11, 10)}),
        ("open", {"free_credits": 5}, {"hold.free": (4, 5)}),
        ("open", {"state": "released"}, {"hold.closed": (10, 0), "bucket.held": (0, 10)}),
        (
            "settled",
            {"settled_credits": 21},
            {"hold.settled": (22, 21), "hold.usage": (21, 22), "bucket.settled": (21, 22)},
        ),
        ("settled", {"state": "open"}, {"hold.closed": (0, 25), "bucket.held": (35, 10)}),
        ("released", {"state": "open"}, {"hold.closed": (0, 30), "bucket.held": (40, 10)}),
        (
            "released",
            {"state": "settled", "settled_credits": 30},
            {"hold.settled": (0, 30), "hold.usage": (30, 0), "bucket.settled": (52, 22)},
        ),
    ],
)
@pytest.mark.usefixtures("agent")
def test_a_hold_that_says_something_else_than_its_entries(
    state: str, changes: dict[str, object], expected: dict[str, tuple[int, int]]
) -> None:
    assert Hold.objects.filter(state=state).update(**changes) == 1
    assert found() == expected


@pytest.mark.parametrize(
    ("forge", "expected"),
    [
        (lambda: UsageEvent.objects.update(credits=21), {"hold.usage": (22, 21)}),
        (lambda: UsageEvent.objects.all().delete(), {"hold.usage": (22, 0)}),
        (lambda: SpendBucket.objects.update(held_credits=9), {"bucket.held": (10, 9)}),
        (lambda: SpendBucket.objects.update(settled_credits=23), {"bucket.settled": (22, 23)}),
        (lambda: SpendBucket.objects.all().delete(), {"bucket.missing": (32, 0)}),
        (
            lambda: SpendBucket.objects.update(start=F("start") - timedelta(minutes=15)),
            {"bucket.held": (0, 10), "bucket.settled": (0, 22), "bucket.missing": (32, 0)},
        ),
    ],
    ids=["usage changed", "usage gone", "held", "settled", "bucket gone", "bucket moved"],
)
@pytest.mark.usefixtures("agent")
def test_usage_and_spending_that_differ_from_the_holds(forge: Forge, expected: dict[str, tuple[int, int]]) -> None:
    forge()
    assert found() == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "another"},
        {"actor_id": "agt_another"},
        {"job_id": "job_another"},
        {"price_version": "another"},
        {"receipt_id": "receipt_another"},
        {"reference": "another"},
        {"created_at": timezone.now() - timedelta(days=1)},
        {"sha256": "0" * 64},
        {"previous_sha256": "0" * 64},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_entry_whose_words_were_changed_breaks_the_chain(agent: Agent, changes: dict[str, object]) -> None:
    entry = LedgerEntry.objects.get(organization_id=agent.organization_id, seq=3)
    LedgerEntry.objects.filter(pk=entry.pk).update(**changes)
    offences = {(offence.what, offence.row_id) for offence in ledger.verify()}
    assert ("chain.hash", str(entry.pk)) in offences
    assert {what for what, _ in offences} == {"chain.hash"}


def test_an_entry_forged_with_its_own_hash_breaks_the_one_after_it(agent: Agent) -> None:
    entry = LedgerEntry.objects.get(organization_id=agent.organization_id, seq=3)
    entry.reason = "another"
    LedgerEntry.objects.filter(pk=entry.pk).update(reason="another", sha256=entry_sha256(entry))
    after = LedgerEntry.objects.get(organization_id=agent.organization_id, seq=4)
    assert [(offence.what, offence.row_id) for offence in ledger.verify()] == [("chain.hash", str(after.pk))]


def test_a_whole_chain_that_was_forged_differs_from_the_head_on_the_account(agent: Agent) -> None:
    head = ""
    for entry in LedgerEntry.objects.filter(organization_id=agent.organization_id).order_by("seq"):
        entry.reason, entry.previous_sha256 = "another", head
        head = entry_sha256(entry)
        LedgerEntry.objects.filter(pk=entry.pk).update(
            reason=entry.reason, previous_sha256=entry.previous_sha256, sha256=head
        )
    assert found() == {"chain.head": (1, 0)}


def test_a_changed_amount_is_found_by_the_balances_the_lot_and_the_chain(agent: Agent) -> None:
    LedgerEntry.objects.filter(organization_id=agent.organization_id, seq=1).update(credits=51)
    assert found() == {
        "account.free": (27, 26),
        "lot.granted": (51, 50),
        "lot.available": (27, 26),
        "chain.hash": (1, 0),
    }


def test_the_last_entry_that_is_gone_is_missed_by_the_head(agent: Agent) -> None:
    last = LedgerEntry.objects.filter(organization_id=agent.organization_id).order_by("seq").last()
    assert last is not None
    LedgerEntry.objects.filter(pk=last.pk)._raw_delete(using="default")
    told = found()
    assert (told["chain.length"], told["chain.head"]) == ((10, 11), (1, 0))
    assert told["hold.credits"] == (4, 10)


def test_an_entry_that_is_gone_from_the_middle_leaves_a_gap(agent: Agent) -> None:
    LedgerEntry.objects.filter(organization_id=agent.organization_id, seq=4)._raw_delete(using="default")
    told = found()
    assert told["chain.seq"] == (4, 5)
    assert told["chain.hash"] == (1, 0)


def test_entries_without_an_account_and_transfers_without_an_end_are_named(agent: Agent) -> None:
    other = new_agent()
    ledger.transfer(organization_id=agent.organization_id, to_organization_id=other.organization_id, actor=TESTS)
    assert ledger.verify() == []
    LedgerEntry.objects.filter(organization_id=other.organization_id)._raw_delete(using="default")
    assert found()["transfers"] == (0, 492)
    CreditAccount.objects.filter(pk=agent.organization_id).delete()
    assert found()["account.missing"] == (1, 0)
