"""Reading the activity ledger: an agent sees its own events, and only the types that its contract knows.

The members of a workspace see all events of its agents, through `of_workspace`.
"""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from accounts.actor import Actor
from imageskill.core import events
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent, EventReference

_LONGEST_REFERENCE = 128
_MOST_OF_A_SUBJECT = 100
_MOST_REFERENCED = 500


def visible_to(actor: Actor, *, latest: bool) -> QuerySet[ActivityEvent]:
    """Return the caller's events; without `latest` only those of the seed's closed registry."""
    own = ActivityEvent.objects.filter(agent_id=actor.actor_id, organization_id__in=actor.organization_ids)
    return own if latest else own.filter(type__in=events.SEED_NAMES)


def of_workspace(organization_ids: Sequence[str]) -> QuerySet[ActivityEvent]:
    """Return the events of a workspace, for its members: `organization_ids` is the workspace and its shells."""
    if len(organization_ids) == 1:
        return ActivityEvent.objects.filter(organization_id=organization_ids[0])
    return ActivityEvent.objects.filter(organization_id__in=organization_ids)


def ids_of_references(organization_ids: Sequence[str], references: Sequence[str]) -> list[str]:
    """Return the ids of a workspace's events that carry any of these references, newest first, 500 at most."""
    wanted = [text[:_LONGEST_REFERENCE] for text in references if _can_be_reference(text)]
    found = EventReference.objects.filter(reference__in=wanted, organization_id__in=organization_ids)
    return list(found.order_by("-event_id").values_list("event_id", flat=True)[:_MOST_REFERENCED])


def of_subject(rows: QuerySet[ActivityEvent], actor: Actor, reference: str) -> QuerySet[ActivityEvent]:
    """Narrow events to those that carry a reference: a job, an asset, a usage, a trace, ..."""
    if not _can_be_reference(reference):
        return rows.none()
    return rows.filter(
        Q(references__reference=reference[:_LONGEST_REFERENCE], references__agent_id=actor.actor_id)
    )


def _can_be_reference(text: str) -> bool:
    """Say whether a text may be asked for: PostgreSQL refuses NUL, and no reference holds anything unprintable."""
    return text.isascii() and text.isprintable()


def of_type(rows: QuerySet[ActivityEvent], name: str, *, latest: bool) -> QuerySet[ActivityEvent]:
    """Narrow events to one type. INVALID_ARGUMENTS: the caller's registry does not know it."""
    known = events.BY_NAME if latest else events.SEED_NAMES
    if name not in known:
        raise invalid_fields({"type": [f"must be one of {', '.join(sorted(known))}"]})
    return rows.filter(type=name)


def find(actor: Actor, reference: str, *, latest: bool) -> tuple[ActivityEvent | None, list[ActivityEvent]]:
    """Return the event of an exact id and the events to show, else those of the subject, newest first.

    ACTIVITY_NOT_FOUND: nothing under this reference for this caller.
    """
    rows = visible_to(actor, latest=latest)
    exact = rows.filter(pk=reference).first() if prefix_of(reference) == "evt" else None
    if exact is not None:
        return exact, [exact]
    found = list(of_subject(rows, actor, reference).order_by("-pk")[:_MOST_OF_A_SUBJECT])
    if not found:
        raise ApiError(
            ErrorCode.ACTIVITY_NOT_FOUND,
            suggested_command="image-skill activity list --limit 20 --json",
        )
    return None, found
