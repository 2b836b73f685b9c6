"""Claims that are tried in vain and leave a row behind: on claimed agents, or for a contact that may not be."""

from typing import Final

from accounts import claimants, contact_changes
from accounts.models import Agent, Claim, ClaimState
from imageskill.core import events, tallies
from imageskill.core.errors import ApiError
from imageskill.core.units import unit_of_work

TOLD_A_DAY: Final = 10
"""Of one agent; a loop of attempts fills nobody's activity."""
_SUMMARY_LENGTH: Final = 200


def refusal(
    *,
    agent: Agent,
    actor: events.ActingFor,
    contact: str,
    network: str,
    client: str,
    payer_of: claimants.PayerOf,
) -> ApiError | None:
    """Return what a request for a claim is refused with after its row is committed; None: nothing of that kind."""
    if agent.claim_state == ClaimState.CLAIMED:
        claim = Claim.objects.select_related("agent").filter(agent=agent).order_by("-pk").first()
        if claim is not None:
            record(claim, network=network, client=client)
        return None
    payer = payer_of(agent.pk)
    if not claimants.may_be_named(agent, contact, payer):
        return claimants.refusal(payer) if claimants.took_try(agent) else claimants.too_many()
    return contact_changes.ask(
        agent=agent, actor=actor, contact=contact, network=network, is_paid=payer is not None
    )


@unit_of_work
def record(claim: Claim, *, network: str, client: str) -> None:
    """Show an attempt on a claimed agent in its workspace's activity: from where and with what, not by whom."""
    agent = claim.agent
    if not tallies.take("claim_attempt", agent.pk, limit=TOLD_A_DAY, period=tallies.DAY):
        return
    plain = "".join(letter if letter.isprintable() else " " for letter in client)
    events.record(
        events.EventType.CLAIM_ATTEMPTED,
        actor=events.System("claim_page"),
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        subject_id=claim.pk,
        operation="claim",
        status="refused",
        summary=f"Another claim was tried from {network} with {plain or 'no client named'}"[:_SUMMARY_LENGTH],
    )
