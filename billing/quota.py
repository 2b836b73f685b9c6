"""The numbers of `GET /v1/quota`: read in one query, and nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import grants
from accounts.models import Agent, ClaimState
from billing import ledger, mandates
from billing.mandates import Counter
from billing.models import Hold, Mandate, SpendBucket
from billing.windows import NAMES, Window, window


@dataclass(frozen=True, slots=True)
class Quota:
    """What an agent has, holds, spent and may still do at the instant `at`."""

    at: datetime
    free_credits: int
    other_credits: int
    held_credits: int
    debt_credits: int
    daily_limit: int
    daily_used: int
    daily_unlimited: bool
    day: Window
    spend: tuple[Counter, ...]
    """Each window with its cap, from per_job to lifetime."""
    approval_threshold: int | None


def of_agent(agent: Agent) -> Quota:
    """Return the quota of an agent: one query, and one more for what an owner of a claimed agent allows."""
    now = timezone.now()
    day = window("day", now)
    claimed = agent.claim_state == ClaimState.CLAIMED
    lifted = grants.lift_daily_limit(agent)
    mandate = mandates.current(agent_id=agent.pk, organization_id=agent.organization_id) if claimed else None
    row = (
        Agent.objects.filter(pk=agent.pk)
        .annotate(daily_used=_daily_used(day), **_spending(now, mandate))
        .values(
            "daily_used",
            *_spending_names(mandate),
            "organization__credit_account__free_credits",
            "organization__credit_account__promo_credits",
            "organization__credit_account__paid_credits",
            "organization__credit_account__held_credits",
            "organization__credit_account__debt_credits",
        )
        .get()
    )
    account = "organization__credit_account__"
    return Quota(
        at=now,
        free_credits=row[f"{account}free_credits"] or 0,
        other_credits=(row[f"{account}promo_credits"] or 0) + (row[f"{account}paid_credits"] or 0),
        held_credits=row[f"{account}held_credits"] or 0,
        debt_credits=row[f"{account}debt_credits"] or 0,
        daily_limit=settings.PREVIEW_DAILY_JOBS,
        daily_used=row["daily_used"],
        daily_unlimited=lifted,
        day=day,
        spend=tuple(_counters(row, mandate, now)),
        approval_threshold=mandate.approval_threshold if mandate is not None else None,
    )


def _daily_used(day: Window) -> Any:  # noqa: ANN401 - a query expression
    holds = Hold.objects.filter(
        organization_id=OuterRef("organization_id"),
        authorised_at__gte=day.start,
        authorised_at__lt=day.end,
        free_credits__gt=0,
        state__in=[Hold.State.OPEN, Hold.State.SETTLED],
    )
    counted = holds.order_by().values("organization_id").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


def _spending(now: datetime, mandate: Mandate | None) -> dict[str, Any]:
    buckets = SpendBucket.objects.filter(agent_id=OuterRef("pk"), organization_id=OuterRef("organization_id"))
    sums = {}
    for name in (*NAMES, "lifetime"):
        inside = Q()
        if name != "lifetime":
            span = window(name, now, mandates.zone_of(mandate))
            inside = Q(start__gte=span.start, start__lt=span.end)
        elif mandate is not None:
            inside = Q(start__gte=ledger.bucket_start(mandate.lifetime_starts_at))
        for word, column in (("used", "settled_credits"), ("held", "held_credits")):
            total = buckets.filter(inside).order_by().values("agent_id").annotate(n=Sum(column)).values("n")
            sums[f"{name}_{word}"] = Coalesce(Subquery(total, output_field=IntegerField()), Value(0))
    if mandate is not None:
        sums |= _before_the_mandate(mandate)
    return sums


def _before_the_mandate(mandate: Mandate) -> dict[str, Any]:
    """Return what the first quarter hour of a mandate held and spent before it began."""
    holds = Hold.objects.filter(
        agent_id=OuterRef("pk"),
        organization_id=OuterRef("organization_id"),
        authorised_at__gte=ledger.bucket_start(mandate.lifetime_starts_at),
        authorised_at__lt=mandate.lifetime_starts_at,
    ).order_by()
    used = holds.values("agent_id").annotate(n=Sum("settled_credits")).values("n")
    held = holds.filter(state=Hold.State.OPEN).values("agent_id").annotate(n=Sum("credits")).values("n")
    return {
        f"before_{word}": Coalesce(Subquery(total, output_field=IntegerField()), Value(0))
        for word, total in (("used", used), ("held", held))
    }


def _counters(row: dict[str, Any], mandate: Mandate | None, now: datetime) -> Iterator[Counter]:
    yield Counter("per_job", mandate.cap_per_job if mandate else None, 0, 0, None)
    for name in (*NAMES, "lifetime"):
        cap = getattr(mandate, f"cap_{name}") if mandate else None
        ends = window(name, now, mandates.zone_of(mandate)).end if name != "lifetime" else None
        used, held = row[f"{name}_used"], row[f"{name}_held"]
        if name == "lifetime" and mandate is not None:
            used, held = used - row["before_used"], held - row["before_held"]
        yield Counter(name, cap, used, held, ends)


def _spending_names(mandate: Mandate | None) -> list[str]:
    names = (*NAMES, "lifetime", *(["before"] if mandate is not None else []))
    return [f"{name}_{word}" for name in names for word in ("used", "held")]
