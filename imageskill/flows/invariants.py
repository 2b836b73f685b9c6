"""What must hold over all floors at any moment, read in one snapshot."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from billing import findings, ledger
from billing.findings import Found
from billing.models import BooksFinding, CreditLot, Hold, Receipt
from creative.models import Job

logger = logging.getLogger("imageskill.invariants")
_LOGGED: Final = 50
_RECENT: Final = timedelta(days=2)


def reconcile() -> list[str]:
    """Return every offence: books that do not balance, holds without a running job, receipts without credits."""
    with snapshot():
        return [found.told for found in _offences(ledger.verify_all(), since=None)]


def check(*, full: bool | None = None) -> list[BooksFinding]:
    """Check the books, note what was found, and return what stands; a second check confirms it.

    Usually from the checkpoints on; in full for the first time of a day, and again while a full check's finding
    waits for its confirmation. `full` decides otherwise.
    """
    began_at = timezone.now()
    in_full = findings.full_is_due(began_at) if full is None else full
    with snapshot():
        verified = ledger.verify_all() if in_full else ledger.verify_since_checkpoints()
        found = list(_offences(verified, since=None if in_full else began_at - _RECENT))
    ledger.keep(verified.proven)
    standing = findings.record(found=found, full=in_full, began_at=began_at)
    for finding in standing[:_LOGGED]:
        _log(finding)
    return standing


def _log(finding: BooksFinding) -> None:
    fields = {"offence": finding.told, "first_seen_at": finding.first_seen_at.isoformat()}
    if finding.confirmed_at is None:
        logger.warning("the books may not balance: unconfirmed", extra={"fields": fields})
    else:
        logger.error("the books do not balance: confirmed", extra={"fields": fields})


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything as it was at one instant, without keeping a writer waiting."""
    if connection.in_atomic_block:
        yield
        return
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        # Django would begin IMMEDIATE, which is the writers' lock; DEFERRED only reads.
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _offences(verified: ledger.Verified, *, since: datetime | None) -> Iterator[Found]:
    for row in verified.offences:
        told = f"{row.what} {row.row_id}: expected {row.expected}, found {row.found}"
        yield Found(row.what, row.row_id, row.organization_id, told)
    yield from _holds()
    yield from _receipts(since)


def _holds() -> Iterator[Found]:
    """Name open holds whose job does not run, and running jobs whose hold is closed."""
    jobs = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    running = dict(jobs.values_list("hold_id", "organization_id"))
    opened = dict(Hold.objects.filter(state=Hold.State.OPEN).values_list("pk", "organization_id"))
    for hold_id in sorted(opened.keys() - running.keys()):
        yield Found("hold.open", hold_id, opened[hold_id], f"hold {hold_id}: open, but its job does not run")
    for hold_id in sorted(held for held in running.keys() - opened.keys() if held):
        yield Found("hold.closed", hold_id, running[hold_id], f"hold {hold_id}: closed, but its job runs")


def _receipts(since: datetime | None) -> Iterator[Found]:
    """Name receipts whose credits were not granted exactly; with `since`, of those written after it."""
    receipts, lots = Receipt.objects.order_by("pk"), CreditLot.objects.exclude(receipt_id="")
    if since is not None:
        receipts, lots = receipts.filter(created_at__gte=since), lots.filter(created_at__gte=since)
    granted: dict[str, int] = {}
    for receipt_id, source, credits in lots.values_list("receipt_id", "source", "granted_credits"):
        granted[receipt_id] = granted.get(receipt_id, 0) + (credits if source == "purchase" else 0)
    for receipt in receipts:
        found = granted.get(receipt.pk, 0)
        if found != receipt.granted_credits:
            told = f"receipt {receipt.pk}: {receipt.granted_credits} credits paid, {found} granted"
            yield Found("receipt", receipt.pk, receipt.organization_id, told)
