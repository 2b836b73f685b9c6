"""What an agent may do."""

from typing import Final

from accounts.models import Agent
from imageskill.core.errors import ApiError, ErrorCode

UNCLAIMED: Final = (
    "create.preview",
    "edit.preview",
    "asset.upload",
    "asset.read",
    "job.read",
    "activity.read",
    "feedback.create",
    "credits.buy",
)
"""The grants of a fresh agent."""

CLAIM_MAY_ADD: Final = ("create", "edit", "asset.delete", "workspace.read")
"""What only an owner can add; `create` and `edit` lift the daily limit, `workspace.read` widens reading."""

READING: Final = frozenset({"asset.read", "job.read", "activity.read"})
"""What neither spends nor changes anything."""

HELD: Final = "Stopped by staff of this service: "
"""How what an agent is told begins where staff stopped it."""

REPORTED: Final = "A claim of this agent was reported. The operator of this service decides how it goes on."
"""What an agent is told that no owner paused: the contact of its claim said that it is none of theirs."""

IMPLIED_BY: Final = {"create.preview": "create", "edit.preview": "edit"}


def holds(grants: list[str], needed: str) -> bool:
    """Say whether `grants` cover `needed`, directly or by a wider one."""
    return needed in grants or IMPLIED_BY.get(needed) in grants


def lift_daily_limit(agent: Agent) -> bool:
    """Say whether the agent's owner gave it more than previews, so that no day's jobs are counted."""
    return not {"create", "edit"}.isdisjoint(agent.grants)


def require(agent: Agent, grant: str) -> None:
    """Raise CAPABILITY_DENIED unless the agent holds the grant."""
    if not holds(agent.grants, grant):
        raise ApiError(
            ErrorCode.CAPABILITY_DENIED,
            f"This agent does not hold the grant {grant}.",
            reason="grant_missing",
            required_grant=grant,
            suggested_command="image-skill whoami --json",
        )


def is_held_by_staff(agent: Agent) -> bool:
    """Say whether the pause of a paused agent is the staff's, by the words that it is told."""
    return agent.pause_message.startswith(HELD)


def is_reported(agent: Agent) -> bool:
    """Say whether the pause of a paused agent is that of a reported claim, by the words that are kept with it."""
    return agent.pause_message == REPORTED


def require_active(agent: Agent) -> None:
    """Raise CAPABILITY_DENIED while the agent is paused: by its owner, by staff, or by a reported claim."""
    if agent.paused_at is None:
        return
    message, reason, owner_message = "The owner has paused this agent.", "paused_by_owner", agent.pause_message
    if is_held_by_staff(agent):
        message, reason, owner_message = agent.pause_message, "held_by_staff", ""
    elif is_reported(agent):
        message, reason, owner_message = REPORTED, "claim_reported", ""
    raise ApiError(
        ErrorCode.CAPABILITY_DENIED,
        message,
        reason=reason,
        owner_message=owner_message or None,
        suggested_command="image-skill whoami --json",
    )
