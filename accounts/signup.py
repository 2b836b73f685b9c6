"""Signing up: each call mints a new agent in a new organization. Knowing an address hands out nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from accounts import claims, contacts, emails, grants, tokens
from accounts.models import Agent, AgentToken, Claim, Organization
from imageskill.core.errors import invalid_fields
from imageskill.core.plain_text import cleaned
from imageskill.core.units import unit_of_work

AllowanceOpener = Callable[..., list[str]]
"""Opens the free allowance of a fresh agent in the signup's transaction and returns warnings."""


@dataclass(frozen=True, slots=True)
class SignedUp:
    """What a signup made; `raw_token` and `claim_secret` exist only here."""

    agent: Agent
    token: AgentToken
    raw_token: str
    claim: Claim
    claim_secret: str
    warnings: list[str]


@unit_of_work
def sign_up(
    *,
    name: str,
    runtime: str,
    contact: str | None,
    discovery_source: str,
    facts: claims.Facts,
    open_allowance: AllowanceOpener,
) -> SignedUp:
    """Make the organization, the agent, its token and its claim offer, and open its allowance.

    With a contact the owner is mailed, within the limits of `emails`. The name loses what is invisible in it.
    INVALID_ARGUMENTS: then nothing is left of it.
    """
    name = cleaned(name)
    if not name:
        raise invalid_fields({"agent_name": ["must hold something that can be seen"]})
    now = timezone.now()
    organization = Organization.objects.create(name=name, created_at=now)
    agent = Agent.objects.create(
        organization=organization,
        name=name,
        runtime=runtime,
        discovery_source=discovery_source,
        contact=contact or "",
        contact_digest=contacts.digest(contact) if contact else "",
        grants=list(grants.UNCLAIMED),
        signup_network=facts.network,
        signup_client=facts.client,
        created_at=now,
    )
    token, raw = tokens.issue(agent)
    state = Claim.State.REQUESTED if contact else Claim.State.OPEN
    claim, secret = claims.open_offer(agent, facts=facts, state=state)
    warnings = open_allowance(agent=agent, network=facts.network)
    if contact:
        emails.claim_requested(agent=agent, claim=claim)
    return SignedUp(agent, token, raw, claim, secret, warnings)
