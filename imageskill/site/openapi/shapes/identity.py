"""Shapes of agents, tokens, claims and health."""

from typing import Literal, NotRequired, TypedDict

from imageskill.site.openapi.shapes.money import LimitsJSON
from imageskill.site.openapi.typed import Instant

ClaimState = Literal["unclaimed", "payment_backed_unclaimed", "claimed", "revoked"]
ClaimRequestState = Literal["none", "open", "requested", "claimed"]
Fitness = Literal["ok", "down"]


class ActorJSON(TypedDict):
    """Who made the call."""

    actor_type: Literal["human", "agent", "session", "system"]
    actor_id: str
    organization_id: str | None
    claim_state: ClaimState | None


class ClaimCodeJSON(TypedDict):
    """What an agent shows its human: where to go, and the code that is good now."""

    user_code: str
    verification_uri: str
    expires_at: Instant


class ClaimOfferJSON(ClaimCodeJSON):
    """A claim as it was just made."""

    claim_id: str
    claim_request_state: NotRequired[ClaimRequestState]
    claim_secret: NotRequired[str]


class TokenStorageJSON(TypedDict):
    """Where the token is kept: never here."""

    saved: Literal[False]
    config_path: None
    reason: str


class SignupJSON(TypedDict):
    """A new agent in a new organization, and its token."""

    agent_id: str
    organization_id: str
    agent_name: str
    runtime: str
    claim_state: ClaimState
    token: str | None
    token_presented: bool
    token_class: Literal["restricted"]
    token_prefix: str
    grants: list[str]
    limits: LimitsJSON
    contact: str | None
    agent_contact: str | None
    claim: ClaimOfferJSON
    storage: TokenStorageJSON


class OldTokenJSON(TypedDict):
    """What becomes of the token that was rotated."""

    ends: str
    at_most_seconds: int


class RotatedTokenJSON(TypedDict):
    """A new token."""

    token: str
    token_presented: Literal[True]
    token_class: Literal["restricted"]
    token_prefix: str
    token_created_at: Instant
    old_token: OldTokenJSON


class ClaimRequestJSON(TypedDict):
    """A claim request: the contact is attached and was mailed, unless it had been mailed just before."""

    state: Literal["attached", "unchanged"]
    claim_state: ClaimState
    claim_request_state: Literal["requested"]
    contact: str | None
    mailed: bool
    claim: ClaimOfferJSON


class ClaimCollectJSON(TypedDict):
    """How a claim stands; once it is approved, the new token."""

    claim_id: str
    state: Literal["pending", "denied", "expired", "approved"]
    reason: NotRequired[str]
    token: NotRequired[str]
    token_presented: NotRequired[Literal[True]]
    token_class: NotRequired[Literal["restricted"]]
    token_prefix: NotRequired[str]
    agent_id: NotRequired[str]
    organization_id: NotRequired[str]


class AgentJSON(TypedDict):
    """An agent."""

    agent_id: str
    name: str
    runtime: str
    created_at: Instant


class OrganizationJSON(TypedDict):
    """An organization."""

    organization_id: str
    name: str


class MandateJSON(TypedDict):
    """What the owner allows; caps are in credits by window, and only those that are set."""

    version: NotRequired[int]
    caps: dict[str, int]
    time_zone: NotRequired[str]
    approval_threshold_credits: int | None
    allowed_models: NotRequired[Literal["all"] | list[str]]
    ends_at: NotRequired[Instant | None]
    paused: bool


class WhoamiJSON(TypedDict):
    """Who the caller is and what it may do."""

    authenticated: Literal[True]
    agent: AgentJSON
    organization: OrganizationJSON
    claim_state: ClaimState
    claim_request_state: ClaimRequestState
    token_class: Literal["restricted"]
    token_status: Literal["active"]
    token_prefix: str
    token_created_at: Instant
    session_origin: Literal["bearer_token"]
    grants: list[str]
    claim: ClaimCodeJSON | None
    mandate: MandateJSON


class ChecksJSON(TypedDict):
    """What the service needs, and how it is."""

    database: Fitness
    storage: Fitness
    queue: Fitness


class HealthJSON(TypedDict):
    """The service can do its work."""

    status: Literal["ok"]
    api_version: str
    service: Literal["image-skill"]
    checks: ChecksJSON
    base_url: str
