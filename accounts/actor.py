"""The caller of an operation, as every floor sees it."""

from dataclasses import dataclass

from accounts import notices
from accounts.models import Agent, AgentToken
from imageskill.core.envelope import ActorJSON


@dataclass(frozen=True, slots=True)
class Actor:
    """An authenticated agent with the token it came with; the rows are as read at authentication."""

    agent: Agent
    token: AgentToken

    is_authenticated = True
    actor_type = "agent"

    @property
    def actor_id(self) -> str:
        """The agent's id."""
        return self.agent.pk

    @property
    def organization_id(self) -> str:
        """The organization the agent belongs to."""
        return self.agent.organization_id

    @property
    def organization_ids(self) -> tuple[str, ...]:
        """Where the agent's own history is: its organization, then the shell it was claimed out of, if any."""
        shell = self.agent.shell_id
        return (self.agent.organization_id, shell) if shell else (self.agent.organization_id,)

    @property
    def token_id(self) -> str:
        """The token's public id (never the token)."""
        return self.token.pk

    def take_notices(self) -> list[str]:
        """Return the lines that the service owes this agent; each is told once."""
        return notices.take(self.actor_id)

    def actor_json(self) -> ActorJSON:
        """Return the envelope's `actor`."""
        return agent_actor_json(self.agent)


def agent_actor_json(agent: Agent) -> ActorJSON:
    """Return an agent as the envelope's `actor`."""
    return ActorJSON(
        actor_type="agent",
        actor_id=agent.pk,
        organization_id=agent.organization_id,
        claim_state=agent.claim_state,
    )
