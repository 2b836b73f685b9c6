"""Appending entries to an organization's chain."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from django.utils import timezone

from billing.models import CreditAccount, CreditLot, EntryKind, Hold, LedgerEntry
from imageskill.core.events import ActingFor

AVAILABLE = "available"
HELD = "held"
HOUSE_ALLOWANCE = "house.allowance"
HOUSE_REVENUE = "house.revenue"


@dataclass(frozen=True, slots=True)
class Movement:
    """Credits of one lot that go from one book to another."""

    kind: EntryKind
    from_book: str
    to_book: str
    credits: int
    lot: CreditLot


def post(
    account: CreditAccount,
    movements: Iterable[Movement],
    *,
    actor: ActingFor,
    reason: str,
    hold: Hold | None = None,
) -> None:
    """Append one entry a movement to the account's chain; the caller saves the account."""
    now = timezone.now()
    entries = []
    for movement in movements:
        account.entry_seq += 1
        entry = LedgerEntry(
            organization_id=account.organization_id,
            seq=account.entry_seq,
            kind=movement.kind,
            from_book=movement.from_book,
            to_book=movement.to_book,
            credits=movement.credits,
            lot=movement.lot,
            hold=hold,
            job_id=hold.job_id if hold else "",
            actor_type=actor.actor_type,
            actor_id=actor.actor_id,
            reason=reason,
            price_version=hold.price_version if hold else "",
            created_at=now,
            previous_sha256=account.chain_head,
        )
        entry.sha256 = account.chain_head = entry_sha256(entry)
        entries.append(entry)
    LedgerEntry.objects.bulk_create(entries)


def entry_sha256(entry: LedgerEntry) -> str:
    """Return the hash of an entry upon the one before it: canonical JSON of ids, integers and instants."""
    content = {
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
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((entry.previous_sha256 + canonical).encode()).hexdigest()
