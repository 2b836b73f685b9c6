"""What an owner allows an agent to spend: caps in the owner's time zone, a threshold, models, an end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Sum, When

from accounts import organizations
from accounts.models import Agent
from billing import ledger
from billing.models import Hold, Mandate, SpendBucket
from billing.windows import NAMES, window
from imageskill.core import events
from imageskill.core.errors import invalid_fields
from imageskill.core.events import ActingFor, EventType
from imageskill.core.instants import zone_names
from imageskill.core.messages import Statement, ask
from imageskill.core.statements import Select
from imageskill.core.units import database_now, unit_of_work

WINDOWS: Final = ("per_job", "day", "week", "month", "lifetime")
"""From the shortest to the longest; a longer one never has the lower cap."""
SPLITTING: Final = timedelta(minutes=60)
"""How far back spending that nobody approved counts towards the threshold, so that splitting does not evade it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an owner sets; None is no limit. Caps and the threshold are credits."""

    cap_per_job: int | None = None
    cap_day: int | None = None
    cap_week: int | None = None
    cap_month: int | None = None
    cap_lifetime: int | None = None
    time_zone: str = "UTC"
    approval_threshold: int | None = None
    allowed_models: tuple[str, ...] | None = None
    ends_at: datetime | None = None

    @classmethod
    def of(cls, mandate: "Mandate | None") -> "Terms":
        """Return what a version says; without one nothing is limited."""
        if mandate is None:
            return cls()
        models = mandate.allowed_models
        return cls(
            **{f"cap_{name}": getattr(mandate, f"cap_{name}") for name in WINDOWS},
            time_zone=mandate.time_zone,
            approval_threshold=mandate.approval_threshold,
            allowed_models=tuple(models) if models is not None else None,
            ends_at=mandate.ends_at,
        )


@dataclass(frozen=True, slots=True)
class Counter:
    """One window of a mandate at one instant, in credits."""

    window: str
    cap: int | None
    used: int
    held: int
    resets_at: datetime | None

    @property
    def remaining(self) -> int | None:
        """What may still be held; None without a cap, never below zero after a cap was lowered."""
        return None if self.cap is None else max(0, self.cap - self.used - self.held)

    def allows(self, needed: int) -> bool:
        """Say whether so many more credits stay within the cap."""
        return self.cap is None or self.used + self.held + needed <= self.cap

    def as_json(self) -> dict[str, Any]:
        """Return the counter as a decision keeps it."""
        return {
            "cap": self.cap,
            "used": self.used,
            "held": self.held,
            "resets_at": self.resets_at.astimezone(UTC).isoformat() if self.resets_at else None,
        }


@unit_of_work
def set_terms(*, agent: Agent, terms: Terms, actor: ActingFor, summary: str = "Limits set") -> Mandate:
    """Put a new version in force, at once for every hold that is placed after it.

    INVALID_ARGUMENTS: a negative number, a longer window with the lower cap, no such time zone. What was spent
    stays as it was: a cap never rewrites it. `summary` is what its event says.
    """
    _check(terms)
    organizations.lock(agent.organization_id)
    earlier = current(agent_id=agent.pk, organization_id=agent.organization_id)
    # By the clock that dates the holds: what was held before this version must not count as held after it.
    now = database_now()
    mandate = Mandate.objects.create(
        agent=agent,
        organization_id=agent.organization_id,
        version=earlier.version + 1 if earlier else 1,
        cap_per_job=terms.cap_per_job,
        cap_day=terms.cap_day,
        cap_week=terms.cap_week,
        cap_month=terms.cap_month,
        cap_lifetime=terms.cap_lifetime,
        time_zone=terms.time_zone,
        approval_threshold=terms.approval_threshold,
        allowed_models=list(terms.allowed_models) if terms.allowed_models is not None else None,
        ends_at=terms.ends_at,
        lifetime_starts_at=earlier.lifetime_starts_at if earlier else now,
        actor_type=actor.actor_type,
        actor_id=actor.actor_id,
        created_at=now,
    )
    events.record(
        EventType.MANDATE_SET,
        actor=actor,
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        subject_id=agent.pk,
        operation="mandate.set",
        status=f"version {mandate.version}",
        summary=summary,
    )
    return mandate


def raised(before: Terms, after: Terms) -> tuple[str, ...]:
    """Return the names of the limits that `after` lets go further than `before`; a lowered one is none.

    Another time zone begins its windows elsewhere, so it counts as raised where there is a cap of a window.
    """
    names = [
        name
        for name in (*(f"cap_{part}" for part in WINDOWS), "approval_threshold", "ends_at")
        if _is_wider(getattr(before, name), getattr(after, name))
    ]
    if before.allowed_models is not None and (
        after.allowed_models is None or not set(after.allowed_models) <= set(before.allowed_models)
    ):
        names.append("allowed_models")
    windowed = any(getattr(before, f"cap_{name}") is not None for name in ("day", "week", "month"))
    if windowed and before.time_zone != after.time_zone:
        names.append("time_zone")
    return tuple(names)


def _is_wider(before: Any, after: Any) -> bool:  # noqa: ANN401 - credits or instants
    return before is not None and (after is None or after > before)


def _check(terms: Terms) -> None:
    problems: dict[str, list[str]] = {}
    before: tuple[str, int] | None = None
    for name in (*(f"cap_{part}" for part in WINDOWS), "approval_threshold"):
        value = getattr(terms, name)
        if value is None:
            continue
        if value < 0:
            problems[name] = ["must not be negative"]
        elif before is not None and name != "approval_threshold" and value < before[1]:
            problems[name] = [f"must not be below {before[0]} ({before[1]})"]
        elif name != "approval_threshold":
            before = (name, value)
    if terms.time_zone not in zone_names():
        problems["time_zone"] = ["must be an IANA time zone, such as Europe/Berlin"]
    if problems:
        raise invalid_fields(problems)


_LATEST: Final = Select(
    lambda agent_id, organization_id: Mandate.objects.filter(
        agent_id=agent_id, organization_id=organization_id
    ).order_by("-version")[:1]
)


def current(*, agent_id: str, organization_id: str) -> Mandate | None:
    """Return the version in force; None: no owner has set anything."""
    return ask(asked(agent_id=agent_id, organization_id=organization_id))


def asked(*, agent_id: str, organization_id: str) -> Statement[Mandate | None]:
    """Return the statement behind `current`, to be sent with others."""
    return _LATEST.asked_first(agent_id=agent_id, organization_id=organization_id)


def versions(*, agent_id: str, organization_id: str) -> QuerySet[Mandate]:
    """Return all versions of an agent's limits, the latest first."""
    rows = Mandate.objects.filter(agent_id=agent_id, organization_id=organization_id)
    return rows.order_by("-version")


def current_of(organization_id: str, agent_ids: Iterable[str]) -> dict[str, Mandate]:
    """Return the versions in force of several agents of an organization, in one query."""
    later = Mandate.objects.filter(
        agent_id=OuterRef("agent_id"), organization_id=organization_id, version__gt=OuterRef("version")
    )
    rows = Mandate.objects.filter(~Exists(later), organization_id=organization_id, agent_id__in=list(agent_ids))
    return {mandate.agent_id: mandate for mandate in rows}


def zone_of(mandate: Mandate | None) -> tzinfo:
    """Return the time zone in which an agent's windows begin."""
    return ZoneInfo(mandate.time_zone) if mandate is not None else UTC


def counters(mandate: Mandate, at: datetime) -> list[Counter]:
    """Return every window at an instant; read under the organization's lock they are exact."""
    told = [Counter("per_job", mandate.cap_per_job, 0, 0, None)]
    for name in ("day", "week", "month"):
        span = window(name, at, zone_of(mandate))
        used, held = _sums(mandate, span.start, span.end)
        told.append(Counter(name, getattr(mandate, f"cap_{name}"), used, held, span.end))
    used, held = _lifetime(mandate)
    return [*told, Counter("lifetime", mandate.cap_lifetime, used, held, None)]


def _sums(mandate: Mandate, start: datetime, end: datetime | None) -> tuple[int, int]:
    buckets = SpendBucket.objects.filter(
        agent_id=mandate.agent_id, organization_id=mandate.organization_id, start__gte=start
    )
    if end is not None:
        buckets = buckets.filter(start__lt=end)
    sums = buckets.aggregate(used=Sum("settled_credits"), held=Sum("held_credits"))
    return sums["used"] or 0, sums["held"] or 0


def _lifetime(mandate: Mandate) -> tuple[int, int]:
    """Return the sums since the first version: whole buckets, less what the first one held before it."""
    starts_at = mandate.lifetime_starts_at
    bucket = ledger.bucket_start(starts_at)
    used, held = _sums(mandate, bucket, None)
    before = Hold.objects.filter(
        agent_id=mandate.agent_id,
        organization_id=mandate.organization_id,
        authorised_at__gte=bucket,
        authorised_at__lt=starts_at,
    )
    for hold in before:
        used -= hold.settled_credits
        held -= hold.credits if hold.state == Hold.State.OPEN else 0
    return used, held


def counters_of(mandates: Sequence[Mandate], at: datetime) -> dict[str, list[Counter]]:
    """Return by agent what `counters` returns for each mandate of one organization; two queries for all."""
    if not mandates:
        return {}
    windowed: dict[str, Q] = {name: Q() for name in (*NAMES, "lifetime")}
    early = Q()
    for mandate in mandates:
        own = Q(agent_id=mandate.agent_id, organization_id=mandate.organization_id)
        for name in NAMES:
            span = window(name, at, zone_of(mandate))
            windowed[name] |= own & Q(start__gte=span.start, start__lt=span.end)
        bucket = ledger.bucket_start(mandate.lifetime_starts_at)
        windowed["lifetime"] |= own & Q(start__gte=bucket)
        early |= own & Q(authorised_at__gte=bucket, authorised_at__lt=mandate.lifetime_starts_at)
    sums = {
        f"{name}_{word}": Sum(column, filter=inside)
        for name, inside in windowed.items()
        for word, column in (("used", "settled_credits"), ("held", "held_credits"))
    }
    rows = SpendBucket.objects.filter(
        agent_id__in=[mandate.agent_id for mandate in mandates],
        organization_id__in={mandate.organization_id for mandate in mandates},
    )
    found: dict[str, dict[str, Any]] = {
        row["agent_id"]: dict(row) for row in rows.order_by().values("agent_id").annotate(**sums)
    }
    before = list(Hold.objects.filter(early))
    return {mandate.agent_id: _told(mandate, found.get(mandate.agent_id, {}), before, at) for mandate in mandates}


def _told(mandate: Mandate, row: dict[str, Any], before: Iterable[Hold], at: datetime) -> list[Counter]:
    own = [hold for hold in before if hold.agent_id == mandate.agent_id]
    early = {
        "used": sum(hold.settled_credits for hold in own),
        "held": sum(hold.credits for hold in own if hold.state == Hold.State.OPEN),
    }

    def counter(name: str, ends: datetime | None, less: dict[str, int]) -> Counter:
        used, held = ((row.get(f"{name}_{word}") or 0) - less.get(word, 0) for word in ("used", "held"))
        return Counter(name, getattr(mandate, f"cap_{name}"), used, held, ends)

    zone = zone_of(mandate)
    inner = [counter(name, window(name, at, zone).end, {}) for name in NAMES]
    return [Counter("per_job", mandate.cap_per_job, 0, 0, None), *inner, counter("lifetime", None, early)]


def unapproved_recently(mandate: Mandate, at: datetime) -> int:
    """Return the credits that the agent held or spent in the last hour without an owner's approval."""
    return unapproved_recently_of([mandate], at).get(mandate.agent_id, 0)


def unapproved_recently_of(mandates: Sequence[Mandate], at: datetime) -> dict[str, int]:
    """Return the same by agent for several mandates of one organization, in one query; without the zeros."""
    if not mandates:
        return {}
    own = Q()
    for mandate in mandates:
        own |= Q(
            agent_id=mandate.agent_id,
            organization_id=mandate.organization_id,
            authorised_at__gte=mandate.lifetime_starts_at,
        )
    recent = Hold.objects.filter(own, authorised_at__gt=at - SPLITTING).exclude(state=Hold.State.RELEASED)
    spent = Case(When(state=Hold.State.OPEN, then=F("credits")), default=F("settled_credits"))
    rows = recent.exclude(decision__approved=True).order_by().values("agent_id").annotate(spent=Sum(spent))
    return {row["agent_id"]: row["spent"] for row in rows}


def as_json(counted: Iterable[Counter]) -> dict[str, Any]:
    """Return counters as a decision keeps them."""
    return {counter.window: counter.as_json() for counter in counted}
