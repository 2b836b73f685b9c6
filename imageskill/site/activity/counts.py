"""How many events fit between two instants; what cannot change any more is counted once and kept for a day.

Kept are numbers under a digest of what was counted, in one entry of the shared cache for all times of a query: a
process's own cache holds few entries. Where nothing is kept, everything is counted anew.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypedDict

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection

from imageskill.core.ids import moment_digits
from imageskill.site.activity.conditions import Conditions

SETTLED: Final = timedelta(hours=1)
"""What happened so long ago is seen: an event comes with the end of its transaction, and none takes an hour."""
KEPT: Final = timedelta(days=1)
"""How old a count may be. Events are never changed or removed, and what a claim brings along is another query; but
a database that was restored may tell other counts than its rows for so long, unless the cache is emptied too."""
MOST_KEPT: Final = 500
"""So many times of a query are kept at most: those that were counted last."""

_BOUNDS: Final = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 2, tzinfo=UTC))
"""In the place of these come those of each time."""

Time = tuple[datetime, datetime, int]
"""A time, half-open, and up to how many events are counted in it."""


class _Kept(TypedDict):
    until: float
    counts: dict[str, int]


class Counts:
    """Counts of what fits some conditions, whatever their own time is."""

    def __init__(self, conditions: Conditions, now: datetime) -> None:
        """Compose what is counted: times differ in their bounds only, and composing takes as long as counting."""
        rows = conditions.during(*_BOUNDS).events().filter(conditions.fits).order_by()
        self._now = now
        self._part: str = ""
        self._values: Sequence[Any] = ()
        try:
            self._part, self._values = rows.values("pk").query.sql_with_params()
        except EmptyResultSet:
            return
        # A digest, because what is looked for is its reader's own business.
        told = hashlib.sha256(repr((self._part, self._values)).encode()).hexdigest()
        self._key = f"activity-counts:{told}"
        found: _Kept | None = cache.get(self._key)
        if found is None or found["until"] <= now.timestamp():
            found = {"until": (now + KEPT).timestamp(), "counts": {}}
        self._kept = found

    def of(self, times: Sequence[Time]) -> list[int]:
        """Count each time: those that are not known in one query, and nothing where nothing can fit."""
        if not self._part:
            return [0] * len(times)
        known = self._kept["counts"]
        missing = [time for time in dict.fromkeys(times) if _name(time) not in known]
        found = dict(zip(missing, self._counted(missing), strict=True))
        told = [found[time] if time in found else known[_name(time)] for time in times]
        self._keep({time: count for time, count in found.items() if time[1] <= self._now - SETTLED})
        return told

    def _counted(self, times: Sequence[Time]) -> tuple[int, ...]:
        if not times:
            return ()
        parts, values = [], []
        for start, end, cap in times:
            own = dict(zip(map(_bound, _BOUNDS), (_bound(start), _bound(end)), strict=True))
            parts.append(f"(SELECT COUNT(*) FROM ({self._part} LIMIT {cap:d}) AS counted)")  # noqa: S608 - Django's words
            values += [own.get(value, value) if isinstance(value, str) else value for value in self._values]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts)}", values)
            row: tuple[int, ...] = cursor.fetchone()
        return row

    def _keep(self, found: dict[Time, int]) -> None:
        """Add what was counted; all of an entry goes at once, at the age of its oldest count."""
        if not found:
            return
        counts = self._kept["counts"] | {_name(time): count for time, count in found.items()}
        self._kept = {**self._kept, "counts": dict(list(counts.items())[-MOST_KEPT:])}
        cache.set(self._key, self._kept, timeout=self._kept["until"] - self._now.timestamp())


def _bound(moment: datetime) -> str:
    return f"evt_{moment_digits(moment)}"


def _name(time: Time) -> str:
    return f"{_bound(time[0])} {_bound(time[1])} {time[2]}"
