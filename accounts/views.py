"""The HTTP operations of the first floor."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from accounts import claim_attempts, claims, contacts, presenters, signup, tokens
from accounts.actor import Actor, agent_actor_json
from accounts.claimants import PayerOf
from accounts.models import Agent
from accounts.permissions import caller
from accounts.signup import AllowanceOpener
from imageskill.core import secret_text, tallies
from imageskill.core.api import ApiView
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.fields import FlagField, TextField
from imageskill.core.instants import instant
from imageskill.core.network import client_network
from imageskill.core.plain_text import cleaned
from imageskill.core.units import unit_of_work

LimitsOf = Callable[[Agent], dict[str, Any]]
_CLIENT_LENGTH = 120


def facts_of(request: Request) -> claims.Facts:
    """Return what the service saw of this call."""
    client = request.headers.get("user-agent", "")
    return claims.Facts(
        network=client_network(request._request),  # noqa: SLF001 - the plain request below DRF's
        client="" if secret_text.is_secret(client) else client[:_CLIENT_LENGTH],
    )


def address_of(data: dict[str, Any], *names: str) -> str | None:
    """Return the first given address among the fields, checked; the message is the wire's own."""
    for name in names:
        text = data.get(name)
        if text is not None:
            if not contacts.is_address(text):
                problem = "must be a valid email address"
                raise invalid_fields({name: [problem]})
            return str(text)
    return None


class AgentSignup(ApiView):
    """`POST /v1/agent-signups`. The roof passes in what higher floors add."""

    command = "image-skill signup"
    anonymous = True
    authentication_classes = []
    opener: AllowanceOpener = None  # type: ignore[assignment] # given by as_view on the roof
    limits_of: LimitsOf = None  # type: ignore[assignment] # given by as_view on the roof

    class Input(serializers.Serializer[Any]):
        # Empty and over-long ones too are answered in the wire's own words, by `address_of`.
        human_email = TextField(required=False, allow_null=True, allow_blank=True)
        agent_contact = TextField(required=False, allow_null=True, allow_blank=True)
        agent_name = TextField(max_length=120)
        runtime = TextField(max_length=64)
        return_token = FlagField(default=True)
        return_claim_secret = FlagField(default=False)
        discovery_source = TextField(required=False, allow_null=True, allow_blank=True, max_length=64)

        def validate_runtime(self, value: str) -> str:
            """Take away what is invisible in it, as of the agent's name: the owner reads both."""
            shown = cleaned(value)
            if not shown:
                raise serializers.ValidationError("must hold something that can be seen")
            return shown

    def post(self, request: Request) -> HttpResponse:
        """Mint a new agent in a new organization."""
        data = self.parse(request)
        contact = address_of(data, "human_email", "agent_contact")
        facts = facts_of(request)
        refuse_signup_where_due(contact, facts)
        made = signup.sign_up(
            name=data["agent_name"],
            runtime=data["runtime"],
            contact=contact,
            discovery_source=data.get("discovery_source") or "",
            facts=facts,
            open_allowance=self.opener,
        )
        self.warnings += made.warnings
        told = presenters.signup_json(
            made,
            show_token=data["return_token"],
            show_secret=data["return_claim_secret"],
            limits=self.limits_of(made.agent),
        )
        return self.answer(told, actor=agent_actor_json(made.agent))


def refuse_signup_where_due(contact: str | None, facts: claims.Facts) -> None:
    """Raise where the operator asks for a contact, or where a network signs up too often."""
    if contact is None and settings.SIGNUP_REQUIRES_CONTACT:
        raise invalid_fields({"human_email": ["is required"]})
    if not tallies.take("signup", facts.network, limit=settings.SIGNUPS_PER_HOUR, period=tallies.HOUR):
        limit = settings.SIGNUPS_PER_HOUR
        raise ApiError(
            ErrorCode.RATE_LIMITED,
            f"This network has signed up {limit} agents this hour; no more may. "
            "Whoever has a token needs no other one.",
            reason="signups_of_network",
            cap=limit,
            used=limit,
            retry_after_seconds=tallies.seconds_left(tallies.HOUR),
            resets_at=instant(tallies.period_end(tallies.HOUR)),
            suggested_command="image-skill whoami --json",
        )


class Whoami(ApiView):
    """`GET /v1/whoami`."""

    command = "image-skill whoami"
    tells_notices = True
    mandate_of: Callable[[Agent], dict[str, Any]] = staticmethod(lambda _agent: {})

    def get(self, request: Request) -> HttpResponse:
        """Say who the caller is and what it may do."""
        actor = caller(request)
        told = presenters.whoami_json(actor, claim=claims.live(actor.agent), mandate=self.mandate_of(actor.agent))
        return self.answer(told)


class AgentTokenRotate(ApiView):
    """`POST /v1/agent-tokens/rotate`."""

    command = "image-skill auth rotate"

    def post(self, request: Request) -> HttpResponse:
        """Return a new token once; the old one lives until its first use, at most ten minutes."""
        self.parse(request)
        actor = caller(request)
        token, raw = tokens.rotate(token=actor.token, actor=actor)
        return self.answer(presenters.rotated_json(token, raw))


class AgentClaim(ApiView):
    """`POST /v1/agent-claims`."""

    command = "image-skill claim request"
    opener: AllowanceOpener = None  # type: ignore[assignment] # given by as_view on the roof
    # Given by as_view on the roof; without that nobody would be known to have paid, and nobody could be named.
    payer_of: PayerOf = staticmethod(lambda _agent_id: "")

    class Input(serializers.Serializer[Any]):
        contact = TextField(allow_blank=True)
        reason = TextField(required=False, allow_null=True, allow_blank=True, max_length=300)
        return_claim_secret = FlagField(default=False)

    def post(self, request: Request) -> HttpResponse:
        """Attach a contact and mail it the request to claim this agent."""
        data = self.parse(request)
        actor, facts = caller(request), facts_of(request)
        contact = address_of(data, "contact") or ""
        refused = claim_attempts.refusal(
            agent=actor.agent,
            actor=actor,
            contact=contact,
            network=facts.network,
            client=facts.client,
            payer_of=self.payer_of,
        )
        if refused is not None:
            raise refused
        offer, warnings = self._request(actor, contact, facts, data.get("reason") or "")
        self.warnings += warnings
        told = presenters.claim_request_json(
            offer, unchanged=actor.agent.contact == contact, show_secret=data["return_claim_secret"]
        )
        return self.answer(told)

    @unit_of_work
    def _request(
        self, actor: Actor, contact: str, facts: claims.Facts, reason: str
    ) -> tuple[claims.Offer, list[str]]:
        """Attach and open the allowance in one transaction."""
        offer = claims.request(
            agent=actor.agent,
            actor=actor,
            contact=contact,
            facts=facts,
            payer_of=self.payer_of,
            reason=reason,
        )
        return offer, self.opener(agent=offer.claim.agent, network=facts.network)


class AgentClaimCollect(ApiView):
    """`POST /v1/agent-claims/collect`; the claim's secret is the authority, so no bearer."""

    command = "image-skill claim collect"
    anonymous = True
    authentication_classes = []

    class Input(serializers.Serializer[Any]):
        claim_id = TextField(max_length=48)
        claim_secret = TextField(max_length=64)

    def post(self, request: Request) -> HttpResponse:
        """Say how the claim stands; once it is approved, hand over the new token."""
        data = self.parse(request)
        result = claims.collect(claim_id=data["claim_id"], claim_secret=data["claim_secret"])
        return self.answer(presenters.collected_json(data["claim_id"], result))
