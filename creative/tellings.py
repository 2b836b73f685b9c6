"""Who is told what was done to a provider, a model or its price: the workspaces that it touches.

Each is told by an event of the transaction that did it; one more, under no workspace, is the service's own record.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from django.utils import timezone

from creative.models import Job
from imageskill.core import events
from imageskill.core.events import ActingFor, EventType
from imageskill.core.models import ActivityEvent, EventReference

LATELY: Final = timedelta(days=30)
MOST_TOLD: Final = 500
"""So many workspaces get an event of one act, those with the oldest ids first."""
_LONGEST_SUMMARY: Final = 200


def of_price(model_id: str, version: str, *, reason: str, actor: ActingFor) -> None:
    """Tell the workspaces that have used a model lately that it has another price."""
    recent = Job.objects.filter(model_id=model_id, created_at__gt=timezone.now() - LATELY)
    found = recent.order_by("organization_id").values_list("organization_id", flat=True).distinct()
    said = f"Price of {model_id} changed: {reason}"
    _record(EventType.PRICE_CHANGED, found[:MOST_TOLD], actor, version, "price", "changed", said)


def of_switch(target: str, models: Sequence[str], *, stopped: bool, reason: str, actor: ActingFor) -> None:
    """Tell of a stop each workspace whose jobs wait for it and end now; of its lifting, those that were told."""
    named = target.partition(":")[2]
    said = f"Calls of {named} stopped: {reason}" if stopped else f"Calls of {named} go on"
    touched = _waiting(models) if stopped else _told(target)
    status = "stopped" if stopped else "open"
    _record(EventType.PROVIDER_SWITCHED, touched, actor, target, "switch", status, said)


def _waiting(models: Sequence[str]) -> list[str]:
    queued = Job.objects.filter(state=Job.State.QUEUED, model_id__in=models)
    found = queued.order_by("organization_id").values_list("organization_id", flat=True).distinct()
    return list(found[:MOST_TOLD])


def _told(target: str) -> list[str]:
    """Return the workspaces that were told of the stops since the target was last open."""
    own = ActivityEvent.objects.filter(references__reference=target, organization_id="")
    opened = own.filter(status="open").order_by("-pk").values_list("pk", flat=True).first()
    told = EventReference.objects.filter(reference=target, agent_id="", event__status="stopped")
    since = told.filter(event__gt=opened) if opened else told
    found = since.exclude(organization_id="").values_list("organization_id", flat=True)
    return sorted(set(found[:MOST_TOLD]))


def _record(
    event_type: EventType,
    organization_ids: Iterable[str],
    actor: ActingFor,
    subject_id: str,
    operation: str,
    status: str,
    summary: str,
) -> None:
    for organization_id in ("", *organization_ids):
        events.record(
            event_type,
            actor=actor,
            organization_id=organization_id,
            agent_id="",
            subject_id=subject_id,
            operation=operation,
            status=status,
            summary=summary[:_LONGEST_SUMMARY],
        )
