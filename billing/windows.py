"""The windows in which spending is counted. Until an owner names a zone they are UTC's."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

NAMES = ("day", "week", "month")


@dataclass(frozen=True, slots=True)
class Window:
    """From one local midnight to another; both as instants in UTC."""

    start: datetime
    end: datetime


def window(name: str, at: datetime, zone: tzinfo = UTC) -> Window:
    """Return the day, the week (from Monday) or the month (from the 1st) that holds `at` in `zone`."""
    today = at.astimezone(zone).date()
    if name == "day":
        first, last = today, today + timedelta(days=1)
    elif name == "week":
        first = today - timedelta(days=today.weekday())
        last = first + timedelta(days=7)
    else:
        first = today.replace(day=1)
        last = (first + timedelta(days=32)).replace(day=1)
    return Window(_midnight(first, zone), _midnight(last, zone))


def _midnight(day: date, zone: tzinfo) -> datetime:
    """Return local midnight as an instant; `fold=0` takes the first of two and the end of a skipped one."""
    return datetime.combine(day, time(0, fold=0), tzinfo=zone).astimezone(UTC)
