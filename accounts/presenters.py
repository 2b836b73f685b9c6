"""JSON shapes of the first floor. No presenter asks the database."""

from typing import Any

from accounts import claims, contacts, emails
from accounts.actor import Actor
from accounts.models import Agent, AgentToken, Claim
from accounts.signup import SignedUp
from accounts.tokens import HANDOVER
from imageskill.core.instants import instant

HANDOVER_SECONDS = int(HANDOVER.total_seconds())


def claim_json(claim: Claim) -> dict[str, Any]:
    """Return what an agent shows its human: where to go and the code that is good now."""
    return {
        "user_code": claims.code(claim),
        "verification_uri": emails.verification_uri(),
        "expires_at": instant(claims.code_expires_at()),
    }


def claim_request_state(claim: Claim | None, agent: Agent) -> str:
    """Return `none`, `open`, `requested` or `claimed`."""
    if claim is not None:
        return str(claim.state)
    return "claimed" if agent.claim_state == "claimed" else "none"


def signup_json(made: SignedUp, *, show_token: bool, show_secret: bool, limits: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a signup; the token and the claim's secret stand here once or never."""
    claim: dict[str, Any] = {
        "claim_id": made.claim.pk,
        "claim_request_state": claim_request_state(made.claim, made.agent),
        **claim_json(made.claim),
    }
    if show_secret:
        claim["claim_secret"] = made.claim_secret
    contact = contacts.redact(made.agent.contact)
    return {
        "agent_id": made.agent.pk,
        "organization_id": made.agent.organization_id,
        "agent_name": made.agent.name,
        "runtime": made.agent.runtime,
        "claim_state": made.agent.claim_state,
        "token": made.raw_token if show_token else None,
        "token_presented": show_token,
        "token_class": "restricted",
        "token_prefix": made.token.prefix,
        "grants": made.agent.grants,
        "limits": limits,
        "contact": contact,
        "agent_contact": contact,
        "claim": claim,
        "storage": {
            "saved": False,
            "config_path": None,
            "reason": "The service stores no token; the client saves it with --save.",
        },
    }


def whoami_json(actor: Actor, *, claim: Claim | None, mandate: dict[str, Any]) -> dict[str, Any]:
    """Return who the caller is and what it may do."""
    agent, token = actor.agent, actor.token
    return {
        "authenticated": True,
        "agent": {
            "agent_id": agent.pk,
            "name": agent.name,
            "runtime": agent.runtime,
            "created_at": instant(agent.created_at),
        },
        "organization": {"organization_id": agent.organization_id, "name": agent.organization.name},
        "claim_state": agent.claim_state,
        "claim_request_state": claim_request_state(claim, agent),
        "token_class": "restricted",
        "token_status": "active",
        "token_prefix": token.prefix,
        "token_created_at": instant(token.created_at),
        "session_origin": "bearer_token",
        "grants": agent.grants,
        "claim": claim_json(claim) if claim is not None else None,
        "mandate": mandate,
    }


def rotated_json(token: AgentToken, raw: str) -> dict[str, Any]:
    """Return a rotated token, once."""
    return {
        "token": raw,
        "token_presented": True,
        "token_class": "restricted",
        "token_prefix": token.prefix,
        "token_created_at": instant(token.created_at),
        "old_token": {"ends": "at the first call with the new token", "at_most_seconds": HANDOVER_SECONDS},
    }


def claim_request_json(offer: claims.Offer, *, unchanged: bool, show_secret: bool) -> dict[str, Any]:
    """Return the answer to a claim request."""
    claim: dict[str, Any] = {"claim_id": offer.claim.pk, **claim_json(offer.claim)}
    if show_secret:
        claim["claim_secret"] = offer.secret
    agent = offer.claim.agent
    return {
        "state": "unchanged" if unchanged else "attached",
        "claim_state": agent.claim_state,
        "claim_request_state": "requested",
        "contact": contacts.redact(agent.contact),
        "mailed": offer.mailed,
        "claim": claim,
    }


def collected_json(claim_id: str, result: claims.Collected) -> dict[str, Any]:
    """Return how a claim stands, with the token when it was approved."""
    told: dict[str, Any] = {"claim_id": claim_id, "state": result.state}
    if result.state == "denied":
        told["reason"] = result.reason
    if result.token is not None and result.agent is not None:
        told |= {
            "token": result.raw,
            "token_presented": True,
            "token_class": "restricted",
            "token_prefix": result.token.prefix,
            "agent_id": result.agent.pk,
            "organization_id": result.agent.organization_id,
        }
    return told
