"""The receipt of a revocation: what was accepted last, rejected first, canceled and given back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Max, Min, Q, Sum

from accounts import tokens
from accounts.models import Agent, AgentToken
from creative import approvals
from creative.models import Job
from imageskill.core.events import EventType
from imageskill.core.ids import prefix_of
from imageskill.core.models import EventReference
from imageskill.site.agents import portrait

_SLACK: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The facts of one revocation; `first_rejected_at` None: nobody has tried since."""

    tokens: list[AgentToken]
    revoked_at: datetime
    last_accepted_at: datetime | None
    first_rejected_at: datetime | None
    canceled: int
    released_credits: int
    running: int
    finished: int
    charged_credits: int


def of(agent: Agent, token_id: str) -> Receipt | None:
    """Return the receipt of a token that an owner revoked, with those that went along; None: it was not."""
    if prefix_of(token_id) != "tok":
        return None
    own = AgentToken.objects.filter(agent=agent)
    token = own.filter(pk=token_id, revoked_at__isnull=False).first()
    if token is None or token.revoked_at is None:
        return None
    told = EventReference.objects.filter(agent_id=agent.pk, organization_id__in=portrait.organization_ids(agent))
    if not told.filter(reference=token.pk, event__type=EventType.TOKEN_REVOKED.value.name).exists():
        return None
    at = token.revoked_at
    ended = list(own.filter(revoked_at=at).order_by("-pk"))
    line = tokens.predecessors(agent.pk, {row.pk for row in ended})
    rejected = told.filter(
        reference__in=[row.pk for row in ended], event__type=EventType.TOKEN_REJECTED.value.name
    )
    used = [row.last_used_at for row in ended if row.last_used_at is not None]
    return Receipt(
        tokens=ended,
        revoked_at=at,
        last_accepted_at=max([*used, *_last_hold(agent, line, at)], default=None),
        first_rejected_at=rejected.aggregate(first=Min("event__occurred_at"))["first"],
        **_jobs(agent, line, at),
    )


def _last_hold(agent: Agent, line: set[str], at: datetime) -> list[datetime]:
    """Return when these tokens last had credits held, which is known to the moment."""
    jobs = Job.objects.filter(agent_id=agent.pk, token_id__in=line, hold__authorised_at__lte=at)
    last = jobs.filter(hold__authorised_at__gt=at - _reach()).aggregate(last=Max("hold__authorised_at"))["last"]
    return [last] if last is not None else []


def _jobs(agent: Agent, line: set[str], at: datetime) -> dict[str, int]:
    """Count what these tokens had begun by then, and how it ended; jobs live for minutes, so few are read."""
    begun = Job.objects.filter(
        agent_id=agent.pk,
        token_id__in=line,
        hold__agent_id=agent.pk,
        hold__authorised_at__gt=at - _reach(),
        hold__authorised_at__lte=at,
    )
    canceled = Q(state=Job.State.CANCELED, error_reason="token_ended", finished_at__gte=at)
    done = Q(state=Job.State.COMPLETED, finished_at__gte=at)
    told = begun.aggregate(
        canceled=Count("pk", filter=canceled),
        released_credits=Sum("hold__credits", filter=canceled, default=0),
        running=Count("pk", filter=Q(state=Job.State.RUNNING)),
        finished=Count("pk", filter=done),
        charged_credits=Sum("settled_credits", filter=done, default=0),
    )
    return {name: int(value) for name, value in told.items()}


def _reach() -> timedelta:
    """Return how long before a revocation a job may have begun that it still ended."""
    return timedelta(seconds=settings.JOB_TIMEOUT_SECONDS) + approvals.LIFETIME + _SLACK
