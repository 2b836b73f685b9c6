"""What the next job may take: which lots, under which limits. Pure; it is told what was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.ledger import Split
from billing.models import CreditLot, LotKind
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.instants import instant
from imageskill.core.wording import in_credits

_ORDER = {LotKind.FREE: 0, LotKind.PROMO: 1, LotKind.PAID: 2}
QUOTA = "image-skill usage quota --json"
TOP_UP = "image-skill credits packs list --json"


@dataclass(frozen=True, slots=True)
class Request:
    """What a job needs: its model and price, whether free credits may buy it, and which model they would buy.

    `play_allowed`: play money may buy it, because it costs the house nothing or the operator wants it so. `grant`:
    what the agent must hold. `approved`: the owner has approved exactly this plan.
    """

    model_id: str
    credits: int
    free_allowed: bool
    free_alternative: str | None
    play_allowed: bool = True
    grant: str = "create.preview"
    approved: bool = False


@dataclass(frozen=True, slots=True)
class DailyJobs:
    """The jobs of the day that touched free credits; `limit` None: the agent is claimed."""

    limit: int | None
    used: int
    resets_at: datetime

    @property
    def exhausted(self) -> bool:
        """Whether no further job may touch free credits today."""
        return self.limit is not None and self.used >= self.limit


def split(request: Request, lots: Sequence[CreditLot], daily: DailyJobs, *, debt_credits: int = 0) -> Split:
    """Return which lots pay, free before promo before paid, the oldest first. QUOTA_EXCEEDED otherwise."""
    if debt_credits:
        raise _in_debt(request, lots, debt_credits)
    free_usable = request.free_allowed and not daily.exhausted
    usable = [lot for lot in lots if (free_usable if lot.kind == LotKind.FREE else _is_real(request, lot))]
    usable.sort(key=lambda lot: (_ORDER[LotKind(lot.kind)], lot.pk))
    parts = []
    left = request.credits
    for lot in usable:
        taken = min(left, lot.available_credits)
        if taken:
            parts.append((lot, taken))
            left -= taken
    if left:
        raise _refusal(request, lots, daily)
    return Split(tuple(parts))


def _is_real(request: Request, lot: CreditLot) -> bool:
    """Say whether a bought lot pays for this: play money must not buy what costs the house real money."""
    return lot.live_money or request.play_allowed


def _refusal(request: Request, lots: Sequence[CreditLot], daily: DailyJobs) -> ApiError:
    free = sum(lot.available_credits for lot in lots if lot.kind == LotKind.FREE)
    bought = [lot for lot in lots if lot.kind != LotKind.FREE]
    other = sum(lot.available_credits for lot in bought if _is_real(request, lot))
    play = sum(lot.available_credits for lot in bought) - other
    if play and other + play >= request.credits:
        return ApiError(
            ErrorCode.QUOTA_EXCEEDED,
            f"This needs {in_credits(request.credits)} and {other} can pay for it: {play} were bought with play "
            "money, which buys no model that costs real money.",
            reason="play_money_does_not_buy_this_model",
            free_model=request.free_alternative,
            **_numbers(request, free, other),
        )
    if request.free_allowed and daily.exhausted and free + other >= request.credits:
        return ApiError(
            ErrorCode.QUOTA_EXCEEDED,
            f"All {daily.limit} free jobs of the day are used; they start anew at "
            f"{daily.resets_at:%Y-%m-%d %H:%M} UTC. Paid credits have no such limit.",
            status=429,
            reason="daily_jobs",
            daily_jobs={"limit": daily.limit, "used": daily.used, "remaining": 0},
            resets_at=instant(daily.resets_at),
            **_numbers(request, free, other),
        )
    if not request.free_allowed and free:
        named = f" They buy {request.free_alternative}." if request.free_alternative else ""
        return ApiError(
            ErrorCode.QUOTA_EXCEEDED,
            f"This needs {in_credits(request.credits)} and {other} can pay for it: the {free} free credits do not "
            f"buy this model.{named}",
            reason="free_credits_do_not_buy_this_model",
            free_model=request.free_alternative,
            **_numbers(request, free, other),
        )
    return ApiError(
        ErrorCode.QUOTA_EXCEEDED,
        f"This needs {in_credits(request.credits)}; {free + other} are left.",
        reason="credits",
        **_numbers(request, free, other),
    )


def _in_debt(request: Request, lots: Sequence[CreditLot], debt_credits: int) -> ApiError:
    free = sum(lot.available_credits for lot in lots if lot.kind == LotKind.FREE)
    other = sum(lot.available_credits for lot in lots if lot.kind != LotKind.FREE)
    return ApiError(
        ErrorCode.QUOTA_EXCEEDED,
        f"A payment was taken back after its credits were spent: there is a debt of {in_credits(debt_credits)}. "
        "Nothing new is made before it is repaid; the next credits that are bought repay it first.",
        reason="debt",
        debt_credits=debt_credits,
        **_numbers(request, free, other),
    )


def _numbers(request: Request, free: int, other: int) -> dict[str, Any]:
    return {
        "needed_credits": request.credits,
        "remaining_credits": free,
        "payment_backed_remaining_credits": other,
        "suggested_command": QUOTA,
    }
