"""How much may be bought: an agent that no human has claimed yet, and play money."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import F, Sum
from django.utils import timezone

from accounts.models import Agent, ClaimState
from billing.models import PaymentAttempt, Receipt
from billing.windows import window
from imageskill.core import tallies
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.instants import instant

UNCLAIMED_CREDITS_A_DAY: Final = 2000
UNCLAIMED_CREDITS_IN_ALL: Final = 5000
OPEN_ATTEMPTS: Final = 3
ATTEMPTS_A_DAY: Final = 20


def check(*, agent: Agent, credits: int, with_open_attempts: bool = False) -> None:
    """Raise CAPABILITY_DENIED where an unclaimed agent would have bought more than it may.

    Stolen cards are spent where nobody answers for them, so an agent without a human buys little.
    """
    if agent.claim_state == ClaimState.CLAIMED:
        return
    today = window("day", timezone.now())
    day = _bought(agent, today.start, with_open_attempts=with_open_attempts)
    total = _bought(agent, None, with_open_attempts=with_open_attempts)
    if day + credits <= UNCLAIMED_CREDITS_A_DAY and total + credits <= UNCLAIMED_CREDITS_IN_ALL:
        return
    raise ApiError(
        ErrorCode.CAPABILITY_DENIED,
        f"An unclaimed agent buys at most {UNCLAIMED_CREDITS_A_DAY} credits a day and {UNCLAIMED_CREDITS_IN_ALL} "
        f"in all; it has bought {day} today and {total} in all. Have a human claim it.",
        reason="unclaimed_purchase_limit",
        cap_day=UNCLAIMED_CREDITS_A_DAY,
        used_day=day,
        cap_total=UNCLAIMED_CREDITS_IN_ALL,
        used_total=total,
        needed=credits,
        resets_at=instant(today.end),
        suggested_command="image-skill whoami --json",
    )


def check_attempts(*, begun_by: Mapping[str, str]) -> None:
    """Raise RATE_LIMITED where too many payments of a buyer are open, or were begun within a day.

    `begun_by` names the buyer as columns of an attempt.
    """
    now = timezone.now()
    attempts = PaymentAttempt.objects.filter(**begun_by)
    waiting = attempts.filter(state__in=PaymentAttempt.OPEN).order_by("expires_at")
    if len(waiting) >= OPEN_ATTEMPTS:
        seconds = max(60, int((waiting[0].expires_at - now).total_seconds()))
        raise ApiError(
            ErrorCode.RATE_LIMITED,
            f"{len(waiting)} payments are open; at most {OPEN_ATTEMPTS} may be. Finish one, or let it end.",
            reason="open_payments",
            retry_after_seconds=seconds,
            payment_attempt_ids=[attempt.pk for attempt in waiting],
            cap=OPEN_ATTEMPTS,
            used=len(waiting),
        )
    begun = attempts.filter(created_at__gt=now - timedelta(days=1)).order_by("created_at")
    if len(begun) >= ATTEMPTS_A_DAY:
        free_at = begun[0].created_at + timedelta(days=1)
        raise ApiError(
            ErrorCode.RATE_LIMITED,
            f"{len(begun)} payments were begun within a day; at most {ATTEMPTS_A_DAY} may be.",
            reason="payments_a_day",
            retry_after_seconds=max(1, int((free_at - now).total_seconds())),
            cap=ATTEMPTS_A_DAY,
            used=len(begun),
        )


def take_play_money(*, whose: str, credits: int) -> None:
    """Count play money against its daily bounds, in the caller's transaction. RATE_LIMITED: they are reached.

    `whose` is the digest of the buyer's mailbox, or its network where it has none.
    """
    day = tallies.DAY
    a_mailbox, everybody = settings.FAKE_RAIL_CREDITS_PER_CONTACT, settings.FAKE_RAIL_DAILY_CREDITS
    within = tallies.take("fake_contact", whose, limit=a_mailbox, period=day, amount=credits) and tallies.take(
        "fake_service", "all", limit=everybody, period=day, amount=credits
    )
    if not within:
        raise ApiError(
            ErrorCode.RATE_LIMITED,
            f"Play money is bounded: {a_mailbox} credits a day for one contact, {everybody} for everybody.",
            reason="play_money_a_day",
            retry_after_seconds=tallies.seconds_left(day),
            cap=a_mailbox,
            needed=credits,
        )


def _bought(agent: Agent, since: datetime | None, *, with_open_attempts: bool) -> int:
    """Return the credits that an agent bought since an instant, and those it may still come to pay for."""
    receipts = Receipt.objects.filter(agent=agent)
    attempts = PaymentAttempt.objects.filter(agent=agent, state__in=PaymentAttempt.OPEN)
    if since is not None:
        receipts, attempts = receipts.filter(created_at__gte=since), attempts.filter(created_at__gte=since)
    bought = receipts.aggregate(sum=Sum(F("paid_credits") + F("promo_credits")))["sum"] or 0
    if with_open_attempts:
        bought += attempts.aggregate(sum=Sum("credits"))["sum"] or 0
    return int(bought)
