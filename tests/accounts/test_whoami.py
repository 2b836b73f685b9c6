"""`GET /v1/whoami`: who the caller is, exactly, in each state it can be in."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Agent, AgentToken, Claim, ClaimState
from tests.cast import Caller, Member, sign_up

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_it_tells_exactly_what_the_contract_says(agent: Member) -> None:
    answer = agent.get("/v1/whoami")
    told = answer.data
    assert answer.body["command"] == "image-skill whoami"
    for moment in (told["agent"].pop("created_at"), told.pop("token_created_at"), told["claim"].pop("expires_at")):
        assert INSTANT.fullmatch(moment)
    assert re.fullmatch(r"[B-Z2-9]{5}-[B-Z2-9]{5}", told["claim"].pop("user_code"))
    assert told == {
        "authenticated": True,
        "agent": {"agent_id": agent.agent_id, "name": "atlas", "runtime": "tests"},
        "organization": {"organization_id": agent.row.organization_id, "name": "atlas"},
        "claim_state": "unclaimed",
        "claim_request_state": "requested",
        "token_class": "restricted",
        "token_status": "active",
        "token_prefix": str(agent.token)[:12],
        "session_origin": "bearer_token",
        "grants": agent.row.grants,
        "claim": {"verification_uri": "http://testserver/claim"},
        "mandate": {"caps": {}, "approval_threshold_credits": None, "paused": False},
    }


def test_neither_token_nor_secret_nor_address_is_told(agent: Member) -> None:
    told = agent.get("/v1/whoami").response.content.decode()
    assert str(agent.token)[12:] not in told
    assert "isk_c_" not in told
    assert agent.row.contact not in told


def test_an_agent_without_a_contact_has_an_open_offer() -> None:
    told = sign_up(None).get("/v1/whoami").data
    assert (told["claim_request_state"], "user_code" in told["claim"]) == ("open", True)


def test_a_claimed_agent_has_no_offer(agent: Member) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(claim_state=ClaimState.CLAIMED)
    Claim.objects.update(state=Claim.State.COLLECTED)
    told = agent.get("/v1/whoami").data
    assert (told["claim_state"], told["claim_request_state"], told["claim"]) == ("claimed", "claimed", None)


def test_an_agent_whose_claim_was_denied_has_no_offer_and_may_ask_again(agent: Member) -> None:
    Claim.objects.update(state=Claim.State.DENIED)
    told = agent.get("/v1/whoami").data
    assert (told["claim_request_state"], told["claim"]) == ("none", None)
    assert agent.post("/v1/agent-claims", {"contact": "owner@example.com"}).ok
    assert agent.get("/v1/whoami").data["claim_request_state"] == "requested"


def test_a_paused_agent_still_learns_that_it_is_paused(agent: Member) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(paused_at=timezone.now(), pause_message="Not today")
    assert agent.get("/v1/whoami").data["mandate"]["paused"] is True
    refused = agent.create()
    assert (refused.code, refused.status, refused.exit_code) == ("CAPABILITY_DENIED", 403, 4)
    assert refused.error["recovery"]["reason"] == "paused_by_owner"
    assert refused.error["recovery"]["owner_message"] == "Not today"


def test_teammates_are_told_apart(agent: Member, teammate: Member) -> None:
    mine, theirs = agent.get("/v1/whoami").data, teammate.get("/v1/whoami").data
    assert mine["organization"] == theirs["organization"]
    assert mine["agent"]["agent_id"] != theirs["agent"]["agent_id"]
    assert mine["claim"] is not None
    assert theirs["claim"] is None


def test_a_new_token_is_told_with_its_own_prefix_and_moment(agent: Member) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        fresh = agent.post("/v1/agent-tokens/rotate").data
        told = Caller(fresh["token"]).get("/v1/whoami").data
    assert (told["token_prefix"], told["token_created_at"]) == (fresh["token_prefix"], fresh["token_created_at"])
    assert fresh.keys() == {
        "token", "token_presented", "token_class", "token_prefix", "token_created_at", "old_token",
    }  # fmt: skip
    assert AgentToken.objects.exclude(revoked_at=None).get().prefix == str(agent.token)[:12]
