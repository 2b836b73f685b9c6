"""How many of each kind the query has, counted over its newest events, so that counting never takes long."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Concat

from creative.catalogue import loader
from creative.models import Job
from imageskill.site.activity import stream
from imageskill.site.activity.conditions import MONEY, Conditions, Scope
from imageskill.site.activity.filters import ASKED, REFUSED, outcome_of
from imageskill.site.activity.query import Query

WINDOW: Final = 5_000
"""So many of the newest events are counted."""
CAP: Final = 1_000
"""What is more is told as more."""
_LONGEST: Final = 8
"""So many values a facet shows before the rest of it."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet, and the queries that it leads to."""

    name: str
    label: str
    count: str
    only: str
    excluding: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One kind of values, the most frequent first."""

    key: str
    label: str
    values: tuple[Value, ...]

    @property
    def first(self) -> tuple[Value, ...]:
        """What is shown at once."""
        return self.values[:_LONGEST]

    @property
    def rest(self) -> tuple[Value, ...]:
        """What is shown on a wish."""
        return self.values[_LONGEST:]


@dataclass(frozen=True, slots=True)
class Counted:
    """All facets, and whether older events than were counted fit the query too."""

    facets: tuple[Facet, ...]
    is_partial: bool


def of(query: Query, conditions: Conditions, scope: Scope) -> Counted:
    """Count what fits a query. Three queries and one an organization, of so many rows as the window holds."""
    floor = stream.floor_of(conditions, WINDOW)
    counted = stream.above(conditions, floor)
    sums: dict[str, Counter[str]] = {key: Counter() for key, _ in _FACETS}
    _count_events(counted, sums)
    _count_refusals(counted, sums)
    _count_models(counted, sums)
    names = {agent.pk: agent.name for agent in scope.agents}
    partial = floor is not None
    facets = []
    for key, label in _FACETS:
        ordered = sorted(sums[key].items(), key=lambda pair: (-pair[1], pair[0]))
        values = [_value(query, key, name, count, names, partial=partial) for name, count in ordered if name]
        facets.append(Facet(key, label, tuple(values)))
    return Counted(tuple(facet for facet in facets if facet.values), partial)


_FACETS: Final = (
    ("agent", "Agent"),
    ("status", "Outcome"),
    ("type", "What"),
    ("model", "Model"),
    ("provider", "Provider"),
    ("actor", "By"),
    ("money", "Money"),
)


def _count_events(conditions: Conditions, sums: dict[str, Counter[str]]) -> None:
    # Each organization by itself and grouped by a made word: else SQLite reads every event there is, because a
    # range of several organizations looks long to it, and an index in the order of the groups convenient.
    for organization_id in conditions.organization_ids:
        own = replace(conditions, organization_ids=(organization_id,))
        rows = own.events().filter(conditions.fits).annotate(whose=Concat("agent_id", models.Value("")))
        groups = rows.values("whose", "type", "status", "actor_type").annotate(
            all=Count("pk"), moved=Count("pk", filter=Q(credits__gt=0))
        )
        for group in groups.order_by():
            count = group["all"]
            sums["agent"][group["whose"]] += count
            sums["type"][group["type"]] += count
            sums["status"][outcome_of(group["status"])] += count
            sums["actor"][group["actor_type"]] += count
            for way, types in MONEY.items():
                if group["type"] in types and group["moved"]:
                    sums["money"][way] += group["moved"]


def _count_refusals(conditions: Conditions, sums: dict[str, Counter[str]]) -> None:
    newest = conditions.decisions().order_by("-decided_at", "-pk").values_list("agent_id", "outcome")[:WINDOW]
    for agent_id, outcome in newest:
        is_denied = outcome == "denied"
        sums["agent"][agent_id] += 1
        sums["type"][REFUSED if is_denied else ASKED] += 1
        sums["status"]["refused" if is_denied else "waiting"] += 1
        sums["actor"]["agent"] += 1


def _count_models(conditions: Conditions, sums: dict[str, Counter[str]]) -> None:
    """Count the models of the ended jobs among what fits."""
    # A value and no join, for which PostgreSQL may read all jobs.
    model = Subquery(Job.objects.filter(pk=OuterRef("subject_id")).values("model_id")[:1])
    ended = conditions.events().filter(conditions.fits, type="job.completed").annotate(model=model)
    counted = ended.values("model").annotate(count=Count("subject_id", distinct=True)).order_by()
    providers = {entry.id: entry.provider_id for entry in loader.current().order}
    for group in counted:
        name = group["model"] or ""
        sums["model"][name] += group["count"]
        sums["provider"][providers.get(name, "")] += group["count"]


def _value(query: Query, key: str, name: str, count: int, names: dict[str, str], *, partial: bool) -> Value:
    label = names.get(name, name) if key == "agent" else name
    typed = typed_agent(name, names) if key == "agent" else name
    return Value(
        name=typed,
        label=label,
        count=f"{CAP:,}+" if count > CAP else f"{count:,}{'+' * partial}",
        only=str(query.only(key, typed)),
        excluding=str(query.excluding(key, typed)),
        is_chosen=any(not term.negated and typed in term.values for term in query.of(key)),
    )


def typed_agent(agent_id: str, names: dict[str, str]) -> str:
    """Return what names an agent in a query: its name where no other has it, else its id."""
    name = names.get(agent_id)
    return name if name and list(names.values()).count(name) == 1 else agent_id
