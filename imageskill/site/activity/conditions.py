"""From a query to what is asked of the database: which index leads to it, and what has to fit besides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import reduce
from itertools import product
from operator import and_, or_
from typing import Final

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from accounts.models import Agent
from billing.models import Decision
from billing.windows import window
from creative import activity
from creative.catalogue import loader
from creative.models import Job
from imageskill.core.ids import moment_digits, prefix_of
from imageskill.core.models import IS_UNUSUAL, UNUSUAL, ActivityEvent
from imageskill.site.activity import refusals
from imageskill.site.activity.filters import ASKED, OUTCOMES, REFUSALS, REFUSED, amounts, span
from imageskill.site.activity.query import Fault, Query, Term, Word

COMPANIONS: Final = ("asset.created", "usage.credit_consumed")
"""What the end of a job brings along: shown in its drawer, and as rows of their own when asked for."""

MONEY: Final = {
    "in": ("credits.payment_backed_granted", "credits.payment_backed_reinstated"),
    "out": ("job.completed", "credits.payment_backed_refunded", "credits.payment_backed_disputed"),
}
MOST_ARMS: Final = 120
"""So many ranges of an index one query reads; SQLite joins at most 500."""
_LEADS: Final = ("status", "type", "agent_id")
"""Columns that an index leads by, the one that leads to the fewest events first."""
# A value and not EXISTS, which PostgreSQL may turn into a join that reads the jobs of everybody.
_JOB_MODEL: Final = Coalesce(
    Subquery(Job.objects.filter(pk=OuterRef("job_ref")).values("model_id")[:1]), Value("")
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose events, for whom: a workspace with the shells that it took in, its agents, and a clock."""

    organization_ids: tuple[str, ...]
    agents: tuple[Agent, ...]
    zone: tzinfo
    now: datetime
    is_viewer: bool = False
    """Viewers see no payer and take no prompts along."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What events and refusals have to fit.

    `agent_ids`, `types` or `statuses` (at most one of them, and of statuses unusual ones only) lead to the events
    by an index; `fits` is checked on each. Where that may pass over many, `is_cheap` is false and a reader has to
    set a floor first. Times are half-open. `refused` is None where no refusal can fit.
    """

    organization_ids: tuple[str, ...]
    start: datetime | None = None
    end: datetime | None = None
    before: str | None = None
    """The key of the stream that an event has to come before."""
    agent_ids: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    event_ids: tuple[str, ...] | None = None
    fits: Q = field(default_factory=Q)
    is_cheap: bool = True
    refused: Q | None = field(default_factory=Q)
    asked_agents: tuple[str, ...] | None = None
    """The agents that were asked for, whatever leads."""
    faults: tuple[Fault, ...] = ()

    def arms(self) -> Iterator[QuerySet[ActivityEvent]]:
        """Yield the events as ranges, each of which one index holds in the order of ids."""
        if self.event_ids is not None:
            yield self.events()
            return
        column, values = self._lead()
        for organization_id, value in product(self.organization_ids, values):
            rows = activity.of_workspace((organization_id,))
            yield self._within(rows.filter(**{column: value}) if column else rows)

    def events(self) -> QuerySet[ActivityEvent]:
        """Return the events in no order, without what has to fit."""
        rows = activity.of_workspace(self.organization_ids)
        rows = rows if self.event_ids is None else rows.filter(pk__in=self.event_ids)
        column, values = self._lead()
        return self._within(rows.filter(**{f"{column}__in": values}) if column else rows)

    def decisions(self) -> QuerySet[Decision]:
        """Return the refusals in no order."""
        if self.refused is None:
            return Decision.objects.none()
        rows = refusals.of_workspace(self.organization_ids).filter(self.refused)
        rows = rows if self.start is None else rows.filter(decided_at__gte=self.start)
        return rows if self.end is None else rows.filter(decided_at__lt=self.end)

    def during(self, start: datetime | None, end: datetime | None) -> "Conditions":
        """Return the same conditions for another time."""
        return replace(self, start=start, end=end)

    def _lead(self) -> tuple[str, tuple[str, ...]]:
        """Return the column that leads and its values; none leads: an empty column with one empty value."""
        told = zip(_LEADS, (self.statuses, self.types, self.agent_ids), strict=True)
        return next(((column, values) for column, values in told if values is not None), ("", ("",)))

    def _within(self, rows: QuerySet[ActivityEvent]) -> QuerySet[ActivityEvent]:
        # PostgreSQL knows by itself which statuses an index holds, and would take this for rarer than it is.
        if self.statuses is not None and connection.vendor == "sqlite":
            rows = rows.filter(IS_UNUSUAL)
        rows = rows.alias(job_ref=KeyTextTransform("job_id", "links")).alias(job_model=_JOB_MODEL)
        rows = rows if self.start is None else rows.filter(pk__gte=f"evt_{moment_digits(self.start)}")
        rows = rows if self.before is None else rows.filter(pk__lt=f"evt_{self.before}")
        return rows if self.end is None else rows.filter(pk__lt=f"evt_{moment_digits(self.end)}")


def of(query: Query, scope: Scope) -> Conditions:
    """Return the conditions of a query in a workspace; `faults` names the agents that it does not have."""
    builder = _Builder(scope)
    for token in query.tokens:
        if isinstance(token, Term):
            builder.take(token)
        elif isinstance(token, Word):
            builder.look_for(token)
    start, end = times(query.value("created"), scope)
    shows_all = query.value("show") == "all" or any(not term.negated for term in query.of("type"))
    return builder.built(start, end, shows_all=shows_all or query.value("id") is not None)


def times(value: str | None, scope: Scope) -> tuple[datetime | None, datetime | None]:
    """Return the instants between which a `created` value lies, in the zone of whoever asks."""
    if value is None:
        return None, None
    if value == "today":
        day = window("day", scope.now, scope.zone)
        return day.start, day.end
    if value in ("7d", "30d"):
        today = window("day", scope.now, scope.zone)
        first = scope.now.astimezone(scope.zone).date() - timedelta(days=int(value[:-1]) - 1)
        return _instant(first, time(), scope.zone), today.end
    low, high = span(value)
    start = _instant(low[0], low[1] or time(), scope.zone) if low else None
    if high is None:
        return start, None
    if high[1] is None:
        return start, _instant(high[0] + timedelta(days=1), time(), scope.zone)
    step = timedelta(seconds=1) if high[1].second else timedelta(minutes=1)
    return start, _instant(high[0], high[1], scope.zone) + step


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


class _Builder:
    """Collects what each filter asks of events and of refusals."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.leads: dict[str, set[str]] = {}
        self.event_ids: set[str] | None = None
        self.cheap: list[Q] = []
        self.heavy: list[Q] = []
        self.refused: list[Q] = []
        self.is_refusable = True
        self.faults: list[Fault] = []

    def take(self, term: Term) -> None:
        """Take one filter; the time and how much is shown are not taken here."""
        taker = getattr(self, f"_take_{term.key}", None)
        if taker is not None:
            taker(term)

    def look_for(self, word: Word) -> None:
        """Take a word: part of a summary, a type or an agent's name, or the whole of an id."""
        text = word.text
        called = [agent.pk for agent in self.scope.agents if text.lower() in agent.name.lower()]
        events = Q(summary__icontains=text) | Q(type__icontains=text) | Q(status__icontains=text)
        events |= Q(subject_id=text) | Q(trace_id=text) | Q(agent_id__in=[*called, text])
        refused = Q(reason__in=refusals.reasons_with(text)) | Q(job_id=text) | Q(agent_id__in=[*called, text])
        self.heavy.append(_signed(events, word.negated))
        self.refused.append(_signed(refused, word.negated))

    def built(self, start: datetime | None, end: datetime | None, *, shows_all: bool) -> Conditions:
        """Return the whole."""
        fits = [*self.cheap, *self.heavy]
        if not shows_all:
            fits.append(~Q(type__in=COMPANIONS))
        values = {column: tuple(sorted(found)) for column, found in self.leads.items()}
        most = MOST_ARMS // len(self.scope.organization_ids)
        lead = next((column for column in _LEADS if column in values and len(values[column]) <= most), None)
        others = [Q(**{f"{column}__in": found}) for column, found in values.items() if column != lead]
        return Conditions(
            organization_ids=self.scope.organization_ids,
            start=start,
            end=end,
            agent_ids=values["agent_id"] if lead == "agent_id" else None,
            types=values["type"] if lead == "type" else None,
            statuses=values["status"] if lead == "status" else None,
            event_ids=None if self.event_ids is None else tuple(sorted(self.event_ids)),
            fits=reduce(and_, [*fits, *others], Q()),
            is_cheap=not (self.heavy or others) or self.event_ids is not None,
            asked_agents=values.get("agent_id"),
            refused=reduce(and_, self.refused, Q()) if self.is_refusable else None,
            faults=tuple(self.faults),
        )

    def _lead(self, column: str, values: Sequence[str], *, negated: bool) -> None:
        """Have an index lead to some values, or pass over them."""
        if negated:
            self.heavy.append(~Q(**{f"{column}__in": values}))
        else:
            known = self.leads.get(column)
            self.leads[column] = set(values) if known is None else known & set(values)

    def _take_agent(self, term: Term) -> None:
        found = [agent.pk for agent in self.scope.agents if {agent.pk, agent.name} & set(term.values)]
        told = {text for agent in self.scope.agents for text in (agent.pk, agent.name)}
        strange = [value for value in term.values if value not in told]
        if strange:
            self.faults.append(Fault(str(term), f"No agent of this workspace is called {strange[0]}."))
        if not found:
            return
        self._lead("agent_id", found, negated=term.negated)
        self.refused.append(_signed(Q(agent_id__in=found), term.negated))

    def _take_type(self, term: Term) -> None:
        self._lead("type", [value for value in term.values if value not in REFUSALS], negated=term.negated)
        wanted = {REFUSED: Decision.Outcome.DENIED, ASKED: Decision.Outcome.APPROVAL}
        outcomes = [wanted[value] for value in term.values if value in wanted]
        self.refused.append(_signed(Q(outcome__in=outcomes), term.negated))

    def _take_model(self, term: Term) -> None:
        self._of_jobs(list(term.values), negated=term.negated)

    def _take_provider(self, term: Term) -> None:
        entries = loader.current().order
        self._of_jobs([entry.id for entry in entries if entry.provider_id in term.values], negated=term.negated)

    def _of_jobs(self, model_ids: list[str], *, negated: bool) -> None:
        self.heavy.append(_signed(Q(job_model__in=model_ids), negated))
        self.is_refusable = self.is_refusable and negated

    def _take_status(self, term: Term) -> None:
        known = [status for statuses in OUTCOMES.values() for status in statuses]
        wanted = [status for value in term.values for status in OUTCOMES.get(value, (value,))]
        if not term.negated and "ok" not in term.values and set(wanted) <= set(UNUSUAL):
            self._lead("status", wanted, negated=False)
        else:
            usual = ~Q(status__in=known) if "ok" in term.values else Q()
            self.heavy.append(_signed(Q(status__in=wanted) | usual, term.negated))
        outcomes = {"refused": Decision.Outcome.DENIED, "waiting": Decision.Outcome.APPROVAL}
        fitting = [outcomes[value] for value in term.values if value in outcomes]
        self.refused.append(_signed(Q(outcome__in=fitting), term.negated))

    def _take_actor(self, term: Term) -> None:
        self.heavy.append(_signed(Q(actor_type__in=term.values), term.negated))
        self.is_refusable = self.is_refusable and ("agent" in term.values) != term.negated

    def _take_money(self, term: Term) -> None:
        names = [name for value in term.values for name in MONEY[value]]
        if not term.negated:
            self._lead("type", names, negated=False)
            self.cheap.append(Q(credits__gt=0))
            self.is_refusable = False
        else:
            self.heavy.append(~Q(type__in=names, credits__gt=0))

    def _take_credits(self, term: Term) -> None:
        low, high = amounts(term.values[0])
        for column, wanted in (("credits", self.heavy), ("needed_credits", self.refused)):
            bounds = Q(**{f"{column}__isnull": False}) if column == "credits" else Q()
            bounds &= Q(**{f"{column}__gte": low}) if low is not None else Q()
            bounds &= Q(**{f"{column}__lte": high}) if high is not None else Q()
            wanted.append(_signed(bounds, term.negated))

    def _take_id(self, term: Term) -> None:
        found = set(activity.ids_of_references(self.scope.organization_ids, term.values))
        found |= {value for value in term.values if prefix_of(value) == "evt"}
        self.event_ids = found if self.event_ids is None else self.event_ids & found
        own = [pk for value in term.values if (pk := refusals.key_of(value)) is not None]
        self.refused.append(reduce(or_, [Q(job_id__in=term.values), Q(pk__in=own)]))


def _signed(condition: Q, negated: bool) -> Q:  # noqa: FBT001 - a sign
    return ~condition if negated else condition
