"""What the drawer tells of one row: its money, the decision behind it, its request, what belongs to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from billing import decisions, entries, standing
from billing.entries import View
from billing.models import Decision, Hold, LedgerEntry, Quote, Receipt
from creative import activity
from creative.models import Job
from imageskill.core.ids import prefix_of
from imageskill.core.secret_text import is_secret
from imageskill.site.activity import labels, refusals, stream
from imageskill.site.activity.conditions import Scope
from imageskill.site.activity.labels import Label
from imageskill.site.activity.stream import Row

TABS: Final = {
    "summary": "Summary",
    "money": "Money",
    "decision": "Decision",
    "request": "Request",
    "related": "Related",
}
MOST_LATER: Final = 5_000
"""So many later entries are read to tell what was left after an entry."""
MOST_RELATED: Final = 50

_HIDDEN: Final = "not shown"


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the ledger, what it changed in the credits to spend, and what was left (None: not told)."""

    entry: LedgerEntry
    change: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Money:
    """From the price to what was charged: the job with its hold, or the purchase."""

    job: Job | None
    hold: Hold | None
    lines: tuple[Line, ...]
    receipt: Receipt | None = None
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """A limit at the decision, in credits: before it, and after it if it let the request through."""

    name: str
    cap: int | None
    used: int
    held: int
    after: int
    resets_at: datetime | None
    decided: bool


@dataclass(frozen=True, slots=True)
class Deciding:
    """A decision with its counters, in the order from the shortest window to the longest."""

    decision: Decision
    counters: tuple[Counter, ...]
    code: str
    limits_href: str


@dataclass(frozen=True, slots=True)
class Request:
    """What an agent asked for. The prompt is for the members' own pages."""

    job: Job
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """One row in full; of the tabs, the one that is open is filled."""

    label: Label
    tab: str
    ids: tuple[tuple[str, str], ...]
    money: Money | None = None
    deciding: Deciding | None = None
    request: Request | None = None
    related: tuple[Label, ...] = ()


def find(reference: str, scope: Scope) -> Row | None:
    """Return a workspace's row by its public id; None: this workspace has none."""
    if prefix_of(reference) == "evt":
        event = activity.of_workspace(scope.organization_ids).filter(pk=reference).first()
        return stream.of_event(event) if event is not None else None
    number = refusals.key_of(reference)
    if number is None:
        return None
    decision = refusals.of_workspace(scope.organization_ids).filter(pk=number).first()
    return stream.of_decision(decision) if decision is not None else None


def of(row: Row, tab: str, scope: Scope) -> Detail:
    """Return a row with one of its tabs."""
    (label,) = labels.of([row], scope)
    opened = tab if tab in TABS else "summary"
    job = _job(row, scope) if opened in ("money", "decision", "request") else None
    return Detail(
        label=label,
        tab=opened,
        ids=tuple(_ids(row, scope)),
        money=_money(row, job, scope) if opened == "money" else None,
        deciding=_deciding(row, job, scope) if opened == "decision" else None,
        request=_request(job) if opened == "request" and job is not None else None,
        related=tuple(_related(row, scope)) if opened == "related" else (),
    )


def _job(row: Row, scope: Scope) -> Job | None:
    job_id = labels.job_id_of(row)
    if not job_id:
        return None
    own = Job.objects.filter(organization_id__in=scope.organization_ids)
    return own.select_related("hold").filter(pk=job_id).first()


def _ids(row: Row, scope: Scope) -> list[tuple[str, str]]:
    """Return every id of a row with what it is the id of, each once."""
    told = [("This row", row.reference)]
    if row.decision is not None:
        told.append(("Job", row.decision.job_id))
    if row.event is not None:
        told.append(("Trace", row.event.trace_id))
        told.append((row.event.subject_type.capitalize(), row.event.subject_id))
        for name, value in labels.links_for(row.event, scope).items():
            values = value if isinstance(value, list) else [value]
            told += [
                (name.removesuffix("_ids").removesuffix("_id").replace("_", " ").capitalize(), one)
                for one in values
            ]
    if row.agent_id:
        told.append(("Agent", row.agent_id))
    seen: dict[str, str] = {}
    for name, value in told:
        if value:
            seen.setdefault(value, name)
    return [(name, value) for value, name in seen.items()]


def _money(row: Row, job: Job | None, scope: Scope) -> Money:
    hold = job.hold if job is not None else None
    receipt = _receipt(row, scope)
    own = LedgerEntry.objects.filter(organization_id__in=scope.organization_ids).select_related("lot")
    if hold is not None:
        found = list(own.filter(hold=hold).order_by("pk")[:100])
    elif receipt is not None:
        found = list(own.filter(receipt_id=receipt.pk, lot__receipt_id=receipt.pk).order_by("pk")[:100])
    else:
        found = []
    return Money(
        job=job,
        hold=hold,
        lines=tuple(_with_balance(found, scope)),
        receipt=receipt,
        quote=receipt.quote if receipt is not None else _quote(row, scope),
    )


def _receipt(row: Row, scope: Scope) -> Receipt | None:
    receipt_id = row.event.links.get("receipt_id") if row.event is not None else None
    if not receipt_id:
        return None
    own = Receipt.objects.filter(organization_id__in=scope.organization_ids)
    return own.select_related("quote").filter(pk=receipt_id).first()


def _quote(row: Row, scope: Scope) -> Quote | None:
    quote_id = row.event.links.get("quote_id") if row.event is not None else None
    if not quote_id:
        return None
    return Quote.objects.filter(organization_id__in=scope.organization_ids, pk=quote_id).first()


def _with_balance(found: Sequence[LedgerEntry], scope: Scope) -> list[Line]:
    """Return entries with what could be spent after each: what can be now, less what came later."""
    if not found:
        return []
    own = LedgerEntry.objects.filter(organization_id__in=scope.organization_ids)
    later = list(own.filter(pk__gt=found[0].pk).order_by("-pk")[: MOST_LATER + 1])
    left = standing.of_workspace(scope.organization_ids[0], at=scope.now).available
    balances: dict[int, int] = {}
    for entry in [*later, found[0]] if len(later) <= MOST_LATER else []:
        balances[entry.pk] = left
        left -= entries.change(entry, View.AVAILABLE)
    return [Line(entry, entries.change(entry, View.AVAILABLE), balances.get(entry.pk)) for entry in found]


def _deciding(row: Row, job: Job | None, scope: Scope) -> Deciding | None:
    decision = row.decision
    if decision is None and job is not None:
        own = Decision.objects.filter(organization_id__in=scope.organization_ids)
        same = own.filter(hold_id=job.hold_id) if job.hold_id else own.filter(agent_id=job.agent_id, job_id=job.pk)
        decision = same.order_by("-pk").first()
    if decision is None:
        return None
    counters = [_counter(name, decision) for name in refusals.WINDOWS if name in decision.counters]
    return Deciding(
        decision=decision,
        counters=tuple(counters),
        code=decisions.code_of(decision) if decision.outcome != Decision.Outcome.ALLOWED else "",
        limits_href=labels.limits_href(scope.organization_ids[0], decision.agent_id),
    )


def _counter(name: str, decision: Decision) -> Counter:
    kept: Mapping[str, Any] = decision.counters[name]
    taken = decision.needed_credits if decision.outcome == Decision.Outcome.ALLOWED else 0
    return Counter(
        name=refusals.WINDOWS[name].removeprefix("for ").removeprefix("a "),
        cap=kept["cap"],
        used=kept["used"],
        held=kept["held"],
        after=kept["used"] + kept["held"] + taken,
        resets_at=datetime.fromisoformat(kept["resets_at"]) if kept["resets_at"] else None,
        decided=decision.reason == f"cap_{name}",
    )


def _request(job: Job) -> Request:
    told = [(name, _plain(value)) for name, value in sorted(job.parameters.items()) if value is not None]
    return Request(job, tuple(told))


def _plain(value: object) -> str:
    """Return a parameter as text; whatever looks like a key is not shown."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return _HIDDEN if is_secret(text) else text


def _related(row: Row, scope: Scope) -> list[Label]:
    """Return what happened in the same request or to the same job, newest first, without the row itself."""
    wanted = [labels.job_id_of(row)]
    if row.event is not None:
        wanted += [row.event.trace_id, row.event.subject_id]
    ids = activity.ids_of_references(scope.organization_ids, [one for one in wanted if one])
    events = activity.of_workspace(scope.organization_ids).filter(pk__in=ids[:MOST_RELATED])
    rows = [stream.of_event(event) for event in events]
    if wanted[0]:
        refused = refusals.of_workspace(scope.organization_ids).filter(job_id=wanted[0], agent_id=row.agent_id)
        rows += [stream.of_decision(decision) for decision in refused.order_by("-pk")[:MOST_RELATED]]
    rows = [one for one in rows if one.reference != row.reference]
    return labels.of(sorted(rows, key=lambda one: one.key, reverse=True), scope)
