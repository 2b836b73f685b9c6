"""Claims under races: one living token, one live offer, one secret that counts."""

from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AgentToken, Claim
from tests.cast import Answer, Caller, Member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def at_once(act: Callable[[], Answer], threads: int = 8) -> list[Answer]:
    """Let threads act at the same moment; return their answers."""
    barrier, answers = Barrier(threads), []

    def run() -> None:
        barrier.wait(30)
        answers.append(act())
        connection.close()

    running = [Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    assert len(answers) == threads
    return answers


def offer(agent: Member) -> dict[str, Any]:
    told = agent.post("/v1/agent-claims", {"contact": "a@example.com", "return_claim_secret": True}).data["claim"]
    return {"claim_id": told["claim_id"], "claim_secret": told["claim_secret"]}


def collect(told: dict[str, Any]) -> Answer:
    return Caller().post("/v1/agent-claims/collect", told)


def approve(told: dict[str, Any]) -> None:
    Claim.objects.filter(pk=told["claim_id"]).update(state=Claim.State.APPROVED, decided_at=timezone.now())


def test_collectors_at_once_leave_one_living_token(agent: Member) -> None:
    told = offer(agent)
    approve(told)
    answers = at_once(lambda: collect(told))
    assert {answer.status for answer in answers} == {200}
    living = [answer for answer in answers if Caller(answer.data["token"]).get("/v1/whoami").ok]
    assert len(living) == 1
    assert collect(told).code == "ALREADY_COLLECTED"
    assert Claim.objects.get(pk=told["claim_id"]).state == Claim.State.COLLECTED


def test_a_collector_and_the_first_use_at_once_leave_the_used_token_or_the_new_one(agent: Member) -> None:
    told = offer(agent)
    approve(told)
    first = Caller(collect(told).data["token"])
    acts: Iterator[Callable[[], Answer]] = iter([lambda: first.get("/v1/whoami"), lambda: collect(told)])

    def act() -> Answer:
        return next(acts)()

    answers = at_once(act, threads=2)
    collected = next(answer for answer in answers if answer.body["command"] == "image-skill claim collect")
    if collected.ok:
        assert Caller(collected.data["token"]).get("/v1/whoami").ok
        assert first.get("/v1/whoami").code == "AUTH_REQUIRED"
    else:
        assert collected.code == "ALREADY_COLLECTED"
        assert first.get("/v1/whoami").ok


def test_requests_at_once_leave_one_live_offer(agent: Member) -> None:
    answers = at_once(
        lambda: agent.post("/v1/agent-claims", {"contact": "a@example.com", "return_claim_secret": True})
    )
    assert {answer.status for answer in answers} == {200}
    states = [
        collect({name: answer.data["claim"][name] for name in ("claim_id", "claim_secret")}).data["state"]
        for answer in answers
    ]
    assert sorted(states) == ["expired"] * 7 + ["pending"]
    assert Claim.objects.filter(state=Claim.State.REQUESTED).count() == 1


def test_pending_and_denied_answers_mint_nothing(agent: Member) -> None:
    told = offer(agent)
    assert {answer.data["state"] for answer in at_once(lambda: collect(told))} == {"pending"}
    Claim.objects.filter(pk=told["claim_id"]).update(state=Claim.State.DENIED, decided_at=timezone.now())
    assert {answer.data["state"] for answer in at_once(lambda: collect(told))} == {"denied"}
    assert AgentToken.objects.count() == 1


@pytest.mark.parametrize("field", ["claim_id", "claim_secret"])
def test_a_collector_must_name_both(agent: Member, field: str) -> None:
    told = offer(agent)
    del told[field]
    refused = collect(told)
    assert (refused.code, refused.status, refused.exit_code) == ("INVALID_ARGUMENTS", 400, 2)
    assert list(refused.error["recovery"]["fields"]) == [field]
