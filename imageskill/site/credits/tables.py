"""Tables for spreadsheets: what a spreadsheet would run as a formula is made plain text; numbers stay numbers."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from django.http import StreamingHttpResponse

Cell = str | int | None
_RUNS: Final = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def guarded(cell: Cell) -> str | int:
    """Return a cell as it may stand in a spreadsheet."""
    if isinstance(cell, str) and cell.startswith(_RUNS):
        return f"'{cell}"
    return "" if cell is None else cell


def lines(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Return a table line by line."""
    writer = csv.writer(_Echo())
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow([guarded(cell) for cell in row])


def attachment(content: Iterable[str], *, name: str, content_type: str) -> StreamingHttpResponse:
    """Return a file to be kept, which no browser runs or guesses at."""
    answer = StreamingHttpResponse(content, content_type=f"{content_type}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
