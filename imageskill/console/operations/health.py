"""How the providers, the queue and the clock do, from the rows that the work itself leaves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from accounts import staff
from creative import offers, queue, registry, slots
from creative.catalogue.selection import Row
from creative.models import Attempt, Job, KillSwitch
from creative.queue import DurableRunner
from creative.switches import SERVICE
from imageskill.core.errors import ErrorCode
from imageskill.core.ids import prefix_of
from imageskill.core.models import PeriodicRun

MOST_CALLS: Final = 5_000
"""So many calls, the newest, are looked at for the rates."""
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
_ENDED: Final = (Attempt.State.DONE, Attempt.State.FAILED, Attempt.State.HOUSE_EXPOSURE)
_FAULTS: Final = frozenset(
    code.name
    for code in (
        ErrorCode.PROVIDER_FAILURE,
        ErrorCode.PROVIDER_UNAVAILABLE,
        ErrorCode.TIMEOUT,
        ErrorCode.ARTIFACT_STORAGE_WRITE_FAILED,
        ErrorCode.INTERNAL_ERROR,
    )
)
"""Errors that are not the caller's: a refusal by policy or a cancel is none."""
_ALIVE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a provider that has ended."""

    model_id: str
    ended_at: datetime
    took: timedelta
    is_fault: bool
    is_done: bool


@dataclass(frozen=True, slots=True)
class Rates:
    """Of the calls of some time: how many, how many failed by a fault of the provider or ours, and the p95."""

    calls: int
    faults: int
    p95_seconds: int | None
    """Whole seconds, rounded up, that 95 of 100 calls with a picture stayed within; None without one."""

    @property
    def percent(self) -> int:
        """Return the faults in per cent, rounded up, so that one fault is always seen."""
        return -(-100 * self.faults // self.calls) if self.calls else 0


@dataclass(frozen=True, slots=True)
class Line:
    """A provider or a model: what it is worth now, and how it does."""

    id: str
    target: str
    switch: KillSwitch | None
    running: int
    queued: int
    hour: Rates
    day: Rates
    who: str
    """Who moved its switch last: a colleague, the operator, or the service; empty where it was never moved."""

    @property
    def is_stopped(self) -> bool:
        """Whether its switch lets no call through."""
        return self.switch is not None and self.switch.is_on


@dataclass(frozen=True, slots=True)
class ModelLine(Line):
    """A model: its standing, and the version of its price."""

    row: Row

    @property
    def price_version(self) -> str:
        """Return the version of its price, without the model's own name before it."""
        return self.row.entry.price.version.removeprefix(f"{self.id}/")


@dataclass(frozen=True, slots=True)
class ProviderLine(Line):
    """A provider: whether code and key are there, how many calls it may have at once, and its models."""

    is_wired: bool
    needs_key: bool
    has_key: bool
    slots: int | None
    models: list[ModelLine]

    @property
    def can_be_called(self) -> bool:
        """Whether a call of any of its models would be made now."""
        return any(model.row.available for model in self.models)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits and what runs, and who works on it; `workers` is None where the web processes do it."""

    queued: int
    running: int
    oldest_at: datetime | None
    workers: int | None
    is_healthy: bool


def providers() -> list[ProviderLine]:
    """Return every provider with its models, in the catalogue's order; seven queries."""
    rows = offers.rows()
    switches = {switch.pk: switch for switch in KillSwitch.objects.all()}
    loads = {(model, state): count for model, state, count, _ in _unfinished()}
    calls = _calls()
    people = staff.colleagues()
    now = timezone.now()
    by_provider: dict[str, list[Row]] = {}
    for row in rows:
        by_provider.setdefault(row.entry.provider_id, []).append(row)

    def told(kind: str, name: str, models: Sequence[Row]) -> dict[str, object]:
        ids = {row.entry.id for row in models}
        own = [call for call in calls if call.model_id in ids]
        return {
            "id": name,
            "target": f"{kind}:{name}",
            "switch": switches.get(f"{kind}:{name}"),
            "running": sum(loads.get((model, Job.State.RUNNING), 0) for model in ids),
            "queued": sum(loads.get((model, Job.State.QUEUED), 0) for model in ids),
            "hour": rates(call for call in own if call.ended_at > now - HOUR),
            "day": rates(call for call in own if call.ended_at > now - DAY),
            "who": _mover(switches.get(f"{kind}:{name}"), people),
        }

    return [
        ProviderLine(
            **told("provider", name, models),  # type: ignore[arg-type]
            is_wired=name in registry.wired(),
            needs_key=any(row.entry.requires_key for row in models),
            has_key=name in registry.configured(),
            slots=slots.limit_of(name),
            models=[ModelLine(**told("model", row.entry.id, [row]), row=row) for row in models],  # type: ignore[arg-type]
        )
        for name, models in by_provider.items()
    ]


def _mover(switch: KillSwitch | None, people: dict[str, str]) -> str:
    if switch is None:
        return ""
    if switch.kind == KillSwitch.Kind.AUTOMATIC or switch.actor_id == SERVICE.actor_id:
        return "the service itself"
    if prefix_of(switch.actor_id) == "usr":
        return people.get(switch.actor_id, "a former colleague")
    return f"the {switch.actor_id}, on the command line"


def rates(calls: Iterable[Call]) -> Rates:
    """Return the rates of some calls."""
    listed = list(calls)
    took = sorted(call.took for call in listed if call.is_done)
    p95 = took[-(-95 * len(took) // 100) - 1] if took else None
    seconds = None if p95 is None else -(-p95 // timedelta(seconds=1))
    return Rates(len(listed), sum(call.is_fault for call in listed), seconds)


def _calls() -> list[Call]:
    """Return the newest calls that have ended, by their own row's order: no index of times is needed."""
    rows = Attempt.objects.order_by("-pk").values_list(
        "state", "started_at", "finished_at", "job__model_id", "job__error_code"
    )
    return [
        Call(
            model,
            ended,
            ended - began,
            state != Attempt.State.DONE and code in _FAULTS,
            state == Attempt.State.DONE,
        )
        for state, began, ended, model, code in rows[:MOST_CALLS]
        if ended is not None and state in _ENDED
    ]


def _unfinished() -> list[tuple[str, str, int, datetime]]:
    """Return model, state, count and the oldest instant of the jobs that wait or run."""
    rows = Job.objects.filter(Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING)).order_by()
    grouped = rows.values_list("model_id", "state").annotate(count=Count("pk"), oldest=Min("created_at"))
    return [(model, state, count, oldest) for model, state, count, oldest in grouped]


def queue_now() -> Queue:
    """Return the depth of the queue, its oldest job, and whether somebody works; two queries."""
    groups = _unfinished()
    waiting = [(count, oldest) for _, state, count, oldest in groups if state == Job.State.QUEUED]
    durable = isinstance(queue.runner(), DurableRunner)
    workers = _workers() if durable else None
    return Queue(
        queued=sum(count for count, _ in waiting),
        running=sum(count for _, state, count, _ in groups if state == Job.State.RUNNING),
        oldest_at=min((oldest for _, oldest in waiting), default=None),
        workers=workers,
        is_healthy=workers > 0 if workers is not None else queue.runner().is_healthy(),
    )


def _workers() -> int:
    """Return how many worker processes have shown a sign of life within a minute."""
    beats = "SELECT COUNT(*) FROM procrastinate_workers WHERE last_heartbeat > now() - %s * interval '1 s'"
    with connection.cursor() as cursor:
        cursor.execute(beats, [_ALIVE_SECONDS])
        (count,) = cursor.fetchone() or (0,)
    return int(count)


def troubled_works() -> list[PeriodicRun]:
    """Return the periodic works that fail, or are late by more than five minutes."""
    late = timezone.now() - timedelta(minutes=5)
    rows = PeriodicRun.objects.filter(Q(failures__gt=0) | Q(due_at__lt=late, leased_until=None))
    return list(rows.order_by("name")[:20])


def threads_of_a_process() -> int:
    """Return how many jobs one process runs at once where web processes do it."""
    return int(settings.JOB_THREADS)
