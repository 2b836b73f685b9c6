"""One act on one account: its movements change the lots, the balances and the chain together."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from django.utils import timezone

from billing.ledger import watching
from billing.models import CreditAccount, CreditLot, EntryKind, Hold, LedgerEntry, LotKind
from imageskill.core.events import ActingFor
from imageskill.core.messages import Statement, send
from imageskill.core.rows import inserted, saved

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
HOUSE_LAPSED: Final = "house.lapsed"
HOUSE_ADJUSTMENTS: Final = "house.adjustments"
TRANSFER: Final = "transfer"
"""The other side: what the house gave, sold, earned, took back, let lapse, put right; and the way between two."""

_OF_LOT: Final = {
    AVAILABLE: "available_credits",
    HELD: "held_credits",
    FROZEN: "frozen_credits",
}
_OF_ACCOUNT: Final = {HELD: "held_credits", FROZEN: "frozen_credits"}
_LOT_MOVES: Final = (
    *_OF_LOT.values(),
    *("reversed_credits", "indebted_credits", "moved_credits", "lapsed_credits"),
)
_ACCOUNT_MOVES: Final = (
    *(f"{kind}_credits" for kind in LotKind),
    *_OF_ACCOUNT.values(),
    *("debt_credits", "entry_seq", "chain_head", "is_low"),
)
"""The columns that an act may change of a lot and of an account; `watching` sets the levels of `is_low`."""


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

    Whatever becomes available in an organization that owes credits repays them first, by an entry of its own. What
    becomes available in an organization that was merged into another passes on to that one.
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
        self._leaving: list[tuple[CreditLot, int]] = []
        self._destination = ""
        self._actor = actor
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
            if self.account.organization.merged_into_id:
                self.leave(own, self.account.organization.merged_into_id)

    def leave(self, lot: CreditLot, to_organization_id: str) -> None:
        """Have what a lot has available leave for another organization, or lapse where it may not go there.

        Bought credits move with their receipt, so that a later refund finds them. Free and promotional ones never
        move, nor does play money to where real money is.
        """
        own = self.lot(lot)
        credits = own.available_credits
        if _may_move(own, to_organization_id):
            self.move(EntryKind.TRANSFER, AVAILABLE, TRANSFER, credits, own)
            own.moved_credits += credits
            self._leaving.append((own, credits))
        else:
            self.move(EntryKind.LAPSE, AVAILABLE, HOUSE_LAPSED, credits, own)
            own.lapsed_credits += credits
        self._destination = to_organization_id

    def repay(self, lot: CreditLot, most: int) -> None:
        """Repay what the organization owes from what a lot has available, at most `most` credits."""
        due = max(0, min(most, self.account.debt_credits, self.lot(lot).available_credits))
        self.move(EntryKind.REPAY, AVAILABLE, DEBT, due, lot)

    def post(self, *beside: Statement[Any]) -> list[Any]:
        """Append the entries to the chain and save the account and the lots; return what those beside it tell.

        All of it goes in one message, `beside` first.
        """
        entries = [self._entry(movement) for movement in self._movements]
        watching.note(self.account)
        told = send(
            *beside,
            *([inserted(*entries)] if entries else []),
            *(saved(lot, *_LOT_MOVES) for lot in self._lots.values()),
            saved(self.account, *_ACCOUNT_MOVES),
        )
        if any(credits for _, credits in self._leaving):
            self._arrive()
        return told[: len(beside)]

    def _arrive(self) -> None:
        """Write the other side of what left: a lot of its own in the organization it went to."""
        there = Sheet(
            account_of(self._destination),
            actor=self._actor,
            reason="moved_from_organization",
            reference=self.account.organization_id,
        )
        for lot, credits in self._leaving:
            if credits:
                there.move(
                    EntryKind.TRANSFER, TRANSFER, AVAILABLE, credits, _lot_there(lot, credits, self._destination)
                )
        there.post()

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
        if movement.kind in (EntryKind.TRANSFER, EntryKind.LAPSE):
            # One act moves the lots of many receipts.
            entry.receipt_id = movement.lot.receipt_id
        entry.sha256 = account.chain_head = entry_sha256(entry)
        return entry


def account_of(organization_id: str) -> CreditAccount:
    """Return the organization's account, made on first touch; call it under the organization's lock."""
    accounts = CreditAccount.objects.select_related("organization")
    account, _ = accounts.get_or_create(organization_id=organization_id)
    return account


def _may_move(lot: CreditLot, to_organization_id: str) -> bool:
    if lot.kind != LotKind.PAID:
        return False
    if lot.live_money:
        return True
    beside = CreditLot.objects.filter(organization_id=to_organization_id, kind=LotKind.PAID, live_money=True)
    return not beside.exists()


def _lot_there(lot: CreditLot, credits: int, organization_id: str) -> CreditLot:
    return CreditLot.objects.create(
        organization_id=organization_id,
        kind=lot.kind,
        source="moved",
        receipt_id=lot.receipt_id,
        live_money=lot.live_money,
        granted_credits=credits,
        created_at=timezone.now(),
    )


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
