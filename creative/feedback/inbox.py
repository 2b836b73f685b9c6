"""The numbers of the inbox: how much each tab holds, what is open, and how long a first look takes.

Each is counted up to a thousand by indexes alone, so that a full inbox costs what a small one does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from django.db import connection
from django.utils import timezone

from creative.feedback import triage
from creative.feedback.triage import TABS
from creative.feedback.vocabulary import LEVELS, TYPES
from creative.models import Feedback

MOST_COUNTED: Final = 1_000
"""More than this is told as so many and more."""
ORDER: Final = ("new", "needs_proof", "accepted", "snoozed", "done", "all")
WAITS_TOO_LONG: Final = timedelta(days=7)
LATEST_TRIAGED: Final = 200
_OPEN: Final = "snoozed_at IS NULL AND state IN ('received', 'needs_proof', 'accepted', 'regressed')"

_Part = tuple[str, Sequence[str | datetime]]
"""A condition in the order of the index that serves it, and its values."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What stands above the inbox; counts end at `MOST_COUNTED`.

    `first_look_seconds` is the median from a report to its first move, of the latest that were moved; None: none.
    """

    by_severity: dict[str, int]
    too_long: int
    first_look_seconds: int | None
    looked_at: int


def counts(type_word: str | None = None) -> dict[str, int]:
    """Return how many reports each tab holds, of one type where it is named; in one query."""
    narrowed = [type_word] if type_word else []
    own = " AND type = %s" if type_word else ""
    parts = [(_in_state(state, own), narrowed) for states in TABS.values() for state in states]
    asleep = (f"snoozed_at IS NOT NULL{own} ORDER BY snoozed_at DESC", narrowed)
    everything = (f"TRUE{own} ORDER BY id DESC", narrowed)
    found = _count([*parts, asleep, everything])
    told = {"snoozed": found[-2], "all": found[-1]}
    for tab, states in TABS.items():
        told[tab] = min(sum(found.pop(0) for _ in states), MOST_COUNTED + 1)
    return {tab: told[tab] for tab in ORDER}


def counts_of(assignee_id: str) -> dict[str, int]:
    """Return how many reports of a member of staff each tab holds, in two queries."""
    rows = Feedback.objects.filter(pk__in=triage.assigned_to(assignee_id)).values_list("state", "snoozed_at")
    found = list(rows)
    told = {
        tab: sum(state in states for state, snoozed_at in found if snoozed_at is None)
        for tab, states in TABS.items()
    }
    told |= {"snoozed": sum(snoozed_at is not None for _, snoozed_at in found), "all": len(found)}
    return {tab: told[tab] for tab in ORDER}


def types_of(tab: str) -> dict[str, int]:
    """Return how many reports of each usual type a tab holds, in one query; nothing of `all`."""
    own = " AND type = %s"
    if tab == "all":
        return {}
    if tab == "snoozed":
        conditions = [f"snoozed_at IS NOT NULL{own} ORDER BY snoozed_at DESC"]
    else:
        conditions = [_in_state(state, own) for state in TABS[tab]]
    found = _count([(one, [word]) for word in TYPES for one in conditions])
    wide = len(conditions)
    return {word: min(sum(found[at * wide : (at + 1) * wide]), MOST_COUNTED + 1) for at, word in enumerate(TYPES)}


def numbers() -> Numbers:
    """Return what stands above the inbox, in two queries."""
    severe: list[_Part] = [(f"{_OPEN} AND severity = %s ORDER BY priority DESC", [level]) for level in LEVELS]
    late: _Part = (f"{_OPEN} AND created_at < %s ORDER BY created_at", [timezone.now() - WAITS_TOO_LONG])
    *by_severity, too_long = _count([*severe, late])
    moved = Feedback.objects.filter(triaged_at__isnull=False).order_by("-triaged_at")
    waits = [
        int((triaged - created).total_seconds())
        for triaged, created in moved.values_list("triaged_at", "created_at")[:LATEST_TRIAGED]
        if triaged is not None
    ]
    return Numbers(
        by_severity=dict(zip(LEVELS, by_severity, strict=True)),
        too_long=too_long,
        first_look_seconds=int(median(waits)) if waits else None,
        looked_at=len(waits),
    )


def _in_state(state: str, own: str) -> str:
    # Our own word, written out: then a planner sees that the index of waiting reports serves. In its order, or
    # it might look for the first thousand in the whole table, at whose end they are.
    return f"snoozed_at IS NULL AND state = '{state}'{own} ORDER BY priority DESC, id DESC"


def _count(parts: Sequence[_Part]) -> list[int]:
    """Return how many rows satisfy each condition, up to one more than is counted."""
    selects = [
        f"(SELECT COUNT(*) FROM (SELECT 1 FROM creative_feedback WHERE {where} LIMIT {MOST_COUNTED + 1}) AS part)"  # noqa: S608 - our own words
        for where, _ in parts
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(selects)}", [value for _, values in parts for value in values])
        row: tuple[int, ...] = cursor.fetchone()
    return list(row)
