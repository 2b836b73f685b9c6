"""The numbers of `GET /v1/quota`: read in one query, and nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import grants
from accounts.models import Agent, ClaimState
from billing import ledger, mandates
from billing.mandates import Counter
from billing.models import Mandate
from billing.windows import NAMES, Window, window
from imageskill.core.messages import Rows, Statement
from imageskill.core.statements import Select


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
    allowed_models: tuple[str, ...] | None
    """Those that the owner allows; None: all."""


@dataclass(frozen=True, slots=True)
class Left:
    """What an organization has left, as the answer to a create tells it."""

    free_credits: int
    other_credits: int
    held_credits: int


_LEFT: Final = Select(
    lambda agent_id: Agent.objects.filter(pk=agent_id).values_list(
        *(f"organization__credit_account__{name}_credits" for name in ("free", "promo", "paid", "held"))
    )
)


def asked_left(agent_id: str) -> Statement[Left]:
    """Return the statement that reads what an agent's organization has left; nothing before its first credit."""

    def read(rows: Rows) -> Left:
        free, promo, paid, held = (credits or 0 for credits in rows[0])
        return Left(free_credits=free, other_credits=promo + paid, held_credits=held)

    return _LEFT.asked_rows(agent_id=agent_id).then(read)


_MOST_REMEMBERED: Final = 10_000
_remembered: dict[str, Mandate] = {}
"""What owners allow, by agent, as read last. Versions never change: one that is still the latest holds.

One is known by its id and its instant: after a restore an id may come again, for other limits.
"""


def of_agent(agent: Agent) -> Quota:
    """Return the quota of an agent: one query, and two more where its owner has set new limits since the last."""
    now = timezone.now()
    day = window("day", now)
    lifted = grants.lift_daily_limit(agent)
    mandate, row = _numbers(agent, day, now)
    return Quota(
        at=now,
        free_credits=row["free"],
        other_credits=row["promo"] + row["paid"],
        held_credits=row["held"],
        debt_credits=row["debt"],
        daily_limit=settings.PREVIEW_DAILY_JOBS,
        daily_used=row["daily_used"],
        daily_unlimited=lifted,
        day=day,
        spend=tuple(_counters(row, mandate, now)),
        approval_threshold=mandate.approval_threshold if mandate is not None else None,
        allowed_models=mandates.Terms.of(mandate).allowed_models,
    )


def _numbers(agent: Agent, day: Window, now: datetime) -> tuple[Mandate | None, dict[str, int]]:
    """Return what the owner allows, and the sums of its windows; their bounds hang on its time zone."""
    is_owned = agent.claim_state == ClaimState.CLAIMED
    mandate = _remembered.get(agent.pk) if is_owned else None
    row = _read(agent.pk, day, mandate, now)
    if not is_owned or row["mandate"] == (mandate.pk if mandate is not None else 0):
        return mandate, row
    mandate = mandates.current(agent_id=agent.pk, organization_id=agent.organization_id)
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    if mandate is not None:
        _remembered[agent.pk] = mandate
    return mandate, _read(agent.pk, day, mandate, now)


_ACCOUNT: Final = ("free", "promo", "paid", "held", "debt")
_WINDOWS: Final = (*NAMES, "lifetime")
_COLUMNS: Final = (
    *_ACCOUNT,
    "mandate",
    "daily_used",
    *(f"{name}_{word}" for name in _WINDOWS for word in ("used", "held")),
    "before_used",
    "before_held",
)
_SINCE_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FOR_EVER: Final = datetime(9999, 1, 1, tzinfo=UTC)

# Written out, because every create asks this: composing it anew took the ORM ten times as long as the database
# needs to answer it. The buckets are read once for all windows.
_QUERY: Final = f"""
SELECT {", ".join(f"COALESCE(account.{name}_credits, 0)" for name in _ACCOUNT)},
  COALESCE((SELECT CASE WHEN mandate.created_at = %s THEN mandate.id ELSE -mandate.id END
    FROM billing_mandate mandate
    WHERE mandate.agent_id = agent.id AND mandate.organization_id = agent.organization_id
    ORDER BY version DESC LIMIT 1), 0),
  (SELECT COUNT(*) FROM billing_hold hold
    WHERE hold.organization_id = agent.organization_id AND hold.free_credits > 0
      AND hold.state IN ('open', 'settled') AND hold.authorised_at >= %s AND hold.authorised_at < %s),
  {", ".join(f"spent.{name}_{word}" for name in _WINDOWS for word in ("used", "held"))},
  earlier.used, earlier.held
FROM accounts_agent agent
LEFT JOIN billing_creditaccount account ON account.organization_id = agent.organization_id
CROSS JOIN (
  SELECT {
    ", ".join(
        f"COALESCE(SUM({column}) FILTER (WHERE start >= %s AND start < %s), 0) AS {name}_{word}"
        for name in _WINDOWS
        for word, column in (("used", "settled_credits"), ("held", "held_credits"))
    )
}
  FROM billing_spendbucket bucket
  JOIN accounts_agent mine ON mine.id = bucket.agent_id AND mine.organization_id = bucket.organization_id
  WHERE bucket.agent_id = %s
) spent
CROSS JOIN (
  SELECT COALESCE(SUM(settled_credits), 0) AS used,
    COALESCE(SUM(credits) FILTER (WHERE state = 'open'), 0) AS held
  FROM billing_hold hold
  JOIN accounts_agent mine ON mine.id = hold.agent_id AND mine.organization_id = hold.organization_id
  WHERE hold.agent_id = %s AND hold.authorised_at >= %s AND hold.authorised_at < %s
) earlier
WHERE agent.id = %s
"""  # noqa: S608 - our own words; what varies is a parameter


def _read(agent_id: str, day: Window, mandate: Mandate | None, now: datetime) -> dict[str, int]:
    zone = mandates.zone_of(mandate)
    # A mandate's first quarter hour held and spent before the mandate began: `earlier` is taken off.
    begins = mandate.lifetime_starts_at if mandate is not None else _SINCE_EVER
    bucket = ledger.bucket_start(begins)
    spans = [window(name, now, zone) for name in NAMES] + [Window(bucket, _FOR_EVER)]
    bounds = [moment for span in spans for _ in ("used", "held") for moment in (span.start, span.end)]
    adapt = connection.ops.adapt_datetimefield_value
    known = mandate.created_at if mandate is not None else _SINCE_EVER
    told = [adapt(moment) for moment in (known, day.start, day.end, *bounds)]
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, [*told, agent_id, agent_id, adapt(bucket), adapt(begins), agent_id])
        values = cursor.fetchone()
    if values is None:
        raise Agent.DoesNotExist(agent_id)
    return {name: int(value) for name, value in zip(_COLUMNS, values, strict=True)}


def _counters(row: dict[str, int], mandate: Mandate | None, now: datetime) -> Iterator[Counter]:
    yield Counter("per_job", mandate.cap_per_job if mandate else None, 0, 0, None)
    for name in _WINDOWS:
        cap = getattr(mandate, f"cap_{name}") if mandate else None
        ends = window(name, now, mandates.zone_of(mandate)).end if name != "lifetime" else None
        used, held = row[f"{name}_used"], row[f"{name}_held"]
        if name == "lifetime":
            used, held = used - row["before_used"], held - row["before_held"]
        yield Counter(name, cap, used, held, ends)
