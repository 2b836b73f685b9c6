"""One act on one account: its movements change the lots, the balances and the chain together."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from django.utils import timezone

from billing.models import CreditAccount, CreditLot, EntryKind, Hold, LedgerEntry
from imageskill.core.events import ActingFor

AVAILABLE: Final = "available"
HELD: Final = "held"
FROZEN: Final = "frozen"
DEBT: Final = "debt"
"""The books of an organization. `debt` is the one that goes below zero: what it owes."""

HOUSE_ALLOWANCE: Final = "house.allowance"
HOUSE_SALES: Final = "house.sales"
HOUSE_PROMOTIONS: Final = "house.promotions"
HOUSE_REVENUE: Final = "house.revenue"
HOUSE_REVERSALS: Final = "house.reversals"
TRANSFER: Final = "transfer"
"""The other side: what the house gave, sold, earned and took back; and the way between two organizations."""

_OF_LOT: Final = {
    AVAILABLE: "available_credits",
    HELD: "held_credits",
    FROZEN: "frozen_credits",
}
_OF_ACCOUNT: Final = {HELD: "held_credits", FROZEN: "frozen_credits"}


@dataclass(frozen=True, slots=True)
class Movement:
    """Credits of one lot that go from one book to another."""

    kind: EntryKind
    from_book: str
    to_book: str
    credits: int
    lot: CreditLot


class Sheet:
    """The movements of one act, written with `post` under the organization's lock.

    Whatever becomes available in an organization that owes credits repays them first, by an entry of its own.
    """

    def __init__(
        self,
        account: CreditAccount,
        *,
        actor: ActingFor,
        reason: str,
        hold: Hold | None = None,
        receipt_id: str = "",
        reference: str = "",
    ) -> None:
        """Begin an act; `reference` is the public id of what caused it, where that is no hold and no receipt."""
        self.account = account
        self._movements: list[Movement] = []
        self._lots: dict[int, CreditLot] = {}
        self._common: dict[str, Any] = {
            "hold": hold,
            "job_id": hold.job_id if hold else "",
            "price_version": hold.price_version if hold else "",
            "receipt_id": receipt_id,
            "reference": reference,
            "actor_type": actor.actor_type,
            "actor_id": actor.actor_id,
            "reason": reason,
        }

    def lot(self, lot: CreditLot) -> CreditLot:
        """Return the one copy of a lot that this act changes."""
        return self._lots.setdefault(lot.pk, lot)

    def move(self, kind: EntryKind, from_book: str, to_book: str, credits: int, lot: CreditLot) -> None:
        """Move credits of a lot; nothing happens where there are none."""
        if credits == 0:
            return
        own = self.lot(lot)
        self._change(from_book, own, -credits)
        self._change(to_book, own, credits)
        self._movements.append(Movement(kind, from_book, to_book, credits, own))
        if to_book == AVAILABLE:
            self.repay(own, credits)

    def repay(self, lot: CreditLot, most: int) -> None:
        """Repay what the organization owes from what a lot has available, at most `most` credits."""
        due = max(0, min(most, self.account.debt_credits, self.lot(lot).available_credits))
        self.move(EntryKind.REPAY, AVAILABLE, DEBT, due, lot)

    def post(self) -> None:
        """Append the entries to the chain and save the account and the lots."""
        LedgerEntry.objects.bulk_create([self._entry(movement) for movement in self._movements])
        for lot in self._lots.values():
            lot.save()
        self.account.save()

    def _change(self, book: str, lot: CreditLot, credits: int) -> None:
        if book == DEBT:
            self.account.debt_credits -= credits
            return
        if book in _OF_LOT:
            _add(lot, _OF_LOT[book], credits)
        if book == AVAILABLE:
            _add(self.account, f"{lot.kind}_credits", credits)
        elif book in _OF_ACCOUNT:
            _add(self.account, _OF_ACCOUNT[book], credits)

    def _entry(self, movement: Movement) -> LedgerEntry:
        account = self.account
        account.entry_seq += 1
        entry = LedgerEntry(
            organization_id=account.organization_id,
            seq=account.entry_seq,
            kind=movement.kind,
            from_book=movement.from_book,
            to_book=movement.to_book,
            credits=movement.credits,
            lot=movement.lot,
            created_at=timezone.now(),
            previous_sha256=account.chain_head,
            **self._common,
        )
        entry.sha256 = account.chain_head = entry_sha256(entry)
        return entry


def _add(row: CreditAccount | CreditLot, column: str, credits: int) -> None:
    setattr(row, column, getattr(row, column) + credits)


def entry_sha256(entry: LedgerEntry) -> str:
    """Return the hash of an entry upon the one before it: canonical JSON of ids, integers and instants."""
    return hashlib.sha256((entry.previous_sha256 + entry_json(entry)).encode()).hexdigest()


def entry_json(entry: LedgerEntry) -> str:
    """Return an entry as canonical JSON: what its hash covers, and what a statement shows."""
    content: dict[str, str | int] = {
        "organization_id": entry.organization_id,
        "seq": entry.seq,
        "kind": str(entry.kind),
        "from_book": entry.from_book,
        "to_book": entry.to_book,
        "credits": entry.credits,
        "lot_id": entry.lot_id,
        "hold_id": entry.hold_id or "",
        "job_id": entry.job_id,
        "actor_type": entry.actor_type,
        "actor_id": entry.actor_id,
        "reason": entry.reason,
        "price_version": entry.price_version,
        "created_at": entry.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    # Only where there is one, so that entries from before these columns keep their hash.
    content |= {
        name: value for name, value in (("receipt_id", entry.receipt_id), ("reference", entry.reference)) if value
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
