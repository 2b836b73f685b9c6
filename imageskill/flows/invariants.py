"""What must hold over all floors at any moment, read in one snapshot."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from billing import ledger
from billing.models import CreditLot, Hold, Receipt
from creative.models import Job

logger = logging.getLogger("imageskill.invariants")


def reconcile() -> list[str]:
    """Return every offence: books that do not balance, holds without a running job, receipts without credits."""
    with _snapshot():
        books = [f"{row.what} {row.row_id}: expected {row.expected}, found {row.found}" for row in ledger.verify()]
        return [*books, *_holds(), *_receipts()]


def check() -> int:
    """Reconcile for the clock: offences are logged; return how many there are."""
    offences = reconcile()
    for offence in offences[:50]:
        logger.error("the books do not balance", extra={"fields": {"offence": offence}})
    return len(offences)


@contextmanager
def _snapshot() -> Iterator[None]:
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


def _holds() -> Iterator[str]:
    """Name open holds whose job does not run, and running jobs whose hold is closed."""
    running = set(
        Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).values_list("hold_id", flat=True)
    )
    opened = set(Hold.objects.filter(state=Hold.State.OPEN).values_list("pk", flat=True))
    for hold_id in sorted(opened - running):
        yield f"hold {hold_id}: open, but its job does not run"
    for hold_id in sorted(held for held in running - opened if held):
        yield f"hold {hold_id}: closed, but its job runs"


def _receipts() -> Iterator[str]:
    """Name receipts whose credits were not granted exactly."""
    granted: dict[str, int] = {}
    for receipt_id, source, credits in CreditLot.objects.exclude(receipt_id="").values_list(
        "receipt_id", "source", "granted_credits"
    ):
        granted[receipt_id] = granted.get(receipt_id, 0) + (credits if source == "purchase" else 0)
    for receipt in Receipt.objects.order_by("pk"):
        found = granted.get(receipt.pk, 0)
        if found != receipt.granted_credits:
            yield f"receipt {receipt.pk}: {receipt.granted_credits} credits paid, {found} granted"
