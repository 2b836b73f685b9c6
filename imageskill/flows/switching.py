"""Staff moves a kill switch: the calls stop or go on, and whoever it touches finds it in the activity.

The move itself is `creative/switches.py`: every process reads it right before its next call of the provider.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from creative import switches
from creative.catalogue import loader
from creative.models import Job, KillSwitch
from creative.switches import Target
from imageskill.core import events
from imageskill.core.events import ActingFor, EventType
from imageskill.core.models import EventReference
from imageskill.core.units import unit_of_work

MOST_TOLD: Final = 500
"""So many workspaces get an event of one move, those with the oldest ids first."""
EVERYTHING: Final = "everything"
_LONGEST_SUMMARY: Final = 200


@dataclass(frozen=True, slots=True)
class Reach:
    """What stopping a target reaches now: jobs that end, jobs that finish, and how many workspaces wait."""

    queued: int
    running: int
    workspaces: int


def models_of(where: Target) -> list[str]:
    """Return the ids of the models that a target stops."""
    entries = loader.current().order
    return [
        entry.id for entry in entries if where.id == (entry.id if where.kind == "model" else entry.provider_id)
    ]


def providers() -> list[Target]:
    """Return every provider of the catalogue as a target: what EVERYTHING stops."""
    return [Target("provider", name) for name in sorted({entry.provider_id for entry in loader.current().order})]


def standing(where: Target) -> KillSwitch | None:
    """Return the switch of a target as it stands; None: it was never moved."""
    return KillSwitch.objects.filter(pk=str(where)).first()


def reach(targets: Iterable[Target]) -> Reach:
    """Return what stopping some targets would reach now; nothing is changed."""
    models = {model for where in targets for model in models_of(where)}
    rows = Job.objects.filter(model_id__in=models, state__in=(Job.State.QUEUED, Job.State.RUNNING))
    told = list(rows.values_list("state", "organization_id"))
    queued = [organization for state, organization in told if state == Job.State.QUEUED]
    return Reach(len(queued), len(told) - len(queued), len(set(queued)))


@unit_of_work
def move(
    targets: Iterable[Target], *, stopped: bool, reason: str, actor: ActingFor, version: int | None = None
) -> list[KillSwitch]:
    """Stop the calls of targets or let them through again, all in one transaction, and write who is touched.

    A stop is told to each workspace whose jobs wait for it and end now, its lifting to those that were told; both
    are kept once more under no workspace, as the service's own record. Targets that stand as wanted already stay
    as they are. `version` is the one that the person saw of a single target. SwitchMovedError: it moved since.
    """
    moved = []
    for where in targets:
        before = standing(where)
        if before is not None and version is None and before.is_on == stopped:
            continue
        touched = _waiting(where) if stopped else _told(where, before)
        moved.append(switches.move(where, stopped=stopped, reason=reason, actor=actor, version=version))
        for organization_id in ("", *touched):
            _record(where, actor, organization_id, stopped=stopped, reason=reason)
    return moved


def _waiting(where: Target) -> list[str]:
    queued = Job.objects.filter(state=Job.State.QUEUED, model_id__in=models_of(where))
    found = queued.order_by("organization_id").values_list("organization_id", flat=True).distinct()
    return list(found[:MOST_TOLD])


def _told(where: Target, before: KillSwitch | None) -> list[str]:
    """Return the workspaces that were told of the stop that ends now."""
    if before is None or not before.is_on:
        return []
    told = EventReference.objects.filter(
        reference=str(where), agent_id="", event__occurred_at__gte=before.changed_at, event__status="stopped"
    ).exclude(organization_id="")
    return sorted(set(told.values_list("organization_id", flat=True)[:MOST_TOLD]))


def _record(where: Target, actor: ActingFor, organization_id: str, *, stopped: bool, reason: str) -> None:
    said = f"Calls of {where.id} stopped by staff: {reason}" if stopped else f"Calls of {where.id} go on"
    events.record(
        EventType.PROVIDER_SWITCHED,
        actor=actor,
        organization_id=organization_id,
        agent_id="",
        subject_id=str(where),
        operation="switch",
        status="stopped" if stopped else "open",
        summary=said[:_LONGEST_SUMMARY],
    )
