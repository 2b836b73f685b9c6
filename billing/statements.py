"""Statements: an organization's ledger entries of a month as JSON lines that anybody can check offline.

The first line opens (balances, and the hash of the entry before), each further line is an entry exactly as its
hash covers it, and the last line closes. `deploy/verify_statement.py` checks one with the standard library alone.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any, Final

from django.db.models import Sum

from billing.ledger.posting import entry_json
from billing.models import LedgerEntry
from billing.windows import window

CONTRACT: Final = "image-skill.statement.v1"


def has_account(organization_id: str) -> bool:
    """Say whether an organization has ever had a credit."""
    return LedgerEntry.objects.filter(organization_id=organization_id).exists()


def lines(*, organization_id: str, month: date) -> Iterator[str]:
    """Return the lines of a month's statement (UTC); `month` is any day of it."""
    first = datetime.combine(month.replace(day=1), time(), tzinfo=UTC)
    end = window("month", first).end
    own = LedgerEntry.objects.filter(organization_id=organization_id)
    before = own.filter(created_at__lt=first)
    balances = _balances(before)
    last = before.order_by("-seq").first()
    yield _line(
        {
            "contract": CONTRACT,
            "organization_id": organization_id,
            "month": f"{first:%Y-%m}",
            "opening_seq": last.seq if last else 0,
            "opening_sha256": last.sha256 if last else "",
            "opening_balances": dict(sorted(balances.items())),
        }
    )
    head, seq = (last.sha256, last.seq) if last else ("", 0)
    for entry in own.filter(seq__gt=seq, created_at__lt=end).order_by("seq").iterator(chunk_size=2000):
        balances[entry.from_book] -= entry.credits
        balances[entry.to_book] += entry.credits
        head, seq = entry.sha256, entry.seq
        yield _line({"entry": entry_json(entry), "sha256": entry.sha256})
    closing = {book: credits for book, credits in sorted(balances.items()) if credits}
    yield _line({"closing_seq": seq, "closing_sha256": head, "closing_balances": closing})


def _balances(entries: Any) -> dict[str, int]:  # noqa: ANN401 - a queryset of entries
    books: dict[str, int] = defaultdict(int)
    for from_book, to_book, moved in entries.values_list("from_book", "to_book").annotate(moved=Sum("credits")):
        books[from_book] -= moved
        books[to_book] += moved
    return books


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
