"""The last thirty days of an agent, judged again by other limits: what they would have stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import F, Sum
from django.utils import timezone

from accounts.models import Agent
from billing import backtest, ledger
from billing.backtest import Outcome, Past, Verdict
from billing.ledger.holding import BUCKET
from billing.mandates import Terms
from billing.models import Hold, Mandate, SpendBucket
from billing.windows import window
from creative.models import Asset, Job
from imageskill.site.agents import portrait, words

DAYS: Final = 30
MOST: Final = 2_000
"""How many jobs are judged again at most; the page says from when on, where there were more."""
SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Stopped:
    """A job that the limits would have stopped: its picture, if there is one, its price, and what decided."""

    verdict: Verdict
    picture: Asset | None
    why: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """The answer beside the form; `cut_at`: only what came after was judged, because there was more."""

    outcome: Outcome
    stopped: list[Stopped]
    not_shown: int
    cut_at: datetime | None
    sentence: str
    most: int = MOST

    @property
    def stopped_part(self) -> int:
        """The stopped jobs in per cent of those judged, rounded up."""
        outcome = self.outcome
        return -(-100 * len(outcome.stopped) // outcome.judged) if outcome.judged else 0


def replay(agent: Agent, terms: Terms, mandate: Mandate | None) -> Replayed:
    """Judge the agent's last thirty days by `terms`, as though they had been in force all the time; three queries.

    `mandate` is the version in force, which says when the lifetime began.
    """
    judged_from = timezone.now() - timedelta(days=DAYS)
    lifetime = min(mandate.lifetime_starts_at, judged_from) if mandate is not None else judged_from
    past, cut_at = _past(agent, terms, judged_from)
    loaded_from = past[0].authorised_at if past else judged_from
    outcome = backtest.replay(
        past,
        terms,
        judged_from=max(judged_from, cut_at or judged_from),
        lifetime_starts_at=lifetime,
        spent_before=_spent_between(agent, lifetime, loaded_from),
    )
    pictures = _pictures(outcome.stopped)
    stopped = [
        Stopped(verdict, pictures.get(verdict.past.job_id), _why(verdict)) for verdict in outcome.stopped[-SHOWN:]
    ]
    sentence = words.sentence(terms, _credits_a_job(past))
    return Replayed(outcome, stopped[::-1], len(outcome.stopped) - len(stopped), cut_at, sentence)


def _past(agent: Agent, terms: Terms, judged_from: datetime) -> tuple[list[Past], datetime | None]:
    """Return the holds that lie in a window of the judged ones, the oldest first, and where they were cut."""
    zone = ZoneInfo(terms.time_zone)
    first = min(window(name, judged_from, zone).start for name in ("week", "month"))
    rows = (
        Job.objects.filter(
            hold__agent_id=agent.pk,
            hold__organization_id__in=portrait.organization_ids(agent),
            hold__authorised_at__gte=first,
        )
        .annotate(approved=F("hold__decision__approved"))
        .order_by("-hold__authorised_at", "-pk")
    )
    told = rows.values_list(
        *("pk", "model_id", "hold__credits", "hold__settled_credits", "hold__authorised_at"),
        *("hold__closed_at", "approved"),
    )
    found = [Past(row[0], row[1], row[2], row[3], row[4], row[5], bool(row[6])) for row in told[: MOST + 1]]
    cut_at = found[MOST - 1].authorised_at if len(found) > MOST else None
    return found[:MOST][::-1], cut_at


def _spent_between(agent: Agent, start: datetime, end: datetime) -> int:
    """Return what was held and spent between two instants: whole quarter hours, and the holds at the ends."""
    if end <= start:
        return 0
    own: dict[str, Any] = {"agent_id": agent.pk, "organization_id__in": portrait.organization_ids(agent)}
    inner, outer = ledger.bucket_start(start) + BUCKET, ledger.bucket_start(end)
    if outer <= inner:
        return _of_holds(own, start, end)
    buckets = SpendBucket.objects.filter(start__gte=inner, start__lt=outer, **own)
    sums = buckets.aggregate(used=Sum("settled_credits"), held=Sum("held_credits"))
    return (sums["used"] or 0) + (sums["held"] or 0) + _of_holds(own, start, inner) + _of_holds(own, outer, end)


def _of_holds(own: dict[str, Any], start: datetime, end: datetime) -> int:
    holds = Hold.objects.filter(authorised_at__gte=start, authorised_at__lt=end, **own)
    return sum(
        hold.credits if hold.state == Hold.State.OPEN else hold.settled_credits
        for hold in holds.only("credits", "settled_credits", "state")
    )


def _pictures(stopped: Sequence[Verdict]) -> dict[str, Asset]:
    job_ids = [verdict.past.job_id for verdict in stopped[-SHOWN:]]
    made = Asset.objects.filter(job_id__in=job_ids, deleted_at=None).order_by("-position")
    return {str(asset.job_id): asset for asset in made}


def _why(verdict: Verdict) -> str:
    counter = verdict.counter
    if counter is None:
        return words.decided(verdict.reason, {})
    return words.capped(counter.window, counter.cap, counter.used, counter.held)


def _credits_a_job(past: Sequence[Past]) -> int | None:
    """Return what a job cost lately on the average, rounded up; None where nothing was spent."""
    paid = [one.settled for one in past[-100:] if one.settled]
    return -(-sum(paid) // len(paid)) if paid else None
