"""Staff moves a kill switch: the calls stop or go on, and whoever it touches finds it in the activity.

The move itself is `creative/switches.py`: every process reads it right before its next call of the provider, and
whoever moves one, the service itself and `manage.py switch` included, writes the same events.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from creative import switches
from creative.catalogue import loader
from creative.models import Job, KillSwitch
from creative.switches import Target
from imageskill.core.events import ActingFor
from imageskill.core.units import unit_of_work

EVERYTHING: Final = "everything"


@dataclass(frozen=True, slots=True)
class Reach:
    """What stopping a target reaches now: jobs that end, jobs that finish, and how many workspaces wait."""

    queued: int
    running: int
    workspaces: int


def providers() -> list[Target]:
    """Return every provider of the catalogue as a target: what EVERYTHING stops."""
    return [Target("provider", name) for name in sorted({entry.provider_id for entry in loader.current().order})]


def standing(where: Target) -> KillSwitch | None:
    """Return the switch of a target as it stands; None: it was never moved."""
    return KillSwitch.objects.filter(pk=str(where)).first()


def reach(targets: Iterable[Target]) -> Reach:
    """Return what stopping some targets would reach now; nothing is changed."""
    models = {model for where in targets for model in switches.models_of(where)}
    rows = Job.objects.filter(model_id__in=models, state__in=(Job.State.QUEUED, Job.State.RUNNING))
    told = list(rows.values_list("state", "organization_id"))
    queued = [organization for state, organization in told if state == Job.State.QUEUED]
    return Reach(len(queued), len(told) - len(queued), len(set(queued)))


@unit_of_work
def move(
    targets: Iterable[Target], *, stopped: bool, reason: str, actor: ActingFor, version: int | None = None
) -> list[KillSwitch]:
    """Stop the calls of targets or let them through again, all in one transaction.

    Targets that stand as wanted already stay as they are. `version` is the one that the person saw of a single
    target. SwitchMovedError: it moved since.
    """
    moved = []
    for where in targets:
        before = standing(where)
        if before is not None and version is None and before.is_on == stopped:
            continue
        moved.append(switches.move(where, stopped=stopped, reason=reason, actor=actor, version=version))
    return moved
