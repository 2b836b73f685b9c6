"""Moments as the wire tells them, and the time zones there are."""

from datetime import UTC, datetime
from functools import cache
from typing import overload
from zoneinfo import available_timezones


@overload
def instant(moment: datetime) -> str: ...
@overload
def instant(moment: None) -> None: ...
@overload
def instant(moment: datetime | None) -> str | None: ...


def instant(moment: datetime | None) -> str | None:
    """Return ISO 8601 in UTC with milliseconds and `Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def zone_names() -> frozenset[str]:
    """Return the names of the IANA time zones that this machine knows, as it knew them when the process began.

    `available_timezones` opens hundreds of files at each call.
    """
    return frozenset(available_timezones())
