"""The agents of a workspace, as its members reach them."""

from typing import Final

from django.db.models import QuerySet

from accounts import organizations
from accounts.members import CannotError
from accounts.models import Agent, AgentMove, ClaimState, Membership, Organization, Role
from imageskill.core import events
from imageskill.core.events import EventType, Human
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent
from imageskill.core.plain_text import cleaned
from imageskill.core.units import unit_of_work

DECIDE: Final = (Role.OWNER, Role.ADMIN)
"""Who may change what an agent is and may do."""


def of_workspace(organization: Organization) -> QuerySet[Agent]:
    """Return the agents of a workspace, those that were released too."""
    return Agent.objects.filter(organization=organization)


def visible_to(place: Membership, agent_id: str) -> Agent | None:
    """Return an agent of the member's workspace; None: there is none of that id."""
    if prefix_of(agent_id) != "agt":
        return None
    return of_workspace(place.organization).filter(pk=agent_id).first()


def standing(by: Membership, agent_id: str) -> Agent:
    """Return an agent that a member may change, as it is under the organization's lock, which this takes.

    CannotError: the member is no owner or admin any more, or there is no such agent, or it was released.
    """
    organizations.lock(by.organization_id)
    if not Membership.objects.filter(pk=by.pk, role__in=DECIDE).exists():
        raise CannotError("Your role in this workspace does not allow this.")
    agent = Agent.objects.filter(pk=agent_id, organization_id=by.organization_id).first()
    if agent is None:
        raise CannotError("This agent does not belong to this workspace.")
    if agent.claim_state == ClaimState.REVOKED:
        raise CannotError(f"{agent.name} was released; nothing of it changes any more.")
    return agent


def left(organization: Organization, agent_id: str) -> AgentMove | None:
    """Return how an agent left a workspace when it did so last; None: it never did."""
    if prefix_of(agent_id) != "agt":
        return None
    rows = AgentMove.objects.select_related("agent", "moved_by")
    return rows.filter(agent_id=agent_id, from_organization=organization).order_by("-pk").first()


def is_quarantined(agent: Agent) -> bool:
    """Say whether staff stopped an agent and has not let it go on since; the activity ledger knows."""
    stopped, freed = EventType.AGENT_QUARANTINED.value.name, EventType.AGENT_FREED.value.name
    told = ActivityEvent.objects.filter(agent_id=agent.pk, type__in=(stopped, freed)).order_by("-pk")
    return told.values_list("type", flat=True).first() == stopped


@unit_of_work
def rename(*, by: Membership, agent_id: str, name: str) -> None:
    """Give an agent another name, without what is invisible in it.

    CannotError: as for `standing`, or nothing of the name is left.
    """
    name = cleaned(name)
    if not name:
        raise CannotError("A name needs something that can be seen; the agent keeps its own.")
    agent = standing(by, agent_id)
    Agent.objects.filter(pk=agent.pk).update(name=name)
    record(EventType.AGENT_RENAMED, agent, by, status="renamed", summary="Agent renamed")


def typed_name(agent: Agent) -> str:
    """Return what is typed to end an agent: its name as far as it can be typed, else its id."""
    return cleaned(agent.name) or agent.pk


def record(event_type: EventType, agent: Agent, by: Membership, *, status: str, summary: str) -> None:
    """Record what a member did to an agent, in the caller's transaction."""
    events.record(
        event_type,
        actor=Human(by.user_id),
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        subject_id=agent.pk,
        operation="agent",
        status=status,
        summary=summary,
    )
