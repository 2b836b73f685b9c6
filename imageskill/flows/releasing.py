"""Releasing an agent: its tokens die and nothing begins any more; pictures, history and credits stay."""

from accounts import agents, tokens
from accounts.members import CannotError
from accounts.models import Agent, ClaimState, Membership
from imageskill.core.events import EventType, Human
from imageskill.core.plain_text import cleaned
from imageskill.core.units import unit_of_work
from imageskill.flows import stopping
from imageskill.flows.stopping import Ended

_TAKEN_BACK = "The owner released this agent; nothing is charged."


def release(*, by: Membership, agent_id: str, typed_name: str) -> Ended:
    """End an agent for ever; return what ended with it.

    CannotError: the typed name is not the agent's, or as for `agents.standing`.
    """
    agent = _release(by, agent_id, typed_name)
    return stopping.end_all(agent, Human(by.user_id), _TAKEN_BACK)


@unit_of_work
def _release(by: Membership, agent_id: str, typed_name: str) -> Agent:
    agent = agents.standing(by, agent_id)
    if cleaned(typed_name) != agents.typed_name(agent):
        raise CannotError(f"Type {agents.typed_name(agent)} to release it; nothing has changed.")
    tokens.end(agent, chosen=None, actor=Human(by.user_id))
    Agent.objects.filter(pk=agent.pk).update(claim_state=ClaimState.REVOKED)
    agents.record(EventType.AGENT_RELEASED, agent, by, status="released", summary="Agent released")
    return agent
