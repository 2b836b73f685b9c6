"""Two-phase spending: hold, then settle or release."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import ExpressionWrapper, F, IntegerField
from django.utils import timezone

from billing.ledger.posting import AVAILABLE, HELD, HOUSE_REVENUE, Sheet, account_of
from billing.models import CreditAccount, CreditLot, EntryKind, Hold, LedgerEntry, LotKind, SpendBucket, UsageEvent
from imageskill.core.events import ActingFor
from imageskill.core.messages import Statement, send
from imageskill.core.rows import insert, inserted
from imageskill.core.statements import Select, Update

BUCKET = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Split:
    """How much of a hold each lot carries, in the order in which it is spent."""

    parts: tuple[tuple[CreditLot, int], ...]

    @property
    def total(self) -> int:
        """The credits of all parts."""
        return sum(credits for _, credits in self.parts)

    @property
    def free(self) -> int:
        """The credits that come from free lots."""
        return sum(credits for lot, credits in self.parts if lot.kind == LotKind.FREE)


def hold(
    *,
    organization_id: str,
    agent_id: str,
    job_id: str,
    split: Split,
    price_version: str,
    authorised_at: datetime,
    actor: ActingFor,
    account: CreditAccount | None = None,
) -> Hold:
    """Set the split's credits aside for a job and return the hold; `account` as read under the lock, if it was."""
    row = Hold(
        organization_id=organization_id,
        agent_id=agent_id,
        job_id=job_id,
        credits=split.total,
        free_credits=split.free,
        price_version=price_version,
        authorised_at=authorised_at,
    )
    sheet = Sheet(account or account_of(organization_id), actor=actor, reason="job_authorised", hold=row)
    for lot, credits in split.parts:
        sheet.move(EntryKind.HOLD, AVAILABLE, HELD, credits, lot)
    _post(sheet, row, inserted(row), held=split.total)
    return row


def settle(*, hold: Hold, credits: int, provider_cost_micros: int, actor: ActingFor) -> UsageEvent:
    """Spend `credits` of an open hold, give the rest back to its lots, and return the usage.

    ValueError: the hold is not open any more, or holds less than `credits`; the caller's transaction ends.
    """
    if not 0 < credits <= hold.credits:
        raise ValueError("a settlement lies within its hold")
    usage = UsageEvent(
        hold=hold,
        organization_id=hold.organization_id,
        agent_id=hold.agent_id,
        job_id=hold.job_id,
        credits=credits,
        provider_cost_micros=provider_cost_micros,
        created_at=timezone.now(),
    )
    _close(hold, Hold.State.SETTLED, inserted(usage), settled=credits, actor=actor, reason="job_delivered")
    return usage


def release(*, hold: Hold, actor: ActingFor, reason: str) -> None:
    """Give all of an open hold back to its lots. ValueError: it is not open any more."""
    _close(hold, Hold.State.RELEASED, settled=0, actor=actor, reason=reason)


_CLOSED: Final = Update(
    lambda pk, state, settled, at: (
        Hold.objects.filter(pk=pk, state=Hold.State.OPEN),
        {"state": state, "settled_credits": settled, "closed_at": at},
    )
)
_HELD: Final = Select(
    lambda hold_id: (
        LedgerEntry.objects.filter(hold_id=hold_id, kind=EntryKind.HOLD)
        .select_related("lot__organization__credit_account")
        .order_by("seq")
    )
)


def _close(
    hold: Hold, state: Hold.State, *beside: Statement[Any], settled: int, actor: ActingFor, reason: str
) -> None:
    closed, entries = send(
        _CLOSED.asked(pk=hold.pk, state=state, settled=settled, at=timezone.now()), _HELD.asked(hold_id=hold.pk)
    )
    if closed != 1:
        raise ValueError("the hold is closed already")
    # All lots of a hold are its organization's: the account comes with them.
    sheet = Sheet(entries[0].lot.organization.credit_account, actor=actor, reason=reason, hold=hold)
    left = settled
    for entry in entries:
        spent = min(left, entry.credits)
        left -= spent
        sheet.move(EntryKind.SETTLE, HELD, HOUSE_REVENUE, spent, entry.lot)
        sheet.move(EntryKind.RELEASE, HELD, AVAILABLE, entry.credits - spent, entry.lot)
    _post(sheet, hold, *beside, held=-hold.credits, settled=settled)


def bucket_start(authorised_at: datetime) -> datetime:
    """Return the start of the quarter hour (UTC) to which a hold belongs, whatever day it settles."""
    seconds = int(BUCKET.total_seconds())
    offset = int(authorised_at.timestamp()) % seconds
    return authorised_at - timedelta(seconds=offset, microseconds=authorised_at.microsecond)


_MOVED: Final = Update(
    lambda organization_id, agent_id, start, held, settled: (
        SpendBucket.objects.filter(organization_id=organization_id, agent_id=agent_id, start=start),
        {
            "held_credits": F("held_credits") + ExpressionWrapper(held, IntegerField()),
            "settled_credits": F("settled_credits") + ExpressionWrapper(settled, IntegerField()),
        },
    )
)


def _post(sheet: Sheet, hold: Hold, *beside: Statement[Any], held: int, settled: int = 0) -> None:
    """Post an act on a hold, and move the sums of the quarter hour in which the hold was authorised."""
    key: dict[str, Any] = {
        "organization_id": hold.organization_id,
        "agent_id": hold.agent_id,
        "start": bucket_start(hold.authorised_at),
    }
    moved, *_ = sheet.post(_MOVED.asked(**key, held=held, settled=settled), *beside)
    if not moved:
        insert(SpendBucket(**key, held_credits=held, settled_credits=settled))
