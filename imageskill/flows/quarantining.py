"""Staff stops an agent: held until staff lets it go on, or ended for good; or a token of it. Its owner is told.

What waits is canceled as for an owner's pause or revoke (`flows/stopping.py`); running jobs finish and settle.
"""

from typing import Final

from django.utils import timezone

from accounts import agents, organizations, tokens
from accounts.grants import HELD
from accounts.members import CannotError
from accounts.models import Agent, AgentToken, ClaimState
from imageskill.core import events
from imageskill.core.events import ActingFor, EventType
from imageskill.core.units import unit_of_work
from imageskill.flows import stopping
from imageskill.flows.stopping import LONGEST_MESSAGE, Ended

LONGEST_REASON: Final = LONGEST_MESSAGE - len(HELD)
"""In characters; the agent and its owner read it."""
_TAKEN_BACK: Final = "Staff of this service ended this agent; nothing is charged."
_ALSO_TAKEN_BACK: Final = "Staff of this service revoked the token that asked for it; nothing is charged."


def quarantine(*, agent_id: str, reason: str, actor: ActingFor) -> Ended:
    """Let an agent begin nothing more until staff frees it; no owner can. It is told the reason.

    CannotError: there is no such agent, it ended, or staff has stopped it already.
    """
    return stopping.end_queued(_quarantine(agent_id, reason, actor), None)


@unit_of_work
def _quarantine(agent_id: str, reason: str, actor: ActingFor) -> Agent:
    agent = _standing(agent_id)
    if agents.is_quarantined(agent):
        raise CannotError(f"Staff has stopped {agent.name} already.")
    agent.pause_message = f"{HELD}{reason}"[:LONGEST_MESSAGE]
    agent.paused_at = agent.paused_at or timezone.now()
    agent.save(update_fields=["paused_at", "pause_message"])
    _record(EventType.AGENT_QUARANTINED, agent, actor, "stopped", agent.pause_message)
    return agent


@unit_of_work
def free(*, agent_id: str, reason: str, actor: ActingFor) -> None:
    """Let an agent that staff stopped go on. CannotError: it is not stopped by staff, or it ended."""
    agent = _standing(agent_id)
    if not agents.is_quarantined(agent):
        raise CannotError(f"Staff has not stopped {agent.name}.")
    Agent.objects.filter(pk=agent.pk).update(paused_at=None, pause_message="")
    _record(EventType.AGENT_FREED, agent, actor, "freed", f"Staff let it work again: {reason}")


def revoke(*, agent_id: str, reason: str, actor: ActingFor) -> Ended:
    """End an agent for good: its tokens die with the next call in every process; pictures and credits stay.

    CannotError: there is no such agent, or it ended already.
    """
    return stopping.end_all(_revoke(agent_id, reason, actor), actor, _TAKEN_BACK)


@unit_of_work
def _revoke(agent_id: str, reason: str, actor: ActingFor) -> Agent:
    agent = _standing(agent_id)
    tokens.end(agent, chosen=None, actor=actor)
    Agent.objects.filter(pk=agent.pk).update(claim_state=ClaimState.REVOKED)
    _record(EventType.AGENT_REVOKED, agent, actor, "revoked", f"Ended by staff of this service: {reason}")
    return agent


def revoke_token(*, token_id: str, actor: ActingFor) -> Ended:
    """End a token with what it was rotated into: what they queued is canceled, their plans are taken back.

    Its owner finds it in the activity. CannotError: there is no such living token, or its agent ended.
    """
    agent, own = _revoke_token(token_id, actor)
    reached = tokens.predecessors(agent.pk, own)
    withdrawn = stopping.withdraw(agent, actor, _ALSO_TAKEN_BACK, reached)
    return stopping.end_queued(agent, reached, withdrawn=withdrawn)


@unit_of_work
def _revoke_token(token_id: str, actor: ActingFor) -> tuple[Agent, set[str]]:
    token = AgentToken.objects.filter(pk=token_id).first()
    if token is None:
        raise CannotError("There is no such token.")
    agent = _standing(token.agent_id)
    ended, _ = tokens.end(agent, chosen=token_id, actor=actor)
    if not ended:
        raise CannotError("There is no living token to revoke.")
    return agent, {token.pk for token in ended}


def _standing(agent_id: str) -> Agent:
    """Return an agent as it is under its organization's lock, which this takes."""
    seen = Agent.objects.filter(pk=agent_id).values_list("organization_id", flat=True).first()
    if seen is None:
        raise CannotError("There is no such agent.")
    organizations.lock(seen)
    agent = Agent.objects.get(pk=agent_id)
    if agent.organization_id != seen:
        raise CannotError(f"{agent.name} was claimed into another workspace just now; look at it again.")
    if agent.claim_state == ClaimState.REVOKED:
        raise CannotError(f"{agent.name} has ended already.")
    return agent


def _record(event_type: EventType, agent: Agent, actor: ActingFor, status: str, summary: str) -> None:
    events.record(
        event_type,
        actor=actor,
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        subject_id=agent.pk,
        operation="agent",
        status=status,
        summary=summary[:LONGEST_MESSAGE],
    )
