"""Check a statement offline: `python3 verify_statement.py statement.jsonl`. Standard library only.

Every entry's hash must follow from the entry and the hash before it, the numbers must have no gap, and the
closing balances must be the opening ones plus the entries. Prints the balances and exits 0, or says what is wrong
and exits 1.
"""  # noqa: INP001 - a script that stands alone

import hashlib
import json
import sys
from collections.abc import Iterable
from typing import Any


class BadStatementError(Exception):
    """The statement does not prove what it says."""


def verify(lines: Iterable[str]) -> dict[str, int]:
    """Return the closing balances by book. BadStatementError: something does not follow."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    if len(rows) < 2 or "opening_balances" not in rows[0] or "closing_balances" not in rows[-1]:  # noqa: PLR2004
        raise BadStatementError("the statement has no opening or no closing line")
    opening, closing = rows[0], rows[-1]
    head, seq = opening["opening_sha256"], opening["opening_seq"]
    books: dict[str, int] = dict(opening["opening_balances"])
    for row in rows[1:-1]:
        entry = json.loads(row["entry"])
        seq += 1
        if entry["seq"] != seq or entry["organization_id"] != opening["organization_id"]:
            raise BadStatementError(f"entry {entry['seq']} stands where entry {seq} should")
        if hashlib.sha256((head + row["entry"]).encode()).hexdigest() != row["sha256"]:
            raise BadStatementError(f"the hash of entry {seq} does not follow from the one before it")
        head = row["sha256"]
        books[entry["from_book"]] = books.get(entry["from_book"], 0) - entry["credits"]
        books[entry["to_book"]] = books.get(entry["to_book"], 0) + entry["credits"]
    if (closing["closing_seq"], closing["closing_sha256"]) != (seq, head):
        raise BadStatementError("the last entries are missing")
    told = {book: credits for book, credits in sorted(books.items()) if credits}
    if told != closing["closing_balances"]:
        raise BadStatementError("the closing balances are not the sum of the entries")
    return told


def main() -> int:
    """Check the file that is named."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - one file
        sys.stderr.write("usage: verify_statement.py statement.jsonl\n")
        return 2
    try:
        with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - stands alone
            books = verify(file)
    except (BadStatementError, ValueError, KeyError, TypeError, OSError) as error:
        sys.stderr.write(f"Not proven: {error}\n")
        return 1
    for book, credits in books.items():
        sys.stdout.write(f"{book:20} {credits:>10}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
