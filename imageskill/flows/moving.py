"""Moving an agent to another workspace of the same owner: its identity goes, what it made and spent stays.

Whoever owns both workspaces moves it, in one transaction under the locks of both. Its tokens end there, and one
new token is handed out in the other workspace, under limits that the owner saw: nothing that runs with an old
token begins to spend from another purse, and no call that is repeated is charged a second time there. What was
asked for before belongs to the workspace it was asked in: queued jobs are canceled, waiting plans are taken back,
running jobs finish and are charged there, and a payment that is under way is that workspace's when it comes. What
the agent was still to be told of its reports there stays unsaid: the answers stand on that workspace's pages.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError
from django.utils import timezone

from accounts import agents, organizations, owner_mails, tokens
from accounts.members import CannotError
from accounts.models import (
    Agent,
    AgentMove,
    AgentToken,
    ClaimState,
    Membership,
    Notice,
    Organization,
    Role,
    User,
)
from billing import mandates
from billing.mandates import Terms
from billing.models import Mandate, PaymentAttempt
from imageskill.core.errors import ApiError
from imageskill.core.events import EventType, Human
from imageskill.core.units import unit_of_work
from imageskill.flows import limiting, stopping
from imageskill.flows.limiting import Allowed
from imageskill.flows.stopping import Ended, Reach

logger = logging.getLogger("imageskill.moving")

FIRST: Final = Terms(
    cap_per_job=25, cap_day=100, cap_month=500, cap_lifetime=1_000, approval_threshold=25, allowed_models=None
)
"""What is suggested where an agent has never been: low, as at a claim."""
FAR: Final = frozenset({"asset.delete", "workspace.read"})
"""Rights that nobody takes along unasked."""
_TAKEN_BACK: Final = "The owner moved this agent to another workspace; nothing is charged."


@dataclass(frozen=True, slots=True)
class Stays:
    """What is under way as an agent leaves: what a stop would reach, and how many payments are open."""

    reach: Reach
    payments: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A move that is done: the agent and the owner where it is now, its one token, and what ended before.

    `ended` is None where that could not be done at once: queued jobs then end as soon as a worker looks at them.
    """

    agent: Agent
    place: Membership
    token: AgentToken
    raw: str
    ended: Ended | None


@dataclass(frozen=True, slots=True)
class _Gone:
    """What the transaction of a move did; `earlier` are the tokens that ended with it or before."""

    agent: Agent
    place: Membership
    token: AgentToken
    raw: str
    earlier: frozenset[str]


def targets(by: Membership) -> list[Organization]:
    """Return the workspaces, by name, to which a member may move agents of this one; none but for owners."""
    if by.role != Role.OWNER:
        return []
    own = Organization.objects.filter(memberships__user=by.user_id, memberships__role=Role.OWNER, merged_into=None)
    return list(own.exclude(pk=by.organization_id).order_by("name", "pk"))


def stays(agent: Agent) -> Stays:
    """Return what is under way and stays behind if the agent moves now; nothing is changed."""
    here = PaymentAttempt.objects.filter(agent_id=agent.pk, organization_id=agent.organization_id)
    return Stays(stopping.reach(agent), here.filter(state__in=PaymentAttempt.OPEN).count())


def suggested(agent: Agent, organization_id: str) -> tuple[Allowed, Mandate | None]:
    """Return the limits to begin with in a workspace, and their version if the agent was there before.

    Its rights are those that it has now, without those that reach into what the workspace has; an owner sees and
    confirms both.
    """
    earlier = mandates.current(agent_id=agent.pk, organization_id=organization_id)
    terms = Terms.of(earlier) if earlier is not None else FIRST
    return Allowed(terms, tuple(sorted(set(agent.grants) - FAR))), earlier


def move(*, by: Membership, agent_id: str, organization_id: str, allowed: Allowed, based_on: int) -> Moved:
    """Move an agent to another workspace of the same owner, under `allowed`; hand out its one new token.

    `based_on` is the version of its limits there that the owner was shown, 0 for none. CannotError: the member
    does not own both workspaces, staff stopped the agent, somebody set other limits meanwhile, or as for
    `agents.standing`. INVALID_ARGUMENTS: impossible limits or rights.
    """
    gone = _move(by, agent_id, organization_id, allowed, based_on)
    return Moved(gone.agent, gone.place, gone.token, gone.raw, _end_what_waits(gone, Human(by.user_id)))


def _end_what_waits(gone: _Gone, actor: Human) -> Ended | None:
    """End what was queued and what waited for approval; None: a fault was in the way.

    The move is committed by then, and its token is known nowhere but here, so that no fault may take it away.
    """
    try:
        withdrawn = stopping.withdraw(gone.agent, actor, _TAKEN_BACK, gone.earlier)
        # Why each ends is found by its place: it is another one than the agent's.
        return stopping.end_queued(gone.agent, gone.earlier, withdrawn=withdrawn)
    except (ApiError, DatabaseError) as error:
        logger.warning(
            "a moved agent's jobs are left to their workers",
            exc_info=error,
            extra={"fields": {"agent_id": gone.agent.pk}},
        )
        return None


@unit_of_work
def _move(by: Membership, agent_id: str, organization_id: str, allowed: Allowed, based_on: int) -> _Gone:
    rows = {row.pk: row for row in organizations.lock(by.organization_id, organization_id)}
    place = _place_in_both(by, organization_id)
    agent = _movable(by, agent_id)
    earlier = mandates.current(agent_id=agent.pk, organization_id=organization_id)
    if based_on != (earlier.version if earlier is not None else 0):
        raise CannotError("Somebody has set other limits for it there. They are shown now; nothing was moved.")
    limiting.check_grants(allowed.grants)
    old = _end_here(agent, by)
    _go(agent, place, by.user, allowed.grants)
    mandates.set_terms(agent=agent, terms=allowed.terms, actor=Human(by.user_id))
    agents.record(EventType.AGENT_MOVED, agent, by, status="joined", summary="Agent moved into this workspace")
    token, raw = tokens.hand_out(agent, actor=Human(by.user_id))
    owner_mails.agent_moved(agent=agent, left=rows[by.organization_id], joined=rows[organization_id], by=by.user)
    return _Gone(agent, place, token, raw, old)


def _place_in_both(by: Membership, organization_id: str) -> Membership:
    """Return the owner's place in the other workspace. CannotError: not an owner of both, as they are now."""
    own = Membership.objects.select_related("organization", "user").filter(
        user_id=by.user_id,
        role=Role.OWNER,
        organization_id__in=(by.organization_id, organization_id),
        organization__merged_into=None,
    )
    places = {place.organization_id: place for place in own}
    if organization_id == by.organization_id or len(places) != 2:  # noqa: PLR2004 - both
        raise CannotError("An agent moves only between two workspaces that you own.")
    return places[organization_id]


def _movable(by: Membership, agent_id: str) -> Agent:
    agent = agents.standing(by, agent_id)
    if agent.claim_state != ClaimState.CLAIMED:
        raise CannotError(f"{agent.name} is not claimed yet.")
    if agents.is_quarantined(agent):
        raise CannotError(f"Staff of this service stopped {agent.name}, so it stays here. {agent.pause_message}")
    return agent


def _end_here(agent: Agent, by: Membership) -> frozenset[str]:
    """End the agent's tokens where it was; return the ids of all it ever had."""
    tokens.end(agent, chosen=None, actor=Human(by.user_id))
    agents.record(EventType.AGENT_MOVED, agent, by, status="left", summary="Agent moved to another workspace")
    return frozenset(AgentToken.objects.filter(agent=agent).values_list("pk", flat=True))


def _go(agent: Agent, place: Membership, mover: User, granted: Sequence[str]) -> None:
    """Let the agent belong to the other workspace, and to what it had brought there if it was there before."""
    left = agents.left(place.organization, agent.pk)
    AgentMove.objects.create(
        agent=agent,
        from_organization_id=agent.organization_id,
        to_organization_id=place.organization_id,
        shell_id=agent.shell_id,
        moved_by=mover,
        moved_at=timezone.now(),
    )
    Agent.objects.filter(pk=agent.pk).update(
        organization_id=place.organization_id,
        shell_id=left.shell_id if left is not None else None,
        grants=sorted(granted),
    )
    Notice.objects.filter(agent=agent, told_at=None).delete()
    agent.refresh_from_db()
