"""Pausing, resuming and revoking: marked under the organization's lock, then what waits is canceled.

Once the mark has committed no new hold commits anywhere, and no worker begins a call. So the queued jobs are a
closed set; each is ended in a transaction of its own, with the order of locks that every end of a job takes. Who
dies in between leaves jobs that their worker ends for the same reason. What a provider was asked already finishes
and settles.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts import agents, tokens
from accounts.members import CannotError
from accounts.models import Agent, AgentToken, Membership
from billing import authorisations
from billing.authorisations import Stopped
from billing.models import Hold
from creative import approvals, jobs, offers, registry, waiting
from creative.models import Approval, Job
from imageskill.core.errors import ErrorCode
from imageskill.core.events import ActingFor, EventType, Human
from imageskill.core.units import unit_of_work

LONGEST_MESSAGE: Final = 200
_REVOKED: Final = Stopped(
    ErrorCode.AUTH_REQUIRED, "token_ended", "The token ended before the picture was made; nothing is charged."
)
_TAKEN_BACK: Final = "The owner revoked the token that asked for it; nothing is charged."


@dataclass(frozen=True, slots=True)
class Reach:
    """What a stop reaches: jobs that end at once, jobs that finish, plans that wait, and the credits on hold."""

    queued: int
    queued_credits: int
    running: int
    running_credits: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Ended:
    """What a stop did: jobs canceled, credits released, plans taken back, running jobs asked to stop.

    `running` jobs go on: they finish, and are charged for what they deliver.
    """

    canceled: int
    released_credits: int
    withdrawn: int
    running: int
    asked: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """Which tokens were revoked, when, and what ended with them."""

    tokens: list[AgentToken]
    at: datetime
    ended: Ended


def reach(agent: Agent, token_ids: Collection[str] | None = None) -> Reach:
    """Return what stopping an agent, or only what some tokens asked for, would reach now; nothing is changed.

    What a moved agent left running elsewhere belongs to that workspace; only by its tokens it is counted.
    """
    rows = Job.objects.filter(agent_id=agent.pk)
    if token_ids is not None:
        rows = rows.filter(token_id__in=token_ids)
    else:
        rows = rows.filter(organization_id__in=[agent.organization_id, agent.shell_id])
    queued, running = Q(state=Job.State.QUEUED), Q(state=Job.State.RUNNING)
    told = rows.filter(queued | running | Q(state=Job.State.AWAITING_APPROVAL)).aggregate(
        queued=Count("pk", filter=queued),
        queued_credits=Sum("hold__credits", filter=queued),
        running=Count("pk", filter=running),
        running_credits=Sum("hold__credits", filter=running),
        waiting=Count("pk", filter=Q(state=Job.State.AWAITING_APPROVAL)),
    )
    return Reach(**{name: value or 0 for name, value in told.items()})


def pause(*, by: Membership, agent_id: str, message: str, stop_running: bool = False) -> Ended:
    """Let an agent begin nothing more until it is resumed; it is told `message` with each refusal.

    Queued jobs are canceled; running ones finish, unless `stop_running` asks those to stop whose provider can.
    Plans that wait for approval keep waiting until their time is over. CannotError: as for `agents.standing`.
    """
    agent = _pause(by, agent_id, message)
    asked = sum(_ask(job_id) for job_id in _stoppable(agent)) if stop_running else 0
    return end_queued(agent, None, asked=asked)


@unit_of_work
def _pause(by: Membership, agent_id: str, message: str) -> Agent:
    agent = agents.standing(by, agent_id)
    # What staff tells an agent that it stopped stays.
    told = agent.pause_message if agents.is_quarantined(agent) else message[:LONGEST_MESSAGE]
    Agent.objects.filter(pk=agent.pk).update(paused_at=agent.paused_at or timezone.now(), pause_message=told)
    agents.record(EventType.AGENT_PAUSED, agent, by, status="paused", summary="Agent paused")
    return agent


@unit_of_work
def resume(*, by: Membership, agent_id: str) -> None:
    """Let a paused agent go on. CannotError: as for `agents.standing`, or it is not paused, or staff holds it."""
    agent = agents.standing(by, agent_id)
    if agent.paused_at is None:
        raise CannotError(f"{agent.name} is not paused.")
    if agents.is_quarantined(agent):
        raise CannotError(f"Staff of this service stopped {agent.name}. {agent.pause_message}")
    Agent.objects.filter(pk=agent.pk).update(paused_at=None, pause_message="")
    agents.record(EventType.AGENT_RESUMED, agent, by, status="resumed", summary="Agent resumed")


def revoke(*, by: Membership, agent_id: str, token_id: str | None) -> Revoked:
    """Revoke a token with what it was rotated into, or all tokens of an agent; the next call in any process fails.

    What they queued is canceled, and plans they asked for are taken back; running jobs finish. CannotError: as for
    `agents.standing`, or there is no such living token.
    """
    agent, ended, at = _revoke(by, agent_id, token_id)
    own = {token.pk for token in ended}
    reached = tokens.predecessors(agent.pk, own) if token_id is not None else None
    withdrawn = withdraw(agent, Human(by.user_id), _TAKEN_BACK, reached)
    otherwise = _REVOKED if token_id is None else None
    return Revoked(ended, at, end_queued(agent, reached, otherwise=otherwise, withdrawn=withdrawn))


@unit_of_work
def _revoke(by: Membership, agent_id: str, token_id: str | None) -> tuple[Agent, list[AgentToken], datetime]:
    agent = agents.standing(by, agent_id)
    ended, at = tokens.end(agent, chosen=token_id, actor=Human(by.user_id))
    if not ended:
        raise CannotError("There is no living token to revoke.")
    return agent, ended, at


@unit_of_work
def hand_out(*, by: Membership, agent_id: str) -> tuple[AgentToken, str]:
    """Make a token for the owner to carry to the agent; return its row and its raw text, which nothing keeps.

    CannotError: as for `agents.standing`.
    """
    agent = agents.standing(by, agent_id)
    return tokens.hand_out(agent, actor=Human(by.user_id))


def end_all(agent: Agent, actor: ActingFor, told: str) -> Ended:
    """End everything that a released or revoked agent left behind; it is marked already."""
    return end_queued(agent, None, otherwise=_REVOKED, withdrawn=withdraw(agent, actor, told, None))


def withdraw(agent: Agent, actor: ActingFor, told: str, token_ids: Collection[str] | None) -> int:
    """Take back the plans of an agent, or of some tokens, that wait for approval; return how many."""
    rows = Approval.objects.filter(agent_id=agent.pk, state=Approval.State.WAITING)
    if token_ids is not None:
        rows = rows.filter(job__token_id__in=token_ids)
    return sum(
        approvals.withdraw(job_id=job_id, agent=actor, message=told)
        for job_id in list(rows.order_by("pk").values_list("pk", flat=True))
    )


def end_queued(
    agent: Agent,
    token_ids: Collection[str] | None,
    *,
    otherwise: Stopped | None = None,
    withdrawn: int = 0,
    asked: int = 0,
) -> Ended:
    """Cancel what waits for a worker, for the reason for which its worker would, else for `otherwise`."""
    queued = Job.objects.filter(agent_id=agent.pk, state=Job.State.QUEUED)
    if token_ids is not None:
        queued = queued.filter(token_id__in=token_ids)
    reasons: dict[tuple[str, str], Stopped | None] = {}
    canceled = released = 0
    for job in list(queued.select_related("hold").order_by("pk")):
        asker = (job.token_id, job.organization_id)
        if asker not in reasons:
            reasons[asker] = authorisations.why_stopped(token_id=asker[0], organization_id=asker[1])
        why = reasons[asker] or otherwise
        if why is not None and _end(job, why):
            waiting.announce(job.pk)
            canceled += 1
            released += _credits(job.hold)
    running = reach(agent, token_ids).running
    return Ended(canceled, released, withdrawn, running, asked)


@unit_of_work
def _end(job: Job, why: Stopped) -> bool:
    """End a queued job and give its hold back. False: a worker was faster, and ends it before any call."""
    if not jobs.end_queued(job, state=Job.State.CANCELED, code=why.code, message=why.message):
        return False
    Job.objects.filter(pk=job.pk).update(error_reason=why.reason)
    return True


def _credits(hold: Hold | None) -> int:
    return hold.credits if hold is not None else 0


def _stoppable(agent: Agent) -> list[str]:
    """Return the running jobs whose provider can be asked to stop; not those of a workspace that it has left."""
    running = Job.objects.filter(
        agent_id=agent.pk,
        organization_id__in=[agent.organization_id, agent.shell_id],
        state=Job.State.RUNNING,
        cancel_requested_at=None,
    )
    return [
        job_id
        for job_id, model_id in running.order_by("pk").values_list("pk", "model_id")
        if registry.provider(offers.entry_of(model_id).provider_id).cancellable
    ]


@unit_of_work
def _ask(job_id: str) -> bool:
    """Leave word for the worker that polls the provider. False: the job does not run any more."""
    running = Job.objects.filter(pk=job_id, state=Job.State.RUNNING, cancel_requested_at=None)
    return bool(running.update(cancel_requested_at=timezone.now()))
