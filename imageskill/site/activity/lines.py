"""Rows and bars as their templates write them: where they lead, and when they were, by the reader's clock.

A page has hundreds of instants; written here, each costs a tenth of what it would cost a template.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.humanize.templatetags.humanize import naturaltime

from imageskill.site.activity.addresses import Addresses
from imageskill.site.activity.conditions import Scope
from imageskill.site.activity.histogram import Bar, Histogram
from imageskill.site.activity.labels import Label

_NEW: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Line:
    """One row, ready to be written."""

    label: Label
    reference: str
    href: str
    drawer: str
    exact: str
    at: str
    told: str
    is_open: bool
    resets: str
    resets_at: str


@dataclass(frozen=True, slots=True)
class Part:
    """One bar, ready to be written: its counts, its first minute in words, and both its ends for the script."""

    bar: Bar
    count: str
    refused: str
    start: str
    first: str
    last: str


def of(labels: Sequence[Label], scope: Scope, addresses: Addresses, opened: str = "") -> list[Line]:
    """Return rows ready to be written; `opened` is the reference of the one whose drawer is open."""
    clock = _Clock(scope)
    return [_line(label, clock, addresses, opened) for label in labels]


def parts(histogram: Histogram, scope: Scope) -> list[Part]:
    """Return bars ready to be written."""
    return [
        Part(
            bar=bar,
            count=f"{bar.count:,}",
            refused=f"{bar.refused:,}",
            start=minute(bar.start.astimezone(scope.zone)),
            first=f"{bar.start.astimezone(scope.zone):%Y-%m-%dT%H:%M}",
            last=f"{bar.last.astimezone(scope.zone):%Y-%m-%dT%H:%M}",
        )
        for bar in histogram.bars
    ]


def minute(moment: datetime) -> str:
    """Write a local instant to the minute."""
    return f"{moment:%-d %b %Y, %H:%M}"


class _Clock:
    """Writes instants; those of one minute are told alike, so each minute is put into words once."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.ago: dict[int, str] = {}

    def told(self, moment: datetime, local: datetime) -> str:
        """Tell how long ago an instant of the last day was, else its minute."""
        age = self.scope.now - moment
        if age >= _NEW:
            return minute(local)
        minutes = age // _MINUTE
        if minutes < 1:
            return str(naturaltime(moment))
        if minutes not in self.ago:
            self.ago[minutes] = str(naturaltime(moment))
        return self.ago[minutes]


def _line(label: Label, clock: _Clock, addresses: Addresses, opened: str) -> Line:
    reference, moment = label.row.reference, label.row.moment
    local = moment.astimezone(clock.scope.zone)
    resets_at = label.cap.resets_at if label.cap is not None else None
    resets = resets_at.astimezone(clock.scope.zone) if resets_at is not None else None
    return Line(
        label=label,
        reference=reference,
        href=addresses.of_row(reference),
        drawer=addresses.of_drawer(reference),
        exact=local.isoformat(),
        at=f"{local:%-d %B %Y, %H:%M:%S %Z}",
        told=clock.told(moment, local),
        is_open=reference == opened,
        resets=f"{resets:%-d %b, %H:%M %Z}" if resets is not None else "",
        resets_at=resets.isoformat() if resets is not None else "",
    )
