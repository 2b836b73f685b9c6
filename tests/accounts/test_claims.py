"""Claims: the offer, its ever-changing code, and how an agent collects its token."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts import claims, tokens
from accounts.models import Agent, AgentToken, Claim
from imageskill.core.models import Outbox
from tests.cast import Answer, Caller, Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def request(agent: Caller, contact: str = "owner-x@example.com") -> Answer:
    return agent.post("/v1/agent-claims", {"contact": contact, "return_claim_secret": True})


def collect(told: dict[str, str]) -> Answer:
    return Caller().post(
        "/v1/agent-claims/collect", {"claim_id": told["claim_id"], "claim_secret": told["claim_secret"]}
    )


def decide(claim_id: str, state: str, **more: str) -> None:
    Claim.objects.filter(pk=claim_id).update(state=state, decided_at=timezone.now(), **more)


def test_a_request_attaches_the_contact_and_mails_it(agent: Member) -> None:
    Outbox.objects.all().delete()
    told = request(agent, "new@example.com").data
    assert (told["state"], told["claim_request_state"], told["contact"]) == (
        "attached",
        "requested",
        "n***@example.com",
    )
    assert set(told["claim"]) == {"claim_id", "claim_secret", "verification_uri", "user_code", "expires_at"}
    assert Outbox.objects.get().recipient == "new@example.com"
    assert told["claim"]["claim_secret"] not in Outbox.objects.get().text
    assert told["claim"]["user_code"] not in Outbox.objects.get().text
    assert request(agent, "new@example.com").data["state"] == "unchanged"


def test_the_code_changes_every_ten_minutes_and_reading_it_writes_nothing(agent: Member) -> None:
    first = agent.get("/v1/whoami").data["claim"]
    assert first["user_code"] == agent.get("/v1/whoami").data["claim"]["user_code"]
    before = Claim.objects.values().get()
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        later = agent.get("/v1/whoami").data["claim"]
    assert later["user_code"] != first["user_code"]
    assert later["user_code"].split("-")[0] == first["user_code"].split("-")[0]
    assert Claim.objects.values().get() == before


def test_a_second_request_voids_the_first(agent: Member) -> None:
    first, second = (request(agent).data["claim"] for _ in range(2))
    assert collect(first).data["state"] == "expired"
    assert collect(second).data["state"] == "pending"


def test_a_denied_claim_says_why(agent: Member) -> None:
    told = request(agent).data["claim"]
    decide(told["claim_id"], "denied", denial_reason="I do not know this agent")
    answer = collect(told)
    assert (answer.status, answer.data["state"], answer.data["reason"]) == (
        200,
        "denied",
        "I do not know this agent",
    )


def test_an_approved_claim_hands_its_token_over_once_and_again_after_a_lost_answer(agent: Member) -> None:
    told = request(agent).data["claim"]
    decide(told["claim_id"], "approved")
    lost, again = collect(told), collect(told)
    assert lost.data["state"] == again.data["state"] == "approved"
    assert Caller(lost.data["token"]).get("/v1/whoami").code == "AUTH_REQUIRED"
    assert Caller(again.data["token"]).get("/v1/whoami").ok
    refused = collect(told)
    assert (refused.code, refused.status, refused.exit_code) == ("ALREADY_COLLECTED", 409, 1)
    assert tokens.digest(again.data["token"]) in AgentToken.objects.values_list("sha256", flat=True)


def test_an_approval_is_collected_within_a_week(agent: Member) -> None:
    told = request(agent).data["claim"]
    decide(told["claim_id"], "approved")
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert collect(told).data["state"] == "expired"


def test_another_secret_and_a_missing_claim_get_the_same_answer(agent: Member, stranger: Member) -> None:
    mine, theirs = request(agent).data["claim"], request(stranger, "s@example.com").data["claim"]
    wrong = collect({"claim_id": mine["claim_id"], "claim_secret": theirs["claim_secret"]})
    missing = collect({"claim_id": "claim_" + "0" * 25, "claim_secret": mine["claim_secret"]})
    malformed = collect({"claim_id": mine["claim_id"], "claim_secret": "isk_c_x"})
    assert wrong.code == "CLAIM_NOT_FOUND"
    assert wrong.error == missing.error == malformed.error


def test_a_claimed_agent_asks_for_no_claim(agent: Member) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    refused = request(agent)
    assert (refused.code, refused.error["recovery"]["reason"]) == ("CAPABILITY_DENIED", "already_claimed")


def test_a_contact_is_fixed_once_credits_were_bought(agent: Member) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="payment_backed_unclaimed")
    refused = request(agent, "thief@example.com")
    assert refused.error["recovery"]["reason"] == "contact_is_fixed"
    assert request(agent, agent.row.contact).ok


def test_no_two_live_offers_share_their_first_five_characters(agent: Member, stranger: Member) -> None:
    handles = Claim.objects.values_list("code_handle", flat=True)
    assert len(set(handles)) == len(handles) == 2
    assert claims.code(Claim.objects.first() or Claim()).count("-") == 1


def test_a_thousand_requests_are_three_mails_a_day(agent: Member) -> None:
    Outbox.objects.all().delete()
    start = timezone.now().replace(hour=1, minute=0)
    for number in range(30):
        with time_machine.travel(start + timedelta(minutes=11 * number)):
            assert request(agent).ok
    assert Outbox.objects.filter(recipient="owner-x@example.com").count() == 3
