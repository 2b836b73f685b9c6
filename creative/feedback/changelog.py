"""The public changelog: what staff wrote for everybody about reports that are fixed, or being worked on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from creative.feedback.triage import State
from creative.models import Feedback

PAGE: Final = 40
MOST_KNOWN: Final = 20
_COLUMNS: Final = ("id", "public_title", "public_answer", "resolved_in", "state_changed_at")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that changed, or will: staff's words, and nothing of a report."""

    title: str
    answer: str
    version: str
    at: datetime | None
    cursor: str


def fixed(*, after: str | None = None) -> tuple[list[Line], str | None]:
    """Return a page of what was fixed, newest first, and where the next begins; in one query, two with `after`."""
    rows = _published(State.FIXED)
    if after is not None:
        last = Feedback.objects.filter(pk=after).exclude(public_title="").first()
        if last is None or last.state_changed_at is None:
            return [], None
        at = last.state_changed_at
        rows = rows.filter(Q(state_changed_at__lt=at) | Q(state_changed_at=at, pk__lt=last.pk))
    found = [_line(row) for row in rows[: PAGE + 1]]
    return found[:PAGE], found[PAGE - 1].cursor if len(found) > PAGE else None


def known() -> list[Line]:
    """Return what is known and not fixed yet, what came back first, then the newest; in two queries."""
    found = [_line(row) for state in (State.REGRESSED, State.ACCEPTED) for row in _published(state)[:MOST_KNOWN]]
    return found[:MOST_KNOWN]


def _published(state: str) -> QuerySet[Feedback]:
    rows = Feedback.objects.exclude(public_title="").filter(state=state)
    return rows.order_by("-state_changed_at", "-pk").only(*_COLUMNS)


def _line(row: Feedback) -> Line:
    return Line(
        title=row.public_title,
        answer=row.public_answer,
        version=row.resolved_in,
        at=row.state_changed_at,
        cursor=row.pk,
    )
