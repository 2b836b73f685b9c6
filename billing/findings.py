"""What checks of the books found: a finding is unconfirmed until a second check finds it too.

One check may be wrong, for instance about a database that is being restored; nobody is alarmed by it alone.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Count, Q
from django.utils import timezone

from billing.models import BooksFinding, BooksRun
from imageskill.core.units import unit_of_work

RUNS_KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Found:
    """A row that does not fit, in words; `organization_id` is empty where it belongs to none."""

    what: str
    row_id: str
    organization_id: str
    told: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the books stand: when they were checked last, and in full, and how much does not fit."""

    checked_at: datetime | None
    proven_at: datetime | None
    unconfirmed: int
    confirmed: int

    @property
    def is_red(self) -> bool:
        """Whether the books do not balance, as two checks found."""
        return self.confirmed > 0


def full_is_due(now: datetime) -> bool:
    """Whether the next check reads everything: the first of a day (UTC), and while a full one is unconfirmed."""
    if BooksFinding.objects.filter(cleared_at=None, confirmed_at=None, deep=True).exists():
        return True
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return not BooksRun.objects.filter(full=True, began_at__gte=midnight).exists()


@unit_of_work
def record(*, found: Iterable[Found], full: bool, began_at: datetime) -> list[BooksFinding]:
    """Store what a check found, confirm what an earlier one found too, and clear what is right again.

    Returns what stands now, also what a check from the checkpoints cannot see.
    """
    now = timezone.now()
    seen = {(row.what[:32], row.row_id[:64]): row for row in found}
    open_rows = BooksFinding.objects.select_for_update().filter(cleared_at=None)
    known = {(row.what, row.row_id): row for row in open_rows.order_by("pk")}
    for key, row in known.items():
        if key in seen:
            row.told, row.last_seen_at = seen[key].told[:255], now
            row.deep = row.deep and full
            row.confirmed_at = row.confirmed_at or now
        elif full or not row.deep:
            row.cleared_at = now
        row.save()
    new = [_new(what, row_id, seen[what, row_id], now, deep=full) for what, row_id in seen.keys() - known.keys()]
    BooksFinding.objects.bulk_create(sorted(new, key=lambda row: (row.what, row.row_id)))
    standing = BooksFinding.objects.filter(cleared_at=None).order_by("pk")
    rows = list(standing)
    confirmed = sum(row.confirmed_at is not None for row in rows)
    BooksRun.objects.create(
        full=full, unconfirmed=len(rows) - confirmed, confirmed=confirmed, began_at=began_at, finished_at=now
    )
    BooksRun.objects.filter(finished_at__lt=now - RUNS_KEPT).delete()
    return rows


def _new(what: str, row_id: str, found: Found, now: datetime, *, deep: bool) -> BooksFinding:
    return BooksFinding(
        what=what,
        row_id=row_id,
        organization_id=found.organization_id,
        told=found.told[:255],
        deep=deep,
        first_seen_at=now,
        last_seen_at=now,
    )


def open_of(organization_ids: Collection[str]) -> list[BooksFinding]:
    """Return what does not fit in the books of these organizations now, at most 50 findings, the oldest first."""
    rows = BooksFinding.objects.filter(cleared_at=None, organization_id__in=organization_ids)
    return list(rows.order_by("pk")[:50])


def standing(*, organization_id: str | None = None, organization_ids: Collection[str] | None = None) -> Standing:
    """Return how the books stand, of everybody, of one organization or of some."""
    rows = BooksFinding.objects.filter(cleared_at=None)
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    if organization_ids is not None:
        rows = rows.filter(organization_id__in=organization_ids)
    counts = rows.aggregate(
        unconfirmed=Count("pk", filter=Q(confirmed_at=None)),
        confirmed=Count("pk", filter=Q(confirmed_at__isnull=False)),
    )
    runs: Sequence[BooksRun | None] = [
        BooksRun.objects.order_by("-finished_at").first(),
        BooksRun.objects.filter(full=True).order_by("-finished_at").first(),
    ]
    checked, proven = (run.finished_at if run else None for run in runs)
    return Standing(checked, proven, counts["unconfirmed"], counts["confirmed"])
