"""A bar chart drawn on the server: the cost of a kept picture, each bar with the part that was thrown away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from creative.ratings import Line

_WHOLE: Final = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """One line's bar; `length` and `kept_length` are thousandths of the chart's width."""

    line: Line
    length: int
    kept_length: int

    @property
    def per_kept(self) -> str:
        """Credits for each kept picture, to a tenth."""
        tenths = self.line.per_kept_tenths
        return "" if tenths is None else f"{tenths // 10}.{tenths % 10}".removesuffix(".0")


class Bars:
    """A chart's bars, all on one scale."""

    def __init__(self, lines: Sequence[Line]) -> None:
        """Take the lines, the dearest first."""
        longest = max((line.per_kept_tenths or 0 for line in lines), default=0)
        self.bars = [_bar(line, longest) for line in lines]


def _bar(line: Line, longest: int) -> Bar:
    tenths = line.per_kept_tenths
    if tenths is None or not longest:
        return Bar(line, 0, 0)
    length = max(4, _WHOLE * tenths // longest)
    return Bar(line, length, length - length * line.rejected_percent // 100)
