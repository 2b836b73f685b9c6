"""How long credits last: what was spent lately, by whom, and when nothing would be left at that rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db.models import Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from billing.ledger.posting import AVAILABLE
from billing.models import LedgerEntry, SpendBucket
from billing.standing import Standing
from billing.windows import Window, window

RATE_DAYS: Final = 7
CHART_DAYS: Final = 14
FARTHEST: Final = timedelta(days=365)
MOST_AGENTS: Final = 12


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the last seven days cost, and when the credits end at that rate (None: not foreseeable)."""

    spent_week: int
    ends_at: datetime | None
    beyond: bool
    """Whether the end lies more than a year ahead."""

    @property
    def a_day(self) -> int:
        """The credits of an average day, rounded up."""
        return -(-self.spent_week // RATE_DAYS)


@dataclass(frozen=True, slots=True)
class Share:
    """What one agent spent and holds in a window."""

    agent_id: str
    name: str
    spent: int
    held: int


def foresee(organization_ids: Sequence[str], standing: Standing, *, at: datetime | None = None) -> Outlook:
    """Return the outlook of a workspace at the rate of the seven days before `at`."""
    now = at or timezone.now()
    since = SpendBucket.objects.filter(
        organization_id__in=organization_ids, start__gte=now - timedelta(days=RATE_DAYS), start__lte=now
    )
    spent = since.aggregate(sum=Sum("settled_credits"))["sum"] or 0
    if not spent:
        return Outlook(0, None, beyond=False)
    seconds = standing.available * RATE_DAYS * 86_400 // spent
    beyond = seconds > FARTHEST.total_seconds()
    return Outlook(spent, None if beyond else now + timedelta(seconds=seconds), beyond=beyond)


def shares(organization_ids: Sequence[str], span: Window) -> list[Share]:
    """Return what each agent spent in a window, the most first; those after the twelfth are left out."""
    inside = SpendBucket.objects.filter(
        organization_id__in=organization_ids, start__gte=span.start, start__lt=span.end
    )
    sums = inside.values("agent_id", "agent__name").annotate(
        spent=Sum("settled_credits"), held=Sum("held_credits")
    )
    moved = sums.filter(Q(spent__gt=0) | Q(held__gt=0)).order_by("-spent", "agent_id")
    return [Share(row["agent_id"], row["agent__name"], row["spent"], row["held"]) for row in moved[:MOST_AGENTS]]


def days(
    organization_ids: Sequence[str], standing: Standing, *, at: datetime | None = None
) -> list[tuple[date, int]]:
    """Return what was available at the end of each of the last fourteen days (UTC), and today until now."""
    now = at or timezone.now()
    today = now.astimezone(UTC).date()
    midnight = window("day", now).start - timedelta(days=CHART_DAYS - 1)
    moved = LedgerEntry.objects.filter(organization_id__in=organization_ids, created_at__gte=midnight)
    own = moved.filter(Q(to_book=AVAILABLE) | Q(from_book=AVAILABLE)).annotate(day=TruncDate("created_at"))
    sums = own.values("day").annotate(
        came=Sum("credits", filter=Q(to_book=AVAILABLE)), went=Sum("credits", filter=Q(from_book=AVAILABLE))
    )
    net = {row["day"]: (row["came"] or 0) - (row["went"] or 0) for row in sums.order_by("day")}
    left, told = standing.available, []
    for back in range(CHART_DAYS):
        day = today - timedelta(days=back)
        told.append((day, left))
        left -= net.get(day, 0)
    return told[::-1]
