"""Proving the books: every balance is recomputed from the entries, and every hold from its own."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from billing.ledger.holding import bucket_start
from billing.ledger.posting import (
    AVAILABLE,
    DEBT,
    FROZEN,
    HELD,
    HOUSE_REVENUE,
    TRANSFER,
    entry_sha256,
)
from billing.models import (
    AccountCheckpoint,
    CreditAccount,
    CreditLot,
    EntryKind,
    Hold,
    LedgerEntry,
    LotKind,
    SpendBucket,
    UsageEvent,
)

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Offence:
    """A row whose numbers are not what its entries say."""

    what: str
    row_id: str
    expected: int
    found: int
    organization_id: str = ""


def verify() -> list[Offence]:
    """Return every offence of the whole ledger; an empty list means that the books balance."""
    lots, holds = CreditLot.objects.all(), Hold.objects.all()
    entries = LedgerEntry.objects.all()
    return [
        *_accounts(),
        *lot_offences(lots, entries),
        *hold_offences(holds, entries, UsageEvent.objects.all()),
        *_chains(),
        *bucket_offences(holds, SpendBucket.objects.all()),
        *_checkpoints(),
    ]


def _accounts() -> Iterator[Offence]:
    books: dict[tuple[str, str], int] = defaultdict(int)
    kinds: dict[tuple[str, str], int] = defaultdict(int)
    entries = LedgerEntry.objects.values_list("organization_id", "from_book", "to_book", "lot__kind")
    for organization_id, from_book, to_book, kind, moved in entries.annotate(moved=Sum("credits")):
        books[organization_id, from_book] -= moved
        books[organization_id, to_book] += moved
        kinds[organization_id, kind] += moved * ((to_book == AVAILABLE) - (from_book == AVAILABLE))
    accounts = list(CreditAccount.objects.all())
    known = {account.organization_id for account in accounts}
    for orphan in sorted({organization_id for organization_id, _ in kinds} - known):
        yield Offence("account.missing", orphan, 1, 0, orphan)
    in_transfer = sum(moved for (_, book), moved in books.items() if book == TRANSFER)
    yield from differs("transfers", "all organizations", 0, in_transfer)
    for account in accounts:
        key = account.organization_id
        yield from differs("account.held", key, books[key, HELD], account.held_credits, key)
        yield from differs("account.frozen", key, books[key, FROZEN], account.frozen_credits, key)
        yield from differs("account.debt", key, -books[key, DEBT], account.debt_credits, key)
        yield from differs("account.free", key, kinds[key, "free"], account.free_credits, key)
        yield from differs("account.promo", key, kinds[key, "promo"], account.promo_credits, key)
        yield from differs("account.paid", key, kinds[key, "paid"], account.paid_credits, key)


def lot_offences(lots: QuerySet[CreditLot], entries: QuerySet[LedgerEntry]) -> Iterator[Offence]:
    """Compare lots with all of their own entries."""
    books: dict[tuple[int, str], int] = defaultdict(int)
    acts: dict[tuple[int, str], int] = defaultdict(int)
    rows = entries.values_list("lot_id", "kind", "from_book", "to_book")
    for lot_id, kind, from_book, to_book, moved in rows.annotate(moved=Sum("credits")):
        books[lot_id, from_book] -= moved
        books[lot_id, to_book] += moved
        for name, sign in _acts(kind, from_book, to_book):
            acts[lot_id, name] += sign * moved
    for lot in lots:
        key, whose = str(lot.pk), lot.organization_id
        yield from differs("lot.granted", key, acts[lot.pk, "granted"], lot.granted_credits, whose)
        yield from differs("lot.available", key, books[lot.pk, AVAILABLE], lot.available_credits, whose)
        yield from differs("lot.held", key, books[lot.pk, HELD], lot.held_credits, whose)
        yield from differs("lot.frozen", key, books[lot.pk, FROZEN], lot.frozen_credits, whose)
        yield from differs("lot.reversed", key, acts[lot.pk, "reversed"], lot.reversed_credits, whose)
        yield from differs("lot.indebted", key, acts[lot.pk, "indebted"], lot.indebted_credits, whose)
        yield from differs("lot.moved", key, acts[lot.pk, "moved"], lot.moved_credits, whose)
        yield from differs("lot.lapsed", key, acts[lot.pk, "lapsed"], lot.lapsed_credits, whose)


def _acts(kind: str, from_book: str, to_book: str) -> Iterator[tuple[str, int]]:
    """Say to which of a lot's own counts a movement adds, and with which sign."""
    if kind == EntryKind.GRANT or (kind == EntryKind.TRANSFER and from_book == TRANSFER):
        yield "granted", 1
    if kind == EntryKind.ADJUST and to_book == AVAILABLE:
        yield "granted", 1
    if kind == EntryKind.TRANSFER and to_book == TRANSFER:
        yield "moved", 1
    if kind == EntryKind.LAPSE:
        yield "lapsed", 1
    if kind == EntryKind.REVERSE:
        yield ("indebted" if from_book == DEBT else "reversed"), 1
    if kind == EntryKind.RESTORE:
        yield ("indebted" if to_book == DEBT else "reversed"), -1


def hold_offences(
    holds: QuerySet[Hold], entries: QuerySet[LedgerEntry], usage: QuerySet[UsageEvent]
) -> Iterator[Offence]:
    """Compare holds with all of their own entries, and with what they say was used."""
    moved: dict[tuple[str, str], int] = defaultdict(int)
    rows = entries.filter(hold__isnull=False).values_list("hold_id", "to_book")
    for hold_id, to_book, total in rows.annotate(total=Sum("credits")):
        moved[hold_id, to_book] += total
    from_free = entries.filter(kind=EntryKind.HOLD, lot__kind=LotKind.FREE).values_list("hold_id")
    free = dict(from_free.annotate(total=Sum("credits")))
    used = dict(usage.values_list("hold_id", "credits"))
    for hold in holds:
        whose = hold.organization_id
        yield from differs("hold.credits", hold.pk, moved[hold.pk, HELD], hold.credits, whose)
        yield from differs("hold.free", hold.pk, free.get(hold.pk, 0), hold.free_credits, whose)
        yield from differs("hold.settled", hold.pk, moved[hold.pk, HOUSE_REVENUE], hold.settled_credits, whose)
        yield from differs("hold.usage", hold.pk, hold.settled_credits, used.get(hold.pk, 0), whose)
        closed = moved[hold.pk, HOUSE_REVENUE] + moved[hold.pk, AVAILABLE]
        due = 0 if hold.state == Hold.State.OPEN else hold.credits
        yield from differs("hold.closed", hold.pk, due, closed, whose)


def _chains() -> Iterator[Offence]:
    heads: dict[str, tuple[int, str]] = {}
    for entry in LedgerEntry.objects.order_by("organization_id", "seq").iterator(chunk_size=2000):
        seq, head = heads.get(entry.organization_id, (0, ""))
        yield from link_offences(entry, seq, head)
        heads[entry.organization_id] = (entry.seq, entry.sha256)
    for account in CreditAccount.objects.all():
        seq, head = heads.get(account.organization_id, (0, ""))
        yield from end_offences(account, seq, head)


def link_offences(entry: LedgerEntry, seq: int, head: str) -> Iterator[Offence]:
    """Compare an entry with the number and the hash of the one before it, and with its own hash."""
    whose = entry.organization_id
    intact = entry.previous_sha256 == head and entry.sha256 == entry_sha256(entry)
    yield from differs("chain.seq", str(entry.pk), seq + 1, entry.seq, whose)
    yield from differs("chain.hash", str(entry.pk), 1, int(intact), whose)


def end_offences(account: CreditAccount, seq: int, head: str) -> Iterator[Offence]:
    """Compare the last entry's number and hash with what the account says."""
    whose = account.organization_id
    yield from differs("chain.length", whose, seq, account.entry_seq, whose)
    yield from differs("chain.head", whose, 1, int(head == account.chain_head), whose)


def bucket_offences(holds: Iterable[Hold], buckets: Iterable[SpendBucket]) -> Iterator[Offence]:
    """Compare the sums of quarter hours with the holds that were authorised in them."""
    due: dict[tuple[str, str, datetime], list[int]] = defaultdict(lambda: [0, 0])
    for hold in holds:
        sums = due[hold.agent_id, hold.organization_id, bucket_start(hold.authorised_at)]
        sums[0] += hold.credits if hold.state == Hold.State.OPEN else 0
        sums[1] += hold.settled_credits
    for bucket in buckets:
        key, whose = str(bucket.pk), bucket.organization_id
        expected = due.pop((bucket.agent_id, bucket.organization_id, bucket.start), [0, 0])
        yield from differs("bucket.held", key, expected[0], bucket.held_credits, whose)
        yield from differs("bucket.settled", key, expected[1], bucket.settled_credits, whose)
    for (agent_id, organization_id, _), expected in due.items():
        yield from differs("bucket.missing", agent_id, sum(expected), 0, organization_id)


def _checkpoints() -> Iterator[Offence]:
    """Name accounts whose entry at the checkpoint is another one than was proven there."""
    there = LedgerEntry.objects.filter(organization_id=OuterRef("pk"), seq=OuterRef("seq"))
    for row in AccountCheckpoint.objects.filter(seq__gt=0).annotate(now=Subquery(there.values("sha256")[:1])):
        whose = row.organization_id
        yield from differs("checkpoint.head", whose, 1, int(row.now == row.sha256), whose)


def differs(what: str, row_id: str, expected: int, found: int, organization_id: str = "") -> Iterator[Offence]:
    """Yield an offence where two numbers differ."""
    if expected != found:
        yield Offence(what, row_id, expected, found, organization_id)
