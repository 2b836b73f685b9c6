"""The burn-down as geometry: what was available day by day, and the way to nothing at the present rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from billing.outlook import Outlook

WIDTH: Final = 640
HEIGHT: Final = 140
_PAST: Final = 400
"""Where today stands; the rest of the width is the future."""
_DAY: Final = 86_400
_FUTURE_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Chart:
    """Points of an SVG of WIDTH by HEIGHT, as its attributes want them, and the days at its edges."""

    past: str
    area: str
    future: str
    today_x: int
    first: date
    last: date | None
    """The day at the right edge: when the credits end, or thirty days ahead; None: no rate is known."""


def burn_down(days: Sequence[tuple[date, int]], outlook: Outlook, *, at: datetime) -> Chart | None:
    """Return the chart of some days' balances and their outlook; None where there never was a credit."""
    top = max((left for _, left in days), default=0)
    if top <= 0:
        return None
    step = _PAST / max(1, len(days) - 1)
    points = [(round(number * step), _y(left, top)) for number, (_, left) in enumerate(days)]
    past = " ".join(f"{x},{y}" for x, y in points)
    future, last = _ahead(days[-1][1], top, outlook, at)
    return Chart(past, f"0,{HEIGHT} {past} {_PAST},{HEIGHT}", future, _PAST, days[0][0], last)


def _ahead(left: int, top: int, outlook: Outlook, at: datetime) -> tuple[str, date | None]:
    if not outlook.spent_week or not left:
        return "", None
    start = f"{_PAST},{_y(left, top)}"
    if outlook.ends_at is not None and (outlook.ends_at - at).days < _FUTURE_DAYS:
        return f"{start} {WIDTH},{HEIGHT}", outlook.ends_at.date()
    after = max(0, left - outlook.spent_week * _FUTURE_DAYS // 7)
    edge = datetime.fromtimestamp(at.timestamp() + _FUTURE_DAYS * _DAY, tz=at.tzinfo)
    return f"{start} {WIDTH},{_y(after, top)}", edge.date()


def _y(left: int, top: int) -> int:
    """Return how far below the upper edge so many credits are; a line of two pixels fits above."""
    return HEIGHT - round((HEIGHT - 2) * max(0, left) / top)
