"""`jobs wait` on the service: within one call, and no longer than a create waits."""

import threading
from typing import Any

import pytest
from django.conf import LazySettings

from creative import execution
from creative.models import Job
from creative.providers.base import Failure, ProviderError
from tests.cast import Answer, Member
from tests.doubles import FakeProvider, RunNever

never = RunNever()


@pytest.fixture
def queued(settings: LazySettings, request: pytest.FixtureRequest, provider: FakeProvider) -> str:
    """A job of the test's agent that no runner has taken."""
    settings.JOB_QUEUE = "tests.site.test_cli_waiting.never"
    agent: Member = request.getfixturevalue("agent")
    made = agent.post("/v1/create", {"prompt": "A red boat"}, headers={"prefer": "respond-async"})
    return str(made.data["job_id"])


def wait(agent: Member, job_id: str, *more: str) -> Answer:
    return agent.post("/v1/cli", {"argv": ["jobs", "wait", job_id, *more]})


@pytest.mark.django_db
def test_a_job_that_has_ended_is_told_at_once(agent: Member, queued: str) -> None:
    execution.run(queued)
    told = wait(agent, queued)
    assert (told.status, told.exit_code, told.data["status"]) == (200, 0, "completed")
    assert told.body["command"] == "image-skill jobs show"


@pytest.mark.django_db
def test_a_job_that_goes_on_is_a_timeout(agent: Member, queued: str) -> None:
    told = wait(agent, queued, "--timeout-ms", "0")
    assert (told.status, told.exit_code, told.code) == (504, 8, "TIMEOUT")
    assert told.error["retryable"] is True
    assert told.error["recovery"]["suggested_command"] == f"image-skill jobs wait {queued} --json"
    assert told.body["actor"]["actor_id"] == agent.agent_id


@pytest.mark.django_db
def test_a_job_that_failed_fails_as_its_create_would(agent: Member, queued: str, provider: FakeProvider) -> None:
    def fail(_call: Any) -> Any:
        raise ProviderError(Failure.FAILED, "The provider failed.")

    provider.behaviour = fail
    execution.run(queued)
    told = wait(agent, queued)
    assert (told.status, told.exit_code, told.code) == (502, 7, "PROVIDER_FAILURE")
    assert told.error["recovery"]["job_id"] == queued


@pytest.mark.django_db
def test_a_canceled_job_is_told_as_canceled(agent: Member, queued: str) -> None:
    assert agent.post(f"/v1/jobs/{queued}/cancel").ok
    assert wait(agent, queued).code == "JOB_CANCELED"


@pytest.mark.django_db
def test_nobody_waits_for_the_job_of_another(stranger: Member, queued: str) -> None:
    assert wait(stranger, queued).code == "JOB_NOT_FOUND"


@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_job_ends_the_waiting(agent: Member, queued: str) -> None:
    runner = threading.Timer(0.2, execution.run, [queued])
    runner.start()
    told = wait(agent, queued, "--timeout-ms", "60000")
    runner.join()
    assert told.data["status"] == "completed"
    assert Job.objects.get().state == Job.State.COMPLETED
