"""Acts on the ledger for tests: an agent of an organization of its own, credits, holds, and what is left."""

from django.utils import timezone

from accounts.models import Agent, Organization
from billing import ledger
from billing.models import CreditAccount, CreditLot, Hold, LedgerEntry, LotKind
from imageskill.core import ids
from imageskill.core.events import System

TESTS = System("tests")


def new_agent() -> Agent:
    """Return an agent whose organization has no credits yet."""
    now = timezone.now()
    organization = Organization.objects.create(name="books", created_at=now)
    return Agent.objects.create(
        organization=organization, name="books", runtime="tests", signup_network="loopback", created_at=now
    )


def give(agent: Agent, credits: int, kind: LotKind = LotKind.FREE) -> CreditLot:
    """Grant a lot."""
    return ledger.grant(
        organization_id=agent.organization_id, kind=kind, credits=credits, source="tests", actor=TESTS
    )


def set_aside(agent: Agent, *parts: tuple[CreditLot, int]) -> Hold:
    """Hold credits of lots, read anew."""
    return ledger.hold(
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        job_id=ids.new_id("job"),
        split=ledger.Split(tuple((fresh(lot), credits) for lot, credits in parts)),
        price_version="tests/1",
        authorised_at=timezone.now(),
        actor=TESTS,
    )


def settle(hold: Hold, credits: int) -> None:
    """Spend of a hold."""
    ledger.settle(hold=hold, credits=credits, provider_cost_micros=0, actor=TESTS)


def release(hold: Hold) -> None:
    """Give a hold back."""
    ledger.release(hold=hold, actor=TESTS, reason="job_failed")


def fresh(lot: CreditLot) -> CreditLot:
    """Return a lot as it is stored."""
    return CreditLot.objects.get(pk=lot.pk)


def left(lot: CreditLot) -> tuple[int, int]:
    """Return what a lot has available and held."""
    row = fresh(lot)
    return row.available_credits, row.held_credits


def balance(agent: Agent) -> tuple[int, int, int, int]:
    """Return the free, promo, paid and held credits of the account."""
    row = CreditAccount.objects.get(organization_id=agent.organization_id)
    return row.free_credits, row.promo_credits, row.paid_credits, row.held_credits


def movements(agent: Agent) -> list[tuple[int, str, str, str, int]]:
    """Return the entries of an organization: number, kind, from, to, credits."""
    entries = LedgerEntry.objects.filter(organization_id=agent.organization_id).order_by("seq")
    return list(entries.values_list("seq", "kind", "from_book", "to_book", "credits"))
