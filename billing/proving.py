"""Proving the caps: every decision's counters are rebuilt from the ledger alone and compared."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from billing import mandates
from billing.models import Decision, EntryKind, Hold, LedgerEntry, Mandate
from billing.windows import window


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven: how many decisions, which of them do not fit the ledger, and which allow came closest."""

    decisions: int
    overspent: int
    offences: tuple[str, ...]
    tightest: str


@dataclass(slots=True)
class _Held:
    """A hold as the ledger tells it: when it was authorised, and at which entries it opened and closed."""

    authorised_at: datetime
    credits: int
    settled: int
    opened: int
    closed: int | None


def prove() -> Proof:
    """Compare each decision with the ledger, and each hold under a mandate with its decision."""
    overspent, offences = 0, list(_holds_without_decision())
    tightest: tuple[int, str] | None = None
    total = 0
    for (agent_id, organization_id), decisions in _by_agent(
        Decision.objects.select_related("mandate").order_by("agent_id", "pk")
    ):
        holds = _holds_of(agent_id, organization_id)
        for decision in decisions:
            total += 1
            rebuilt = _rebuilt(decision, holds)
            offences += _differences(decision, rebuilt)
            if decision.outcome != Decision.Outcome.ALLOWED:
                continue
            for name, (used, held) in rebuilt.items():
                cap = decision.counters[name]["cap"]
                if cap is None:
                    continue
                left = cap - used - held - decision.needed_credits
                overspent += left < 0
                told = f"decision {decision.pk}: {name} cap {cap}, {left} left"
                tightest = min(tightest or (left, told), (left, told))
    return Proof(total, overspent, tuple(offences), tightest[1] if tightest else "none")


def _by_agent(decisions: Iterable[Decision]) -> Iterator[tuple[tuple[str, str], list[Decision]]]:
    """Group decisions by agent and organization: windows and the ledger's numbers are those of the pair."""
    grouped: dict[tuple[str, str], list[Decision]] = defaultdict(list)
    for decision in decisions:
        grouped[decision.agent_id, decision.organization_id].append(decision)
    yield from grouped.items()


def _holds_of(agent_id: str, organization_id: str) -> list[_Held]:
    """Return an agent's holds in an organization, opened and closed by the numbers of their entries."""
    own = Hold.objects.filter(agent_id=agent_id, organization_id=organization_id)
    rows = {hold.pk: hold for hold in own}
    opened: dict[str, int] = {}
    closed: dict[str, int] = {}
    settled: dict[str, int] = defaultdict(int)
    entries = LedgerEntry.objects.filter(hold__agent_id=agent_id, organization_id=organization_id).order_by("seq")
    for hold_id, kind, seq, credits in entries.values_list("hold_id", "kind", "seq", "credits"):
        if kind == EntryKind.HOLD:
            opened.setdefault(hold_id, seq)
        elif kind in (EntryKind.SETTLE, EntryKind.RELEASE):
            closed[hold_id] = seq
            settled[hold_id] += credits if kind == EntryKind.SETTLE else 0
    return [
        _Held(row.authorised_at, row.credits, settled[pk], opened[pk], closed.get(pk))
        for pk, row in rows.items()
        if pk in opened
    ]


def _rebuilt(decision: Decision, holds: list[_Held]) -> dict[str, tuple[int, int]]:
    """Return used and held of each window as the ledger stood when the decision was made."""
    mandate = decision.mandate
    told = {"per_job": (0, 0)}
    for name in ("day", "week", "month"):
        span = window(name, decision.decided_at, mandates.zone_of(mandate))
        told[name] = _sums(holds, span.start, span.end, decision.ledger_seq)
    told["lifetime"] = _sums(holds, mandate.lifetime_starts_at, None, decision.ledger_seq)
    return told


def _sums(holds: list[_Held], start: datetime, end: datetime | None, seq: int) -> tuple[int, int]:
    inside = [hold for hold in holds if hold.authorised_at >= start and (end is None or hold.authorised_at < end)]
    past = [hold for hold in inside if hold.opened <= seq]
    used = sum(hold.settled for hold in past if hold.closed is not None and hold.closed <= seq)
    held = sum(hold.credits for hold in past if hold.closed is None or hold.closed > seq)
    return used, held


def _differences(decision: Decision, rebuilt: dict[str, tuple[int, int]]) -> Iterator[str]:
    for name, (used, held) in rebuilt.items():
        kept = decision.counters[name]
        if (kept["used"], kept["held"]) != (used, held):
            yield (
                f"decision {decision.pk}: {name} says used {kept['used']} held {kept['held']}, "
                f"the ledger says used {used} held {held}"
            )


def _holds_without_decision() -> Iterator[str]:
    """Name each hold that was placed under a mandate without a decision: a check that was skipped."""
    for mandate in Mandate.objects.filter(version=1):
        skipped = Hold.objects.filter(
            agent_id=mandate.agent_id,
            organization_id=mandate.organization_id,
            authorised_at__gt=mandate.created_at,
            decision=None,
        )
        for hold_id in skipped.order_by("pk").values_list("pk", flat=True):
            yield f"hold {hold_id}: no decision allowed it"
