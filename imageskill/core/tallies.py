"""Counts in the database that guard money and mail: they hold across processes and when the cache is away."""

from datetime import UTC, datetime, timedelta

from django.db.models import F
from django.utils import timezone

from imageskill.core.models import Tally
from imageskill.core.units import unit_of_work

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEPT = timedelta(days=3)
_NO_LIMIT = 2**31 - 1


@unit_of_work
def take(scope: str, key: str, *, limit: int, period: timedelta, amount: int = 1) -> bool:
    """Add `amount` to the count of the current period if it stays within `limit`; say whether it did.

    Periods are aligned to the epoch, so a day is a UTC day.
    """
    start = period_start(period)
    row = Tally.objects.filter(scope=scope, key=key, period_start=start)
    room = row.filter(count__lte=limit - amount)
    if room.update(count=F("count") + amount):
        return True
    Tally.objects.bulk_create([Tally(scope=scope, key=key, period_start=start)], ignore_conflicts=True)
    return bool(room.update(count=F("count") + amount))


def add(scope: str, key: str, *, period: timedelta) -> int:
    """Add one to the count of the current period, whatever it is, and return it."""
    take(scope, key, limit=_NO_LIMIT, period=period)
    return count(scope, key, period=period)


def count(scope: str, key: str, *, period: timedelta) -> int:
    """Return the count of the current period."""
    row = Tally.objects.filter(scope=scope, key=key, period_start=period_start(period)).first()
    return row.count if row is not None else 0


def period_start(period: timedelta) -> datetime:
    """Return the start of the period that holds this moment."""
    seconds = int(period.total_seconds())
    return datetime.fromtimestamp(int(timezone.now().timestamp()) // seconds * seconds, tz=UTC)


def period_end(period: timedelta) -> datetime:
    """Return the instant at which the current period's counts start anew."""
    return period_start(period) + period


def seconds_left(period: timedelta) -> int:
    """Return the whole seconds until the current period's counts start anew."""
    return max(1, int((period_end(period) - timezone.now()).total_seconds()))


def prune() -> int:
    """Remove counts that no limit reads any more; return how many."""
    removed, _ = Tally.objects.filter(period_start__lt=timezone.now() - KEPT).delete()
    return removed
