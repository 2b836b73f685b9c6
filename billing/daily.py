"""What a workspace spent and holds, day by day: the same buckets as the three numbers, one row a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from billing.models import SpendBucket
from billing.windows import window


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC) in credits, by the instant of authorisation: `spent` is settled, `held` waits for its job."""

    on: date
    spent: int
    held: int


def spending(organization_ids: Sequence[str], *, days: int, at: datetime | None = None) -> list[Day]:
    """Return the last `days` days, today as the last, days without spending included. One query."""
    now = at or timezone.now()
    today = now.astimezone(UTC).date()
    first = window("day", now).start - timedelta(days=days - 1)
    buckets = SpendBucket.objects.filter(organization_id__in=organization_ids, start__gte=first)
    sums = buckets.annotate(day=TruncDate("start", tzinfo=UTC)).values("day").order_by("day")
    found = {row["day"]: row for row in sums.annotate(spent=Sum("settled_credits"), held=Sum("held_credits"))}
    span = [today - timedelta(days=back) for back in reversed(range(days))]
    return [Day(day, found[day]["spent"], found[day]["held"]) if day in found else Day(day, 0, 0) for day in span]
