"""The books are checked from checkpoints every quarter of an hour, in full every night, and confirmed twice."""

import io
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.models import Agent
from billing import findings, ledger
from billing.ledger.posting import entry_sha256
from billing.models import (
    AccountCheckpoint,
    BooksFinding,
    BooksRun,
    CreditAccount,
    CreditLot,
    Hold,
    LedgerEntry,
    LotKind,
    SpendBucket,
    UsageEvent,
)
from imageskill.flows import invariants
from tests.billing.books import TESTS, give, new_agent, release, set_aside, settle

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOON = datetime(2027, 3, 3, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _forgeable(db: None) -> None:
    """Let a test write what PostgreSQL refuses: its trigger is off within the test's transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE billing_ledgerentry DISABLE TRIGGER ledger_entry_append_only")


@pytest.fixture
def agent() -> Agent:
    """An agent with a life that a full check has proven, and nothing since."""
    agent = new_agent()
    free, paid = give(agent, 50), give(agent, 500, LotKind.PAID)
    settle(set_aside(agent, (free, 20), (paid, 5)), 22)
    assert invariants.check(full=True) == []
    return agent


def newest(agent: Agent) -> LedgerEntry:
    entry = LedgerEntry.objects.filter(organization_id=agent.organization_id).order_by("-seq").first()
    assert entry is not None
    return entry


def forge(agent: Agent, seq: int) -> None:
    """Change the words of an entry behind the ledger's back."""
    changed = LedgerEntry.objects.filter(organization_id=agent.organization_id, seq=seq).update(reason="forged")
    assert changed == 1


def whats(*, full: bool) -> set[str]:
    """Return what a check finds."""
    verified = ledger.verify_all() if full else ledger.verify_since_checkpoints()
    return {offence.what for offence in verified.offences}


def test_a_check_proves_each_account_up_to_its_last_entry(agent: Agent) -> None:
    account = CreditAccount.objects.get(pk=agent.organization_id)
    kept = AccountCheckpoint.objects.get(pk=agent.organization_id)
    assert (kept.seq, kept.sha256) == (account.entry_seq, account.chain_head)
    assert (kept.free_credits, kept.paid_credits, kept.held_credits) == (30, 498, 0)
    lot = CreditLot.objects.get(kind=LotKind.PAID)
    set_aside(agent, (lot, 8))
    invariants.check(full=False)
    kept.refresh_from_db()
    assert (kept.seq, kept.paid_credits, kept.held_credits) == (newest(agent).seq, 490, 8)


def test_a_forged_new_entry_is_found_from_the_checkpoint(agent: Agent) -> None:
    give(agent, 7, LotKind.PAID)
    forge(agent, newest(agent).seq)
    assert whats(full=False) == {"chain.hash"}


def test_a_forged_old_entry_is_found_by_the_full_check_only(agent: Agent) -> None:
    forge(agent, 2)
    assert whats(full=False) == set()
    assert whats(full=True) == {"chain.hash"}


def test_a_chain_that_was_forged_from_its_first_entry_to_its_head_differs_from_the_checkpoint(
    agent: Agent,
) -> None:
    head = ""
    for entry in LedgerEntry.objects.filter(organization_id=agent.organization_id).order_by("seq"):
        entry.reason, entry.previous_sha256 = "forged", head
        head = entry_sha256(entry)
        LedgerEntry.objects.filter(pk=entry.pk).update(
            reason=entry.reason, previous_sha256=entry.previous_sha256, sha256=head
        )
    CreditAccount.objects.filter(pk=agent.organization_id).update(chain_head=head)
    assert "checkpoint.head" in whats(full=True)
    assert "checkpoint.head" in whats(full=False)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda: CreditAccount.objects.update(paid_credits=F("paid_credits") + 1), "account.paid"),
        (lambda: CreditAccount.objects.update(entry_seq=F("entry_seq") + 1), "chain.length"),
        (lambda: CreditAccount.objects.update(chain_head="0" * 64), "chain.head"),
        (lambda: LedgerEntry.objects.filter(kind="hold")._raw_delete(using="default"), "checkpoint.head"),
    ],
    ids=["balance", "length", "head", "entries gone"],
)
@pytest.mark.usefixtures("agent")
def test_a_balance_that_changed_without_an_entry_is_found_from_the_checkpoint(
    change: Callable[[], object], what: str
) -> None:
    paid = CreditLot.objects.get(kind=LotKind.PAID)
    set_aside(Agent.objects.get(), (paid, 3))
    invariants.check(full=False)
    change()
    assert what in whats(full=False)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda: CreditLot.objects.filter(kind="paid").update(available_credits=1), "lot.available"),
        (lambda: Hold.objects.filter(state="released").update(settled_credits=1), "hold.settled"),
        (lambda: Hold.objects.filter(state="open").update(credits=5), "hold.credits"),
        (lambda: UsageEvent.objects.filter(credits=4).update(credits=3), "hold.usage"),
        (lambda: SpendBucket.objects.update(held_credits=0), "bucket.held"),
        (lambda: SpendBucket.objects.all().delete(), "bucket.missing"),
    ],
    ids=["lot", "closed hold", "open hold", "usage", "bucket", "bucket gone"],
)
def test_what_moved_since_the_checkpoint_is_compared_with_all_of_its_entries(
    agent: Agent, change: Callable[[], object], what: str
) -> None:
    paid = CreditLot.objects.get(kind=LotKind.PAID)
    release(set_aside(agent, (paid, 9)))
    settle(set_aside(agent, (paid, 4)), 4)
    set_aside(agent, (paid, 6))
    assert whats(full=False) == set()
    change()
    assert what in whats(full=False)


def test_credits_on_the_way_between_organizations_are_seen_from_the_checkpoint(agent: Agent) -> None:
    ledger.transfer(
        organization_id=agent.organization_id, to_organization_id=new_agent().organization_id, actor=TESTS
    )
    assert whats(full=False) == set()
    LedgerEntry.objects.filter(kind="transfer").exclude(organization_id=agent.organization_id)._raw_delete(
        using="default"
    )
    assert "transfers" in whats(full=False)


def test_a_check_from_the_checkpoints_reads_no_account_that_did_not_move(agent: Agent) -> None:
    for _ in range(5):
        give(new_agent(), 10)
    invariants.check(full=False)
    give(agent, 1)
    with CaptureQueriesContext(connection) as queries:
        ledger.verify_since_checkpoints()
    read = [query["sql"] for query in queries if "billing_ledgerentry" in query["sql"]]
    assert sum("ORDER BY" in sql and "LIMIT" not in sql for sql in read) == 1


def test_a_finding_is_red_after_a_second_check_and_gone_when_it_is_right_again(
    agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    account = CreditAccount.objects.filter(pk=agent.organization_id)
    account.update(paid_credits=F("paid_credits") + 1)
    told = f"account.paid {agent.organization_id}: expected 498, found 499"
    with caplog.at_level(logging.WARNING, logger="imageskill.invariants"):
        assert [row.told for row in invariants.check(full=False)] == [told]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "unconfirmed" in caplog.records[0].message
    first = findings.standing()
    assert (first.unconfirmed, first.confirmed, first.is_red) == (1, 0, False)
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="imageskill.invariants"):
        invariants.check(full=False)
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", "the books do not balance: confirmed")
    ]
    second = findings.standing(organization_id=agent.organization_id)
    assert (second.unconfirmed, second.confirmed, second.is_red) == (0, 1, True)
    assert not findings.standing(organization_id="org_another").is_red
    account.update(paid_credits=F("paid_credits") - 1)
    assert invariants.check(full=False) == []
    assert not findings.standing().is_red
    assert BooksFinding.objects.get().cleared_at is not None


def test_what_only_a_full_check_sees_is_confirmed_by_another_one(agent: Agent) -> None:
    with time_machine.travel(NOON):
        assert invariants.check(full=True) == []
        forge(agent, 2)
        assert invariants.check() == []
    with time_machine.travel(NOON + timedelta(hours=12)) as clock:
        assert [row.confirmed_at for row in invariants.check()] == [None]
        clock.shift(900)
        assert [row.confirmed_at is None for row in invariants.check()] == [False]
        clock.shift(900)
        assert [row.confirmed_at is None for row in invariants.check()] == [False]
    assert list(BooksRun.objects.order_by("pk").values_list("full", "unconfirmed", "confirmed"))[-4:] == [
        (False, 0, 0),
        (True, 1, 0),
        (True, 0, 1),
        (False, 0, 1),
    ]


def test_the_first_check_of_a_day_is_a_full_one() -> None:
    with time_machine.travel(NOON) as clock:
        for _ in range(49):
            invariants.check()
            clock.shift(900)
    full = BooksRun.objects.filter(full=True).values_list("began_at", flat=True)
    assert [moment.day for moment in full.order_by("pk")] == [3, 4]
    assert BooksRun.objects.count() == 49


def test_an_account_with_a_finding_is_not_proven_further(agent: Agent) -> None:
    before = AccountCheckpoint.objects.get(pk=agent.organization_id).seq
    give(agent, 7)
    forge(agent, newest(agent).seq)
    other = new_agent()
    give(other, 5)
    for _ in range(3):
        assert len(invariants.check(full=False)) == 1
    assert AccountCheckpoint.objects.get(pk=agent.organization_id).seq == before
    assert AccountCheckpoint.objects.get(pk=other.organization_id).seq == 1


def test_a_checkpoint_that_was_changed_is_found_and_mended_by_a_full_check(agent: Agent) -> None:
    AccountCheckpoint.objects.filter(pk=agent.organization_id).update(paid_credits=1)
    assert whats(full=False) == {"account.paid"}
    assert invariants.check(full=True) == []
    assert whats(full=False) == set()


def test_the_command_fails_at_once_and_says_whether_it_is_confirmed(agent: Agent) -> None:
    CreditAccount.objects.update(paid_credits=1)
    for state in ("unconfirmed", "confirmed"):
        told = io.StringIO()
        with pytest.raises(CommandError, match="1 offences"):
            call_command("reconcile", stdout=told)
        assert told.getvalue() == f"{state}: account.paid {agent.organization_id}: expected 498, found 1\n"
    CreditAccount.objects.update(paid_credits=498)
    for arguments in ((), ("--new",)):
        told = io.StringIO()
        call_command("reconcile", *arguments, stdout=told)
        assert told.getvalue() == "The books balance.\n"


def test_the_record_of_checks_is_kept_for_ninety_days() -> None:
    with time_machine.travel(NOON):
        invariants.check()
    with time_machine.travel(NOON + findings.RUNS_KEPT + timedelta(days=1)):
        invariants.check()
    assert BooksRun.objects.count() == 1
