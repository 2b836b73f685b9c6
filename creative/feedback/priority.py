"""The order of the staff's queue: log10 of the reports, recency, and log10 of the credits that were spent.

All in thousandths. A tenfold of reports or of credits weighs as much as a week; because recency counts up from a
fixed day, a number stands until the report is sent again and is never recomputed by the clock.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db.models import Count, Q, Sum

from creative.models import Feedback

_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
_WEEK_SECONDS: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Priority:
    """The three parts of the sum."""

    reports: int
    recency: int
    credits: int

    @property
    def total(self) -> int:
        """The number by which the queue is sorted."""
        return self.reports + self.recency + self.credits


@dataclass(frozen=True, slots=True)
class Weight:
    """What a report and its duplicates add up to."""

    reports: int
    agents: int
    organizations: int
    credits: int


def of(*, reports: int, last_reported_at: datetime, credits: int) -> Priority:
    """Return the parts of a report's priority."""
    seconds = max(0, int((last_reported_at - _BEGINNING).total_seconds()))
    return Priority(
        reports=round(1000 * math.log10(max(1, reports))),
        recency=seconds * 1000 // _WEEK_SECONDS,
        credits=round(1000 * math.log10(1 + max(0, credits))),
    )


def weigh(feedback_id: str) -> Weight:
    """Return how often, by how many agents of how many owners, and at what cost something was reported."""
    rows = Feedback.objects.filter(Q(pk=feedback_id) | Q(canonical_id=feedback_id))
    told = rows.aggregate(
        reports=Sum("reports", default=0),
        agents=Count("agent", distinct=True),
        organizations=Count("organization", distinct=True),
        credits=Sum("credits_affected", default=0),
    )
    return Weight(**told)


def refresh(feedback_id: str) -> Weight:
    """Bring a report's number up to date, its duplicates counted, in the caller's transaction; return the sums."""
    row = Feedback.objects.only("last_reported_at").get(pk=feedback_id)
    newest = Feedback.objects.filter(canonical_id=feedback_id).order_by("-last_reported_at")
    last = max([row.last_reported_at, *newest.values_list("last_reported_at", flat=True)[:1]])
    weight = weigh(feedback_id)
    told = of(reports=weight.reports, last_reported_at=last, credits=weight.credits)
    Feedback.objects.filter(pk=feedback_id).update(priority=told.total)
    return weight
