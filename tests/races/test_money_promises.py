"""Money at the same moment: moves, holds and refunds of two organizations, clicks, and checks of the books."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Event, Lock, Thread

import pytest
from django.conf import LazySettings
from django.conf import settings as project
from django.db import connection
from django.utils import timezone

from accounts import organizations
from accounts.models import Agent
from billing import ledger, rails, refunds, reversals
from billing.authorisations import spendable_lots
from billing.models import CreditAccount, CreditLot, Hold, LedgerEntry, LotKind, Quote, Receipt, Reversal
from billing.rails.base import Reported
from imageskill.core import units
from imageskill.core.errors import ApiError
from imageskill.core.units import unit_of_work
from imageskill.flows import invariants
from tests.billing.books import TESTS, give, new_agent, release, set_aside, settle
from tests.cast import sign_up
from tests.environment import REPOSITORY, for_tests
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout, deliver
from tests.races.test_clock import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

THREADS, ROUNDS = 16, 5
BOUGHT = 200


def at_once(count: int, act: Callable[[int], None]) -> list[Exception]:
    """Let threads act at the same moment; return what failed."""
    barrier, failed = Barrier(count), []

    def run(number: int) -> None:
        barrier.wait(60)
        try:
            act(number)
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return failed


def buy(agent: Agent, number: int) -> Receipt:
    """Return a receipt of `BOUGHT` credits whose payment a refund can name."""
    now = timezone.now()
    quote = Quote.objects.create(
        organization_id=agent.organization_id, agent=agent, credits=BOUGHT, amount_cents=BOUGHT,
        payment_method="stripe_checkout", live_money=True, idempotency_key="k", created_at=now, expires_at=now,
    )  # fmt: skip
    receipt = Receipt.objects.create(
        organization_id=agent.organization_id, agent=agent, quote=quote, session_id=f"cs_{number}",
        payment_intent=f"pi_{number}", payment_method="stripe_checkout", paid_credits=BOUGHT, paid_cents=BOUGHT,
        live_money=True, balance_after=0, idempotency_key="k", created_at=now,
    )  # fmt: skip
    _grant(agent, receipt)
    return receipt


@unit_of_work
def _grant(agent: Agent, receipt: Receipt) -> None:
    organizations.lock(agent.organization_id)
    ledger.grant(
        organization_id=agent.organization_id,
        kind=LotKind.PAID,
        credits=BOUGHT,
        source="purchase",
        actor=TESTS,
        receipt_id=receipt.pk,
        live_money=True,
    )


@unit_of_work
def move(here: Agent, there: Agent) -> None:
    """Move what is available to the other organization, as a claim does."""
    organizations.lock(here.organization_id, there.organization_id)
    ledger.transfer(organization_id=here.organization_id, to_organization_id=there.organization_id, actor=TESTS)


@unit_of_work
def begin(agent: Agent) -> Hold | None:
    """Hold up to three credits, if there are any and nothing is owed."""
    organizations.lock(agent.organization_id)
    lots = spendable_lots(agent.organization_id)
    owes = CreditAccount.objects.filter(organization_id=agent.organization_id, debt_credits__gt=0).exists()
    return set_aside(agent, (lots[0], min(3, lots[0].available_credits))) if lots and not owes else None


@unit_of_work
def end(hold: Hold, *, delivered: bool) -> None:
    organizations.lock(hold.organization_id)
    if delivered:
        settle(hold, hold.credits)
    else:
        release(hold)


def test_moves_grants_refunds_disputes_and_jobs_of_two_organizations_never_deadlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the order, no conflict of the database is ever seen, and both books are exact at the end."""
    monkeypatch.setattr(units, "_TRIES", 1)
    pair = new_agent(), new_agent()
    receipts = [buy(pair[number % 2], number) for number in range(4)]

    def act(number: int) -> None:
        here, there = pair if number % 2 else pair[::-1]
        for turn in range(ROUNDS):
            if number % 8 < 2:
                move(here, there)
            elif number % 8 < 4:
                hold = begin(here)
                if hold is not None:
                    end(hold, delivered=turn % 2 == 0)
            elif number % 8 < 6:
                receipt = receipts[(number + turn) % len(receipts)]
                _note(
                    pair, receipt, "refund", f"re_{receipt.pk}_{number}", "succeeded" if turn % 2 else "failed", 20
                )
            else:
                receipt = receipts[turn % len(receipts)]
                _note(
                    pair,
                    receipt,
                    "dispute",
                    f"dp_{receipt.pk}_{number}",
                    ("needs_response", "lost", "won")[turn % 3],
                    60,
                )

    assert at_once(THREADS, act) == []
    assert not Hold.objects.filter(state="open").exists()
    for receipt in receipts:
        reversals.attach(receipt=receipt)
        taken = sum(
            lot.reversed_credits + lot.indebted_credits + lot.frozen_credits
            for lot in ledger.lots_of_receipt(receipt.pk)
        )
        assert taken <= BOUGHT
    assert ledger.verify() == []


@unit_of_work
def _note(
    pair: tuple[Agent, Agent], receipt: Receipt, kind: str, provider_id: str, status: str, cents: int
) -> None:
    # A claim moves credits and says where to in one act; here they move without that word, so both are locked.
    organizations.lock(*(agent.organization_id for agent in pair))
    reversals.note(Reported(kind, provider_id, receipt.payment_intent, cents, status, "", "", timezone.now()))


@pytest.fixture
def live(settings: LazySettings) -> Iterator[LocalStripe]:
    """A local Stripe in live mode, with the service set up for it."""
    with LocalStripe(receiver=deliver, livemode=True) as local:
        local.delivery = "manual"
        settings.FAKE_RAIL = False
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = local.secret_key, local.webhook_secret
        settings.STRIPE_API_BASE = local.url
        rails.rail.cache_clear()
        yield local
    rails.rail.cache_clear()


def test_five_clicks_on_refund_unused_at_once_give_the_money_back_once(live: LocalStripe) -> None:
    checkout = Checkout(sign_up("clicks@gmail.com"))
    checkout.begin()
    live.pay(checkout.session_id)
    live.deliver_all()
    receipt = Receipt.objects.get()
    refused: list[str] = []

    def click(_: int) -> None:
        try:
            refunds.refund_unused(receipt=receipt)
        except ApiError as error:
            refused.append(str(error.recovery["reason"]))

    assert at_once(5, click) == []
    assert refused == ["nothing_to_refund"] * 4
    assert (Reversal.objects.count(), live.count("POST", "/v1/refunds")) == (1, 1)
    account = CreditAccount.objects.get(organization_id=receipt.organization_id)
    assert (account.paid_credits, account.frozen_credits, account.debt_credits) == (0, 0, 0)
    assert ledger.verify() == []


def test_eight_events_about_one_dispute_at_once_leave_one_reversal(live: LocalStripe) -> None:
    """Whoever is in the way of another answers 500, and is delivered again."""
    checkout = Checkout(sign_up("dispute@gmail.com"))
    checkout.begin()
    live.pay(checkout.session_id)
    live.deliver_all()
    receipt = Receipt.objects.get()
    dispute = live.dispute(receipt.payment_intent, 300)
    live.update_dispute(dispute["id"], "under_review")
    live.update_dispute(dispute["id"], "lost")
    told = [row["id"] for row in live.events if row["type"].startswith("charge.dispute.")]
    statuses: list[int] = []

    def act(number: int) -> None:
        statuses.extend(live.deliver(told[number % len(told)]))

    assert at_once(8, act) == []
    assert set(statuses) <= {200, 500}
    assert set(live.deliver_all()) <= {200}
    assert Reversal.objects.get().status == "lost"
    account = CreditAccount.objects.get(organization_id=receipt.organization_id)
    assert (account.paid_credits, account.frozen_credits, account.debt_credits) == (200, 0, 0)
    assert ledger.verify() == []


def test_a_check_of_the_books_sees_one_instant_and_keeps_no_writer_waiting() -> None:
    """A writer commits while the check reads: it does not wait, and the check does not see it."""
    agent = new_agent()
    give(agent, 100)
    before = LedgerEntry.objects.count()
    seen: list[int] = []
    written, failed = Event(), []

    def write() -> None:
        try:
            settle_one(agent)
            written.set()
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        finally:
            connection.close()

    with invariants.snapshot():
        seen.append(LedgerEntry.objects.count())
        writer = Thread(target=write)
        writer.start()
        assert written.wait(30), failed
        seen.append(LedgerEntry.objects.count())
        assert ledger.verify() == []
        assert ledger.verify_since_checkpoints().offences == ()
    writer.join(30)
    assert seen == [before, before]
    assert LedgerEntry.objects.count() > before
    assert ledger.verify() == []


def test_checks_of_the_books_among_writers_never_find_anything() -> None:
    agents = [new_agent() for _ in range(3)]
    for agent in agents:
        give(agent, 1000, LotKind.PAID)
    lock = Lock()
    found: list[str] = []

    def act(number: int) -> None:
        for turn in range(12):
            if number < 2:
                rows = invariants.check(full=turn % 2 == 0)
                with lock:
                    found.extend(row.told for row in rows if row.what != "hold.open")
            else:
                settle_one(agents[(number + turn) % 3])

    assert at_once(8, act) == []
    assert found == []
    assert CreditLot.objects.filter(available_credits__lt=1000).exists()


@unit_of_work
def settle_one(agent: Agent) -> None:
    """Hold and spend one credit in a transaction of its own."""
    organizations.lock(agent.organization_id)
    settle(set_aside(agent, (spendable_lots(agent.organization_id)[0], 1)), 1)


REVOKES = """
import django
django.setup()
from accounts import organizations, tokens
from accounts.models import AgentToken
from billing.models import Hold
from imageskill.core.units import unit_of_work
import sys

@unit_of_work
def revoke():
    token = AgentToken.objects.select_related("agent").get(agent_id=sys.argv[1])
    organizations.lock(token.agent.organization_id)
    tokens.revoke(token=token)
    return Hold.objects.count()

print("ready", flush=True)
sys.stdin.readline()
print(revoke(), flush=True)
"""


@pytest.mark.usefixtures("provider")
def test_no_hold_follows_a_revoke_that_another_process_committed(tmp_path: Path, settings: LazySettings) -> None:
    settings.PREVIEW_DAILY_JOBS = 1000
    agent = sign_up("two-processes@gmail.com")
    environment = for_tests(
        tmp_path,
        SECRET_KEY=project.SECRET_KEY,
        DATABASE_URL=database_url(),
        DJANGO_SETTINGS_MODULE="imageskill.settings",
    )
    other = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-c", REVOKES, agent.agent_id],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "ready\n"
        go, codes = other.stdin, []

        def act(number: int) -> None:
            if number == 0:
                go.write("go\n")
                go.flush()
            for _ in range(4):
                answer = agent.create()
                codes.append("ok" if answer.ok else answer.code)

        assert at_once(8, act) == []
        held_then = int(other.stdout.readline())
    finally:
        other.communicate(timeout=60)
    assert set(codes) <= {"ok", "AUTH_REQUIRED"}
    assert agent.create().code == "AUTH_REQUIRED"
    assert Hold.objects.count() == held_then
    assert ledger.verify() == []
