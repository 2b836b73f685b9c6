"""The proofs: reconcile, prove_caps and statements find what was forged, and nothing else."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Agent
from billing import mandates
from billing.mandates import Terms
from billing.models import CreditAccount, CreditLot, Decision, Hold, LedgerEntry, Receipt
from creative.models import Job
from imageskill.core.events import System
from tests.cast import Member
from tests.environment import REPOSITORY
from tests.payments.conftest import Buyer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def a_life(agent: Member, provider: object) -> None:
    """An agent that bought, was limited, made pictures, and was refused."""
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    buyer = Buyer(agent)
    buyer.buy(buyer.quote(credits=500).data["quote_id"])
    owner = System("usr_owner", "human")
    mandates.set_terms(agent=agent.row, terms=Terms(cap_day=4), actor=owner)
    assert agent.create(output_count=3).ok
    assert agent.create(output_count=2).code == "SPEND_CAP_EXCEEDED"


def run(command: str, *arguments: str) -> str:
    """Return what a command printed, and `exit 1` where it failed."""
    told = io.StringIO()
    try:
        call_command(command, *arguments, stdout=told)
    except CommandError:
        return told.getvalue() + "exit 1"
    return told.getvalue()


def test_a_true_ledger_is_reconciled() -> None:
    assert run("reconcile") == "The books balance.\n"


@pytest.mark.parametrize(
    ("forge", "named"),
    [
        (lambda: CreditAccount.objects.update(paid_credits=499), "account.paid"),
        (lambda: CreditLot.objects.filter(kind="free").update(available_credits=1), "lot.available"),
        (lambda: Hold.objects.update(settled_credits=1), "hold.settled"),
        (lambda: Receipt.objects.update(paid_credits=400), "receipt"),
        (lambda: Hold.objects.update(state="open"), "open, but its job does not run"),
        (lambda: Job.objects.update(state="running"), "closed, but its job runs"),
    ],
)
def test_what_was_forged_is_named(forge: Callable[[], Any], named: str) -> None:
    forge()
    told = run("reconcile")
    assert named in told
    assert told.endswith("exit 1")


def test_the_caps_are_proven_with_the_tightest_decision() -> None:
    told = run("prove_caps")
    allowed = Decision.objects.get(outcome="allowed")
    assert told == f"2 decisions, 0 overspent, tightest: decision {allowed.pk}: day cap 4, 1 left\n"


def test_a_forged_decision_and_a_skipped_check_are_found() -> None:
    denied = Decision.objects.get(outcome="denied")
    denied.counters["day"]["used"] = 99
    denied.save()
    assert f"decision {denied.pk}: day says used 99 held 0, the ledger says used 3 held 0" in run("prove_caps")
    Decision.objects.filter(outcome="allowed").update(hold=None)
    told = run("prove_caps")
    assert f"hold {Hold.objects.get().pk}: no decision allowed it" in told
    assert told.endswith("exit 1")


def test_an_overspent_cap_is_counted() -> None:
    allowed = Decision.objects.get(outcome="allowed")
    allowed.counters["day"]["cap"] = 2
    allowed.save()
    assert "2 decisions, 1 overspent" in run("prove_caps")


def verify(path: Path) -> "subprocess.CompletedProcess[str]":
    """Check a statement with the script alone, without the house."""
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-I", str(REPOSITORY / "deploy" / "verify_statement.py"), str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=path.parent,
    )


@pytest.fixture
def statement(agent: Member, tmp_path: Path) -> Path:
    """This month's statement."""
    path = tmp_path / "statement.jsonl"
    path.write_text(run("statement", agent.row.organization_id, f"{timezone.now():%Y-%m}"))
    return path


def test_a_statement_is_proven_offline(agent: Member, statement: Path) -> None:
    proven = verify(statement)
    assert proven.returncode == 0, proven.stderr
    account = CreditAccount.objects.get(organization_id=agent.row.organization_id)
    available = account.free_credits + account.paid_credits
    assert f"{'available':20} {available:>10}\n" in proven.stdout
    assert len(statement.read_text().splitlines()) == LedgerEntry.objects.count() + 2
    assert "human_email" not in statement.read_text()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda lines: [*lines[:2], lines[2].replace('\\"credits\\":500', '\\"credits\\":501'), *lines[3:]],
            "hash",
        ),
        (lambda lines: [*lines[:1], *lines[2:]], "stands where"),
        (lambda lines: [*lines[:-2], lines[-1]], "last entries are missing"),
        (lambda lines: [*lines[:-1], lines[-1].replace('"available":547', '"available":999')], "closing balances"),
        (lambda lines: lines[:-1], "no opening or no closing"),
    ],
)
def test_a_changed_statement_is_not_proven(
    statement: Path, change: Callable[[list[str]], list[str]], problem: str
) -> None:
    lines = statement.read_text().splitlines()
    changed = change(lines)
    assert changed != lines
    statement.write_text("\n".join(changed))
    refused = verify(statement)
    assert refused.returncode == 1
    assert problem in refused.stderr


@pytest.mark.django_db(transaction=True)
def test_reconciling_keeps_no_writer_waiting_and_sees_one_instant(agent: Member) -> None:
    assert not connection.in_atomic_block
    assert run("reconcile") == "The books balance.\n"
    assert agent.create().ok
