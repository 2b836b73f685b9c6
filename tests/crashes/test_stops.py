"""What stops a job from outside: a revoked token, a pause, and a provider that never answers."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts import tokens
from accounts.models import Agent, AgentToken
from billing import ledger
from billing.models import CreditAccount
from creative import execution, sweeping
from creative.models import Attempt, Job
from creative.providers.base import ProviderCall, ProviderResult
from creative.queue.threads import pool
from tests.cast import Caller, Member, sign_up
from tests.doubles import FakeProvider, pictures, run_never

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def queued(agent: Member, settings: LazySettings) -> Job:
    """Return a job that nobody has taken."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()
    agent.post("/v1/create", {"prompt": "A boat"}, headers={"prefer": "respond-async"})
    return Job.objects.get()


def assert_stopped(job: Job, provider: FakeProvider) -> None:
    job.refresh_from_db()
    assert job.hold is not None
    assert (job.state, job.hold.state, provider.calls) == ("canceled", "released", [])
    assert CreditAccount.objects.get(organization_id=job.organization_id).free_credits == 50
    assert ledger.verify() == []


def revoke(agent: Member) -> None:
    tokens.revoke(token=AgentToken.objects.get(agent_id=agent.agent_id))


def pause(agent: Member) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(paused_at=timezone.now())


@pytest.mark.parametrize("stop", [revoke, pause])
def test_a_job_whose_agent_was_stopped_calls_nobody_and_costs_nothing(
    agent: Member, provider: FakeProvider, settings: LazySettings, stop: Callable[[Member], None]
) -> None:
    job = queued(agent, settings)
    stop(agent)
    execution.run(job.pk)
    assert_stopped(job, provider)


def test_a_job_whose_provider_was_called_already_finishes_and_settles(
    agent: Member, provider: FakeProvider, settings: LazySettings
) -> None:
    job = queued(agent, settings)

    def revoked_meanwhile(call: ProviderCall) -> ProviderResult:
        revoke(agent)
        return pictures(call)

    provider.behaviour = revoked_meanwhile
    execution.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.settled_credits) == ("completed", 1)
    assert agent.get(f"/v1/jobs/{job.pk}").code == "AUTH_REQUIRED"


def test_a_rotation_stops_nothing(agent: Member, provider: FakeProvider, settings: LazySettings) -> None:
    job = queued(agent, settings)
    fresh = Caller(agent.post("/v1/agent-tokens/rotate").data["token"])
    assert fresh.get("/v1/whoami").ok
    execution.run(job.pk)
    assert fresh.get(f"/v1/jobs/{job.pk}").data["status"] == "completed"


@pytest.fixture
def hanging(provider: FakeProvider, settings: LazySettings) -> Iterator[threading.Event]:
    """A provider that answers only when the test lets it, called from the service's own threads."""
    settings.JOB_QUEUE = "creative.queue.threads.pool"
    let_go = threading.Event()

    def hang(call: ProviderCall) -> ProviderResult:
        let_go.wait(60)
        return ProviderResult(pictures(call).pictures, cost_micros=900)

    provider.behaviour = hang
    yield let_go
    let_go.set()
    if pool._executor is not None:
        pool._executor.shutdown(wait=True)
        pool._executor = None


def test_a_provider_that_hangs_is_given_up_at_the_deadline_and_its_late_picture_is_thrown_away(
    hanging: threading.Event,
) -> None:
    agent = sign_up("hanging@gmail.com")
    answer = agent.post(
        "/v1/create", {"prompt": "A boat"}, headers={"prefer": "wait=0", "idempotency-key": "run-001"}
    )
    assert answer.status == 202
    for _ in range(600):
        if Attempt.objects.filter(state=Attempt.State.CALLING).exists():
            break
        threading.Event().wait(0.05)
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.update(deadline_at=past, lease_expires_at=past)
    sweeping.sweep()
    told = agent.get(f"/v1/jobs/{answer.data['job_id']}")
    assert (told.data["status"], told.data["job"]["error"]["code"], told.data["job"]["error"]["exit_code"]) == (
        "failed",
        "TIMEOUT",
        8,
    )
    assert agent.get("/v1/quota").data["limits"]["remaining_credits"] == 50
    hanging.set()
    assert pool._executor is not None
    pool._executor.shutdown(wait=True)
    pool._executor = None
    assert Attempt.objects.get().state == Attempt.State.LATE_RESULT
    assert agent.get("/v1/quota").data["limits"]["remaining_credits"] == 50
    assert ledger.verify() == []
