"""Refusals by providers and cancels after submission: bounded, because the house may pay for them."""

import hashlib
import logging
from typing import Final

from accounts.actor import Actor
from accounts.models import Agent
from creative.models import Job
from imageskill.core import tallies
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.instants import instant

logger = logging.getLogger("imageskill.refusals")

MOST_AN_HOUR: Final = 5
"""Of one agent."""
MOST_A_DAY: Final = 20
"""Of all agents of one mailbox, or of one organization where no mailbox is known."""
_SCOPE: Final = "provider_refusals"


def note(job: Job) -> None:
    """Count one against the job's agent and whoever stands behind it."""
    agent = Agent.objects.get(pk=job.agent_id)
    hourly = tallies.add(_SCOPE, agent.pk, period=tallies.HOUR)
    daily = tallies.add(_SCOPE, _behind(agent), period=tallies.DAY)
    if hourly > MOST_AN_HOUR or daily > MOST_A_DAY:
        logger.warning(
            "an agent is refused by providers too often",
            extra={"fields": {"agent_id": agent.pk, "hourly": hourly, "daily": daily}},
        )


def require_room(actor: Actor) -> None:
    """Raise RATE_LIMITED for an agent whose calls providers refused, or that canceled them, too often."""
    refused = _refusal(actor.agent)
    if refused is not None:
        raise refused


def refusal_for(agent_id: str) -> ApiError | None:
    """Return the same refusal, for a job whose turn has come; None: there is room."""
    return _refusal(Agent.objects.get(pk=agent_id))


def _refusal(agent: Agent) -> ApiError | None:
    for key, limit, period, words in (
        (agent.pk, MOST_AN_HOUR, tallies.HOUR, "this hour"),
        (_behind(agent), MOST_A_DAY, tallies.DAY, "today"),
    ):
        used = tallies.count(_SCOPE, key, period=period)
        if used >= limit:
            return ApiError(
                ErrorCode.RATE_LIMITED,
                f"{used} calls were refused by the provider or canceled after they began {words}; {limit} may be. "
                "Change the prompts before the next call.",
                reason="provider_refusals",
                cap=limit,
                used=used,
                retry_after_seconds=tallies.seconds_left(period),
                resets_at=instant(tallies.period_end(period)),
                suggested_command="image-skill jobs list --json",
            )
    return None


def _behind(agent: Agent) -> str:
    known = agent.contact_digest or agent.organization_id
    return hashlib.sha256(known.encode()).hexdigest()[:40]
