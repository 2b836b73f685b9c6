"""Reading the ledger of a workspace: which entries make up a number, and what was left after each.

A view is a question to the ledger whose entries sum to a number that a page shows. Pages are keyset pages; the
cursor carries what was left after its last entry, signed, so that no page sums up those before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.core import signing
from django.db.models import Q, QuerySet

from billing.ledger.posting import AVAILABLE, DEBT, FROZEN
from billing.models import EntryKind, Hold, LedgerEntry
from billing.standing import Standing
from billing.windows import Window

PAGE: Final = 50
_SALT: Final = "billing.entries"


class View(StrEnum):
    """Which entries; each but the first sums to a number of the credits page."""

    ALL = "all"
    AVAILABLE = "available"
    HELD = "held"
    SPENT = "spent"
    FROZEN = "frozen"
    DEBT = "debt"


_BOOK: Final = {View.ALL: AVAILABLE, View.AVAILABLE: AVAILABLE, View.FROZEN: FROZEN, View.DEBT: DEBT}
"""The book of which a view tells what was left after each entry."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the ledger is asked for; `agent_id` and `job_id` are empty where they do not matter."""

    view: View = View.AVAILABLE
    agent_id: str = ""
    job_id: str = ""

    @property
    def book(self) -> str | None:
        """The book whose running balance can be told; None: the entries shown are not all of a book's."""
        return None if self.agent_id or self.job_id else _BOOK.get(self.view)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, what it changed in the view's number, and what was left after it (None: not told)."""

    entry: LedgerEntry
    change: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and the cursor of the older ones, if there are any."""

    lines: tuple[Line, ...]
    older: str | None


def rows(organization_ids: Sequence[str], filters: Filters, month: Window) -> QuerySet[LedgerEntry]:
    """Return the entries of a view; `month` is the one whose spending is asked for."""
    entries = LedgerEntry.objects.filter(organization_id__in=organization_ids).filter(
        _of_view(filters.view, month)
    )
    if filters.agent_id:
        entries = entries.filter(hold__agent_id=filters.agent_id)
    if filters.job_id:
        entries = entries.filter(job_id=filters.job_id)
    return entries.select_related("hold__agent", "lot")


def _of_view(view: View, month: Window) -> Q:
    if view is View.HELD:
        return Q(kind=EntryKind.HOLD, hold__state=Hold.State.OPEN)
    if view is View.SPENT:
        # Spending belongs to the month in which it was authorised, as caps count it.
        inside = Q(hold__authorised_at__gte=month.start, hold__authorised_at__lt=month.end)
        return Q(kind=EntryKind.SETTLE) & inside
    if view is View.ALL:
        return Q()
    return Q(from_book=_BOOK[view]) | Q(to_book=_BOOK[view])


def change(entry: LedgerEntry, view: View) -> int:
    """Return what an entry added to the number of a view; what it took is negative."""
    if view in (View.HELD, View.SPENT):
        return entry.credits
    book = _BOOK[view]
    moved = entry.credits * ((entry.to_book == book) - (entry.from_book == book))
    return -moved if view is View.DEBT else moved


def page(
    organization_ids: Sequence[str], filters: Filters, standing: Standing, *, cursor: str | None = None
) -> Page:
    """Return a page of entries. `standing` is what there is now, read in the same snapshot.

    A cursor that is not one of these filters' own begins at the newest entry.
    """
    found, left = rows(organization_ids, filters, standing.month), _now(filters, standing)
    at = _read(cursor, filters)
    if at is not None:
        found, left = found.filter(pk__lt=at["pk"]), at["left"]
    read = list(found.order_by("-pk")[: PAGE + 1])
    lines: list[Line] = []
    for entry in read[:PAGE]:
        moved = change(entry, filters.view)
        lines.append(Line(entry, moved, left))
        left = left - moved if left is not None else None
    older = _written(lines[-1].entry.pk, left, filters) if len(read) > PAGE else None
    return Page(tuple(lines), older)


def every(organization_ids: Sequence[str], filters: Filters, standing: Standing) -> Iterator[Line]:
    """Return all entries of a view, newest first, as they are read."""
    left = _now(filters, standing)
    for entry in rows(organization_ids, filters, standing.month).order_by("-pk").iterator(chunk_size=1000):
        moved = change(entry, filters.view)
        yield Line(entry, moved, left)
        left = left - moved if left is not None else None


def _now(filters: Filters, standing: Standing) -> int | None:
    told = {AVAILABLE: standing.available, FROZEN: standing.frozen, DEBT: standing.debt}
    return told[filters.book] if filters.book is not None else None


def _written(pk: int, left: int | None, filters: Filters) -> str:
    return signing.dumps([pk, left, filters.view, filters.agent_id, filters.job_id], salt=_SALT)


def _read(cursor: str | None, filters: Filters) -> dict[str, Any] | None:
    if not cursor:
        return None
    try:
        pk, left, *of = signing.loads(cursor, salt=_SALT)
    except signing.BadSignature:
        return None
    return {"pk": pk, "left": left} if of == [filters.view, filters.agent_id, filters.job_id] else None


def first_at(organization_id: str) -> datetime | None:
    """Return when an organization's ledger begins; None: it has no entry."""
    first = LedgerEntry.objects.filter(organization_id=organization_id, seq=1).values_list("created_at", flat=True)
    return first.first()
