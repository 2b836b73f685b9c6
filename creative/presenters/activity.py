"""JSON shapes of the activity ledger. No presenter asks the database."""

from collections.abc import Sequence
from typing import Any, Final

from imageskill.core.instants import instant
from imageskill.core.models import ActivityEvent

SOURCE = "hosted_activity_ledger"
_MICROS = 1_000_000
_ALWAYS: Final[dict[str, Any]] = {
    "job_id": None,
    "asset_ids": [],
    "usage_event_id": None,
    "feedback_id": None,
}


def event_json(event: ActivityEvent) -> dict[str, Any]:
    """Return one event; the first four links are always there."""
    return {
        "event_id": event.pk,
        "type": event.type,
        "occurred_at": instant(event.occurred_at),
        "summary": event.summary,
        "operation": event.operation,
        "subject": {"type": event.subject_type, "id": event.subject_id},
        "links": {**_ALWAYS, **event.links},
        "status": event.status,
        "cost": _cost_json(event),
        "trace_id": event.trace_id,
    }


def _cost_json(event: ActivityEvent) -> dict[str, Any] | None:
    if event.cost_micros is None and event.credits is None:
        return None
    return {
        "estimated_usd": None if event.cost_micros is None else event.cost_micros / _MICROS,
        "credits": event.credits,
    }


def list_json(events: Sequence[ActivityEvent], cursor: str | None) -> dict[str, Any]:
    """Return a page of events."""
    return {"events": [event_json(event) for event in events], "source": SOURCE, "next_cursor": cursor}


def show_json(reference: str, exact: ActivityEvent | None, events: Sequence[ActivityEvent]) -> dict[str, Any]:
    """Return the events under a reference; `event` is set for an exact event id."""
    return {
        "request": {"reference": reference, "reference_type": "event_id" if exact else "subject"},
        "event": event_json(exact) if exact else None,
        "events": [event_json(event) for event in events],
        "source": SOURCE,
        "next_cursor": None,
    }
