"""The latest refusals of a workspace, in words: why, which number, until when. Nothing of them was charged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.humanize.templatetags.humanize import intcomma

from accounts.models import Agent
from billing import decisions
from billing.models import Decision
from creative.models import Job
from imageskill.core import ids
from imageskill.site.activity.refusals import Deciding, deciding
from imageskill.templatetags.look import credits

SHOWN: Final = 5
FARTHEST: Final = timedelta(days=30)
_REASONS: Final = {
    "mandate_ended": "asked after the end date of its limits",
    "model_not_allowed": "asked for a model that its limits do not allow",
    "plan_denied": "asked again for a plan that was denied within the last day",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal: whose, by which code, in words, how often, and until when it stands (None: until changed)."""

    agent: Agent
    code: str
    words: str
    at: datetime
    count: int = 1
    until: datetime | None = None
    by_limits: bool = True
    """Whether the owner's limits decided, so that changing them helps."""


def latest(organization_ids: Sequence[str], now: datetime) -> list[Refusal]:
    """Return the latest refusals by limits and the latest failed jobs together, newest first. Two queries."""
    earliest = now - FARTHEST
    denied = (
        Decision.objects.filter(
            organization_id__in=organization_ids, outcome=Decision.Outcome.DENIED, last_at__gte=earliest
        )
        .select_related("agent")
        .order_by("-pk")
    )
    failed = (
        Job.objects.filter(
            organization_id__in=organization_ids,
            state=Job.State.FAILED,
            pk__gte=f"job_{ids.moment_digits(earliest)}",
        )
        .select_related("agent")
        .order_by("-pk")
    )
    found = [_of_decision(one) for one in denied[:SHOWN]] + [_of_job(job) for job in failed[:SHOWN]]
    return sorted(found, key=lambda refusal: refusal.at, reverse=True)[:SHOWN]


def _of_decision(decision: Decision) -> Refusal:
    cap = deciding(decision)
    words = _over(cap, decision.needed_credits) if cap is not None else _REASONS.get(decision.reason, "")
    words = words or f"was refused: {decision.reason.replace('_', ' ')}"
    code, until = decisions.code_of(decision), cap.resets_at if cap is not None else None
    return Refusal(decision.agent, code, words, decision.last_at, decision.count, until)


def _over(cap: Deciding, needed: int) -> str:
    is_used_up = f", and {intcomma(cap.used)} were spent and {intcomma(cap.held)} held"
    spent = is_used_up if cap.window != "per_job" else ""
    return f"asked for {credits(needed)}; its cap {cap.words} is {intcomma(cap.cap)}{spent}"


def _of_job(job: Job) -> Refusal:
    words = job.error_message or "The job ended without a picture."
    return Refusal(
        job.agent, job.error_code, f"was told: {words}", job.finished_at or job.created_at, by_limits=False
    )
