"""Limits on calls: per token, per network without one, and the signups of a network by the hour."""

from collections.abc import Iterator

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import Agent
from tests.cast import Answer, Caller, Member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_one_minute() -> Iterator[None]:
    """Let the clock stand: a minute that begins between two calls would count anew."""
    with time_machine.travel(timezone.now(), tick=False):
        yield


def assert_limited(answer: Answer, longest: int) -> None:
    assert (answer.code, answer.status, answer.exit_code) == ("RATE_LIMITED", 429, 5)
    assert answer.error["retryable"] is True
    seconds = answer.error["recovery"]["retry_after_seconds"]
    assert 1 <= seconds <= longest
    assert answer.response["Retry-After"] == str(seconds)


def test_a_token_has_its_own_limit(agent: Member, stranger: Member, settings: LazySettings) -> None:
    settings.TOKEN_REQUESTS_PER_MINUTE = 3
    answers = [agent.get("/v1/whoami") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert_limited(answers[-1], 60)
    assert stranger.get("/v1/whoami").ok


def test_calls_without_a_token_share_the_limit_of_their_network(anonymous: Caller, settings: LazySettings) -> None:
    settings.NETWORK_REQUESTS_PER_MINUTE = 2
    assert [anonymous.get("/v1/models").status for _ in range(3)] == [200, 200, 429]


def test_a_forged_forwarding_header_moves_nobody_to_another_network(
    anonymous: Caller, settings: LazySettings
) -> None:
    settings.NETWORK_REQUESTS_PER_MINUTE = 2
    answers = [
        anonymous.get("/v1/models", headers={"x-forwarded-for": f"203.0.{number}.1"}) for number in range(3)
    ]
    assert [answer.status for answer in answers] == [200, 200, 429]


def test_signups_are_limited_by_the_hour(anonymous: Caller, settings: LazySettings) -> None:
    settings.SIGNUPS_PER_HOUR = 2
    body = {"agent_name": "atlas", "runtime": "tests"}
    answers = [anonymous.post("/v1/agent-signups", body) for _ in range(3)]
    assert [answer.ok for answer in answers] == [True, True, False]
    assert_limited(answers[-1], 3600)
    told = answers[-1].error["recovery"]
    assert (told["reason"], told["cap"], told["used"]) == ("signups_of_network", 2, 2)
    assert told["resets_at"]
    assert told["suggested_command"] == "image-skill whoami --json"
    assert Agent.objects.count() == 2


def test_health_is_never_limited(anonymous: Caller, settings: LazySettings) -> None:
    settings.NETWORK_REQUESTS_PER_MINUTE = 1
    assert [anonymous.get("/healthz").status for _ in range(4)] == [200] * 4
