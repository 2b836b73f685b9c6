"""Calls that providers refused, or that were canceled after they began: five an hour, because they may cost."""

from collections.abc import Callable

import pytest

from creative.models import Job
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from tests.cast import Answer, Member
from tests.doubles import FakeProvider, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

Give = Callable[[Member, int], None]
Paints = Callable[[str], FakeProvider]
GROK = "xai.grok-imagine-image"
CODES = {Failure.REFUSED: "CONTENT_POLICY_DENIED", Failure.CANCELED: "JOB_CANCELED"}


def refuse(provider: FakeProvider, failure: Failure) -> None:
    def behaviour(call: ProviderCall) -> ProviderResult:
        raise ProviderError(failure, "The provider says no.")

    provider.behaviour = behaviour


def refused_five_times(agent: Member, provider: FakeProvider, failure: Failure) -> None:
    refuse(provider, failure)
    for _ in range(5):
        assert agent.create(model=GROK).code == CODES[failure]
    provider.behaviour = pictures


def assert_limited(answer: Answer) -> None:
    assert (answer.code, answer.status) == ("RATE_LIMITED", 429), answer.body
    told = answer.error["recovery"]
    assert (told["reason"], told["cap"], told["used"]) == ("provider_refusals", 5, 5)
    assert 1 <= told["retry_after_seconds"] <= 3600
    assert answer.response["Retry-After"] == str(told["retry_after_seconds"])
    assert told["suggested_command"] == "image-skill jobs list --json"


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.CANCELED])
def test_the_call_after_the_fifth_refusal_is_limited_with_its_numbers(
    agent: Member, give: Give, paints: Paints, failure: Failure
) -> None:
    give(agent, 100)
    refused_five_times(agent, paints("xai"), failure)
    assert_limited(agent.create(model=GROK))
    assert (len(paints("xai").calls), Job.objects.count()) == (5, 5)


def test_refusals_and_cancels_are_counted_together(agent: Member, give: Give, paints: Paints) -> None:
    give(agent, 100)
    for failure in (Failure.REFUSED, Failure.CANCELED, Failure.REFUSED, Failure.CANCELED, Failure.REFUSED):
        refuse(paints("xai"), failure)
        assert agent.create(model=GROK).code == CODES[failure]
    assert_limited(agent.create(model=GROK))


def test_a_model_that_costs_the_house_nothing_is_not_limited(agent: Member, give: Give, paints: Paints) -> None:
    give(agent, 100)
    refused_five_times(agent, paints("xai"), Failure.REFUSED)
    assert agent.create(model="canvas.draft").ok
    assert_limited(agent.create(model=GROK))


@pytest.mark.parametrize("failure", [Failure.FAILED, Failure.UNAVAILABLE, Failure.TIMED_OUT])
def test_a_fault_of_the_provider_is_no_refusal(
    agent: Member, give: Give, paints: Paints, failure: Failure
) -> None:
    give(agent, 100)
    refuse(paints("xai"), failure)
    for _ in range(6):
        assert agent.create(model=GROK).code != "RATE_LIMITED"
    paints("xai").behaviour = pictures
    assert agent.create(model=GROK).ok


def test_the_refusals_of_one_agent_limit_no_stranger(
    agent: Member, stranger: Member, give: Give, paints: Paints
) -> None:
    give(agent, 100)
    give(stranger, 100)
    refused_five_times(agent, paints("xai"), Failure.REFUSED)
    assert stranger.create(model=GROK).ok
