"""The chart of spending: bars whose geometry is given in hundredths of the drawing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from billing.daily import Day

_GAP: Final = 0.22
"""The part of a day's width that stays empty between two bars."""
_LEAST: Final = 1.5
"""A bar of any amount is seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where its bar stands, and how high spent (below) and held (above) are; y grows downwards."""

    day: Day
    x: str
    width: str
    spent_y: str
    spent_height: str
    held_y: str
    held_height: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars from the oldest day to today; `most` is the highest of them in credits, `spent` and `held` are sums."""

    bars: tuple[Bar, ...]
    most: int
    spent: int
    held: int

    @property
    def first(self) -> date:
        """The oldest day."""
        return self.bars[0].day.on

    @property
    def last(self) -> date:
        """Today."""
        return self.bars[-1].day.on


def of_days(days: Sequence[Day]) -> Chart:
    """Return the chart of these days, the oldest first."""
    most = max((day.spent + day.held for day in days), default=0)
    step = 100 / max(1, len(days))
    bars = []
    for number, day in enumerate(days):
        spent, held = _height(day.spent, most), _height(day.held, most)
        bars.append(
            Bar(
                day=day,
                x=_percent(step * (number + _GAP / 2)),
                width=_percent(step * (1 - _GAP)),
                spent_y=_percent(100 - spent),
                spent_height=_percent(spent),
                held_y=_percent(max(0.0, 100 - spent - held)),
                held_height=_percent(held),
            )
        )
    return Chart(tuple(bars), most, sum(day.spent for day in days), sum(day.held for day in days))


def _height(amount: int, most: int) -> float:
    return max(_LEAST, 100 * amount / most) if amount else 0.0


def _percent(number: float) -> str:
    return f"{number:.2f}%"
