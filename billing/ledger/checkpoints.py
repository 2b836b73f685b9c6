"""Proving the books from where they were proven last: only entries after an account's checkpoint are read.

A check from the checkpoints finds whatever was forged since, and every balance that its entries do not explain.
What was forged before a checkpoint is found by `verify`, which reads everything.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from billing.ledger.holding import BUCKET, bucket_start
from billing.ledger.posting import AVAILABLE, DEBT, FROZEN, HELD, TRANSFER, entry_sha256
from billing.ledger.verifying import (
    Offence,
    bucket_offences,
    differs,
    end_offences,
    hold_offences,
    link_offences,
    lot_offences,
    verify,
)
from billing.models import AccountCheckpoint, CreditAccount, CreditLot, Hold, LedgerEntry, SpendBucket, UsageEvent
from imageskill.core.units import unit_of_work

if TYPE_CHECKING:
    from datetime import datetime

T = TypeVar("T")

_CHUNK: Final = 500
_BALANCES: Final = ("free", "promo", "paid", "held", "frozen", "debt")
_OF_BOOK: Final = {HELD: "held_credits", FROZEN: "frozen_credits", TRANSFER: "transfer_credits"}
_KEPT: Final = ("seq", "sha256", *(f"{name}_credits" for name in (*_BALANCES, "transfer")), "proven_at")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found, and the accounts that it proved with nothing wrong, as checkpoints to keep."""

    offences: tuple[Offence, ...]
    proven: tuple[AccountCheckpoint, ...]


@dataclass(slots=True)
class _Touched:
    """What the newer entries moved."""

    lots: set[int] = field(default_factory=set)
    holds: set[str] = field(default_factory=set)


def verify_all() -> Verified:
    """Check everything from the first entry on."""
    offences = verify()
    between = LedgerEntry.objects.filter(to_book=TRANSFER) | LedgerEntry.objects.filter(from_book=TRANSFER)
    transfers: dict[str, int] = {}
    for organization_id, to_book, credits in between.values_list("organization_id", "to_book", "credits"):
        moved = credits if to_book == TRANSFER else -credits
        transfers[organization_id] = transfers.get(organization_id, 0) + moved
    proven = [
        _checkpoint(account, transfers.get(account.organization_id, 0)) for account in CreditAccount.objects.all()
    ]
    return _verified(offences, proven)


def verify_since_checkpoints() -> Verified:
    """Check what came after each account's checkpoint, and each balance against the checkpoint and what came."""
    known = AccountCheckpoint.objects.in_bulk()
    newest = LedgerEntry.objects.filter(organization_id=OuterRef("pk")).order_by("-seq")
    accounts = CreditAccount.objects.annotate(
        newest_seq=Subquery(newest.values("seq")[:1]), newest_sha256=Subquery(newest.values("sha256")[:1])
    )
    offences: list[Offence] = []
    proven: list[AccountCheckpoint] = []
    touched = _Touched()
    in_transfer = 0
    for account in accounts.order_by("pk"):
        start = known.get(account.pk) or AccountCheckpoint(organization_id=account.pk)
        unmoved = (account.newest_seq or 0, account.newest_sha256 or "") == (start.seq, start.sha256)
        found, sums = _read(account, start, [] if unmoved else _entries_from(start), touched, anchored=unmoved)
        offences += found
        in_transfer += sums["transfer_credits"]
        proven.append(_checkpoint(account, sums["transfer_credits"]))
    offences += differs("transfers", "all organizations", 0, in_transfer)
    offences += _touched_offences(touched)
    return _verified(offences, proven)


def _entries_from(start: AccountCheckpoint) -> QuerySet[LedgerEntry]:
    """Return the entry of a checkpoint and those after it."""
    entries = LedgerEntry.objects.filter(organization_id=start.pk, seq__gte=start.seq)
    return entries.select_related("lot").order_by("seq")


def _read(
    account: CreditAccount,
    start: AccountCheckpoint,
    entries: Iterable[LedgerEntry],
    touched: _Touched,
    *,
    anchored: bool,
) -> tuple[list[Offence], dict[str, int]]:
    """Return what does not fit from a checkpoint on, and the sums at the end.

    `anchored`: the checkpoint's own entry is known to stand where it stood; otherwise `entries` begins with it.
    """
    whose = account.pk
    offences: list[Offence] = []
    seq, head = start.seq, start.sha256
    anchored = anchored or seq == 0
    sums = {f"{name}_credits": getattr(start, f"{name}_credits") for name in (*_BALANCES, "transfer")}
    for entry in entries:
        if entry.seq == start.seq:
            anchored = entry.sha256 == start.sha256 == entry_sha256(entry)
            continue
        offences += link_offences(entry, seq, head)
        _add(sums, entry)
        touched.lots.add(entry.lot_id)
        if entry.hold_id:
            touched.holds.add(entry.hold_id)
        seq, head = entry.seq, entry.sha256
    offences += differs("checkpoint.head", whose, 1, int(anchored), whose)
    offences += end_offences(account, seq, head)
    for name in _BALANCES:
        column = f"{name}_credits"
        offences += differs(f"account.{name}", whose, sums[column], getattr(account, column), whose)
    return offences, sums


def _add(sums: dict[str, int], entry: LedgerEntry) -> None:
    for book, sign in ((entry.from_book, -1), (entry.to_book, 1)):
        if book == AVAILABLE:
            sums[f"{entry.lot.kind}_credits"] += sign * entry.credits
        elif book == DEBT:
            sums["debt_credits"] -= sign * entry.credits
        elif book in _OF_BOOK:
            sums[_OF_BOOK[book]] += sign * entry.credits


def _touched_offences(touched: _Touched) -> Iterator[Offence]:
    """Compare the lots and holds that moved, open holds, and their quarter hours, with all of their entries."""
    for lots in _chunks(sorted(touched.lots)):
        entries = LedgerEntry.objects.filter(lot_id__in=lots)
        yield from lot_offences(CreditLot.objects.filter(pk__in=lots), entries)
    opened = Hold.objects.filter(state=Hold.State.OPEN).values_list("pk", flat=True)
    spans: set[tuple[str, str, datetime]] = set()
    for ids in _chunks(sorted(touched.holds.union(opened))):
        holds = Hold.objects.filter(pk__in=ids)
        entries = LedgerEntry.objects.filter(hold_id__in=ids)
        yield from hold_offences(holds, entries, UsageEvent.objects.filter(hold_id__in=ids))
        spans |= {(hold.agent_id, hold.organization_id, bucket_start(hold.authorised_at)) for hold in holds}
    for agent_id, organization_id, start in sorted(spans):
        own: dict[str, Any] = {"agent_id": agent_id, "organization_id": organization_id}
        inside = Hold.objects.filter(**own, authorised_at__gte=start, authorised_at__lt=start + BUCKET)
        yield from bucket_offences(inside, SpendBucket.objects.filter(**own, start=start))


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(rows), _CHUNK):
        yield rows[first : first + _CHUNK]


def _checkpoint(account: CreditAccount, transfer_credits: int) -> AccountCheckpoint:
    """Return a checkpoint of an account as it stands; it is kept only where nothing was found about it."""
    return AccountCheckpoint(
        organization_id=account.pk,
        seq=account.entry_seq,
        sha256=account.chain_head,
        transfer_credits=transfer_credits,
        proven_at=timezone.now(),
        **{f"{name}_credits": getattr(account, f"{name}_credits") for name in _BALANCES},
    )


def _verified(offences: Sequence[Offence], proven: Sequence[AccountCheckpoint]) -> Verified:
    bad = {offence.organization_id for offence in offences}
    return Verified(tuple(offences), tuple(row for row in proven if row.organization_id not in bad))


@unit_of_work
def keep(proven: Sequence[AccountCheckpoint]) -> None:
    """Store the checkpoints that say something new; none goes back to where its account was proven before."""
    known = AccountCheckpoint.objects.in_bulk([row.pk for row in proven])
    newer = [row for row in proven if _says_more(row, known.get(row.pk))]
    AccountCheckpoint.objects.bulk_create(
        sorted(newer, key=lambda row: row.pk),
        batch_size=_CHUNK,
        update_conflicts=True,
        unique_fields=["organization"],
        update_fields=_KEPT,
    )


def _says_more(row: AccountCheckpoint, known: AccountCheckpoint | None) -> bool:
    if known is None or known.seq != row.seq:
        return known is None or known.seq < row.seq
    return any(getattr(known, name) != getattr(row, name) for name in _KEPT if name != "proven_at")
