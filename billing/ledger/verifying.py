"""Proving the books: every balance is recomputed from the entries, and every hold from its own."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum

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


def verify() -> list[Offence]:
    """Return every offence of the whole ledger; an empty list means that the books balance."""
    return [*_accounts(), *_lots(), *_holds(), *_chains(), *_buckets()]


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
        yield Offence("account.missing", orphan, 1, 0)
    in_transfer = sum(moved for (_, book), moved in books.items() if book == TRANSFER)
    yield from _differs("transfers", "all organizations", 0, in_transfer)
    for account in accounts:
        key = account.organization_id
        yield from _differs("account.held", key, books[key, HELD], account.held_credits)
        yield from _differs("account.frozen", key, books[key, FROZEN], account.frozen_credits)
        yield from _differs("account.debt", key, -books[key, DEBT], account.debt_credits)
        yield from _differs("account.free", key, kinds[key, "free"], account.free_credits)
        yield from _differs("account.promo", key, kinds[key, "promo"], account.promo_credits)
        yield from _differs("account.paid", key, kinds[key, "paid"], account.paid_credits)


def _lots() -> Iterator[Offence]:
    books: dict[tuple[int, str], int] = defaultdict(int)
    acts: dict[tuple[int, str], int] = defaultdict(int)
    entries = LedgerEntry.objects.values_list("lot_id", "kind", "from_book", "to_book")
    for lot_id, kind, from_book, to_book, moved in entries.annotate(moved=Sum("credits")):
        books[lot_id, from_book] -= moved
        books[lot_id, to_book] += moved
        for name, sign in _acts(kind, from_book, to_book):
            acts[lot_id, name] += sign * moved
    for lot in CreditLot.objects.all():
        key = str(lot.pk)
        yield from _differs("lot.granted", key, acts[lot.pk, "granted"], lot.granted_credits)
        yield from _differs("lot.available", key, books[lot.pk, AVAILABLE], lot.available_credits)
        yield from _differs("lot.held", key, books[lot.pk, HELD], lot.held_credits)
        yield from _differs("lot.frozen", key, books[lot.pk, FROZEN], lot.frozen_credits)
        yield from _differs("lot.reversed", key, acts[lot.pk, "reversed"], lot.reversed_credits)
        yield from _differs("lot.indebted", key, acts[lot.pk, "indebted"], lot.indebted_credits)
        yield from _differs("lot.moved", key, acts[lot.pk, "moved"], lot.moved_credits)


def _acts(kind: str, from_book: str, to_book: str) -> Iterator[tuple[str, int]]:
    """Say to which of a lot's own counts a movement adds, and with which sign."""
    if kind == EntryKind.GRANT or (kind == EntryKind.TRANSFER and from_book == TRANSFER):
        yield "granted", 1
    if kind == EntryKind.TRANSFER and to_book == TRANSFER:
        yield "moved", 1
    if kind == EntryKind.REVERSE:
        yield ("indebted" if from_book == DEBT else "reversed"), 1
    if kind == EntryKind.RESTORE:
        yield ("indebted" if to_book == DEBT else "reversed"), -1


def _holds() -> Iterator[Offence]:
    moved: dict[tuple[str, str], int] = defaultdict(int)
    entries = LedgerEntry.objects.filter(hold__isnull=False).values_list("hold_id", "to_book")
    for hold_id, to_book, total in entries.annotate(total=Sum("credits")):
        moved[hold_id, to_book] += total
    from_free = LedgerEntry.objects.filter(kind=EntryKind.HOLD, lot__kind=LotKind.FREE).values_list("hold_id")
    free = dict(from_free.annotate(total=Sum("credits")))
    used = dict(UsageEvent.objects.values_list("hold_id", "credits"))
    for hold in Hold.objects.all():
        yield from _differs("hold.credits", hold.pk, moved[hold.pk, HELD], hold.credits)
        yield from _differs("hold.free", hold.pk, free.get(hold.pk, 0), hold.free_credits)
        yield from _differs("hold.settled", hold.pk, moved[hold.pk, HOUSE_REVENUE], hold.settled_credits)
        yield from _differs("hold.usage", hold.pk, hold.settled_credits, used.get(hold.pk, 0))
        closed = moved[hold.pk, HOUSE_REVENUE] + moved[hold.pk, AVAILABLE]
        due = 0 if hold.state == Hold.State.OPEN else hold.credits
        yield from _differs("hold.closed", hold.pk, due, closed)


def _chains() -> Iterator[Offence]:
    heads: dict[str, tuple[int, str]] = {}
    for entry in LedgerEntry.objects.order_by("organization_id", "seq").iterator(chunk_size=2000):
        seq, head = heads.get(entry.organization_id, (0, ""))
        intact = entry.previous_sha256 == head and entry.sha256 == entry_sha256(entry)
        yield from _differs("chain.seq", str(entry.pk), seq + 1, entry.seq)
        yield from _differs("chain.hash", str(entry.pk), 1, int(intact))
        heads[entry.organization_id] = (entry.seq, entry.sha256)
    for account in CreditAccount.objects.all():
        seq, head = heads.get(account.organization_id, (0, ""))
        yield from _differs("chain.length", account.organization_id, seq, account.entry_seq)
        yield from _differs("chain.head", account.organization_id, 1, int(head == account.chain_head))


def _buckets() -> Iterator[Offence]:
    due: dict[tuple[str, str, datetime], list[int]] = defaultdict(lambda: [0, 0])
    for hold in Hold.objects.all():
        sums = due[hold.agent_id, hold.organization_id, bucket_start(hold.authorised_at)]
        sums[0] += hold.credits if hold.state == Hold.State.OPEN else 0
        sums[1] += hold.settled_credits
    for bucket in SpendBucket.objects.all():
        expected = due.pop((bucket.agent_id, bucket.organization_id, bucket.start), [0, 0])
        yield from _differs("bucket.held", str(bucket.pk), expected[0], bucket.held_credits)
        yield from _differs("bucket.settled", str(bucket.pk), expected[1], bucket.settled_credits)
    for (agent_id, _, _), expected in due.items():
        yield from _differs("bucket.missing", agent_id, sum(expected), 0)


def _differs(what: str, row_id: str, expected: int, found: int) -> Iterator[Offence]:
    if expected != found:
        yield Offence(what, row_id, expected, found)
