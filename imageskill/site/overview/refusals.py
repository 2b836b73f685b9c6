"""The latest refusals of a workspace, in words: why, which number, until when. Nothing of them was charged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.dateparse import parse_datetime

from accounts.models import Agent
from billing.models import Decision
from creative.models import Job
from imageskill.core import ids
from imageskill.core.errors import ErrorCode

SHOWN: Final = 5
FARTHEST: Final = timedelta(days=30)
_WINDOWS: Final = {"per_job": "a job", "day": "a day", "week": "a week", "month": "a month", "lifetime": "in all"}
_REASONS: Final = {
    "mandate_ended": (ErrorCode.CAPABILITY_DENIED, "asked after the end date of its limits"),
    "model_not_allowed": (ErrorCode.CAPABILITY_DENIED, "asked for a model that its limits do not allow"),
    "plan_denied": (ErrorCode.CAPABILITY_DENIED, "asked again for a plan that was denied within the last day"),
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
    code, words = _REASONS.get(decision.reason, (ErrorCode.SPEND_CAP_EXCEEDED, ""))
    until = None
    if not words:
        window = decision.reason.removeprefix("cap_")
        words, until = _over(window, decision.counters.get(window) or {}, decision.needed_credits)
    return Refusal(decision.agent, code.name, words, decision.last_at, decision.count, until)


def _over(window: str, counter: dict[str, Any], needed: int) -> tuple[str, datetime | None]:
    used, held = counter.get("used") or 0, counter.get("held") or 0
    spent = f", and {used} were spent and {held} held" if window != "per_job" else ""
    named = _WINDOWS.get(window, window)
    resets = counter.get("resets_at")
    return (
        f"asked for {needed} credits; its cap is {counter.get('cap')} {named}{spent}",
        parse_datetime(resets) if isinstance(resets, str) else None,
    )


def _of_job(job: Job) -> Refusal:
    words = job.error_message or "The job ended without a picture."
    return Refusal(
        job.agent, job.error_code, f"was told: {words}", job.finished_at or job.created_at, by_limits=False
    )
