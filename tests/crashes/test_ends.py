"""How a job ends that was stopped from outside: once, whoever sees it first, and with its hold closed."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from accounts import tokens
from accounts.models import Agent, AgentToken
from billing import ledger
from billing.models import Hold, UsageEvent
from creative import delivering, execution, jobs, leases, storage, sweeping, waiting
from creative.models import Asset, Attempt, Job
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from tests.cast import Answer, Member, sign_up
from tests.doubles import FakeProvider, pictures, run_never

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def job(agent: Member, provider: FakeProvider, settings: LazySettings) -> Job:
    """A queued job that nobody has taken."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.CREATE_WAIT_SECONDS = 0
    run_never.job_ids.clear()
    assert agent.create(key="run-001").status == 202
    return Job.objects.get()


def revoke(agent: Member) -> None:
    tokens.revoke(token=AgentToken.objects.get(agent_id=agent.agent_id))


def pause(agent: Member) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(paused_at=timezone.now())


def ended(job: Job) -> tuple[str, str, str]:
    """Return the job's state and error, and its hold's state."""
    row = Job.objects.select_related("hold").get(pk=job.pk)
    assert row.hold is not None
    assert row.is_final == (row.hold.state != Hold.State.OPEN)
    return row.state, row.error_code, row.hold.state


def assert_nothing_charged(agent: Member) -> None:
    lot = agent.row.organization.credit_lots.get()
    assert (lot.available_credits, lot.held_credits) == (50, 0)
    assert not UsageEvent.objects.exists()
    assert not Asset.objects.exists()
    assert ledger.verify() == []


Stop = Callable[[Member], None]


@pytest.mark.parametrize("stop", [revoke, pause])
def test_a_submission_of_a_stopped_agent_is_fetched_and_charged_as_any_running_job(
    agent: Member, job: Job, provider: FakeProvider, stop: Stop
) -> None:
    """The house has it to pay in any case; only jobs that no provider was asked for are canceled."""
    provider.resumable = True
    lease = jobs.take(job.pk)
    assert lease is not None
    jobs.submitted(lease, request_id="request-1", urls={})
    stop(agent)
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    sweeping.sweep()
    assert (run_never.job_ids, provider.calls) == ([job.pk, job.pk], [])
    execution.run(job.pk)
    assert [call.submission is not None for call in provider.calls] == [True]
    assert ended(job) == ("completed", "", "settled")
    assert UsageEvent.objects.get().credits == 1
    assert ledger.verify() == []


def test_a_provider_is_given_what_is_left_of_the_jobs_time(
    job: Job, provider: FakeProvider, settings: LazySettings
) -> None:
    left = timedelta(seconds=40)
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now() + left)
    execution.run(job.pk)
    assert 0 < provider.calls[0].timeout_seconds <= left.total_seconds() < settings.JOB_TIMEOUT_SECONDS


def test_a_job_that_is_taken_after_its_deadline_calls_nobody(
    agent: Member, job: Job, provider: FakeProvider
) -> None:
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))
    execution.run(job.pk)
    assert provider.calls == []
    assert ended(job) == ("failed", "TIMEOUT", "released")
    answer = agent.get(f"/v1/jobs/{job.pk}").data["job"]["error"]
    assert (answer["code"], answer["exit_code"]) == ("TIMEOUT", 8)
    assert_nothing_charged(agent)


def test_a_lease_is_renewed_while_the_provider_works_but_not_past_the_deadline(
    job: Job, provider: FakeProvider
) -> None:
    renewed: list[int] = []

    def slow(call: ProviderCall) -> ProviderResult:
        renewed.append(leases.renew())
        Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))
        renewed.append(leases.renew())
        return pictures(call)

    provider.behaviour = slow
    execution.run(job.pk)
    assert renewed == [1, 0]
    assert leases.renew() == 0
    assert leases._held == set()


@pytest.mark.parametrize("error", [ProviderError(Failure.FAILED, "No."), ValueError("a bug")], ids=["no", "bug"])
def test_a_failure_that_comes_too_late_changes_nothing(
    agent: Member, job: Job, provider: FakeProvider, error: Exception
) -> None:
    def fails(_: ProviderCall) -> ProviderResult:
        Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        sweeping.sweep()
        raise error

    provider.behaviour = fails
    execution.run(job.pk)
    assert ended(job) == ("failed", "PROVIDER_FAILURE", "released")
    assert Attempt.objects.get().state == "late_result"
    assert_nothing_charged(agent)


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_at_once_end_each_job_once(provider: FakeProvider, settings: LazySettings) -> None:
    """Six jobs, two of each kind, and two sweepers that find them at the same moment."""
    settings.JOB_QUEUE, settings.CREATE_WAIT_SECONDS, settings.PREVIEW_DAILY_JOBS = (
        "tests.doubles.run_never",
        0,
        100,
    )
    run_never.job_ids.clear()
    agent = sign_up("sweepers@gmail.com")
    job_ids = [agent.create().data["job_id"] for _ in range(6)]
    for job_id in job_ids[:4]:
        lease = jobs.take(job_id)
        assert lease is not None
        if job_id in job_ids[:2]:
            assert jobs.stored(
                lease, [kept(job_id, lease.attempt_id)], not_stored=0, cost_micros=0, cost_was_reported=True
            )
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.update(lease_expires_at=past)
    Job.objects.filter(pk__in=job_ids[4:]).update(deadline_at=past)
    sweep_at_once(4)
    assert sorted(Job.objects.values_list("state", "error_code")) == sorted(
        [("completed", "")] * 2 + [("failed", "PROVIDER_FAILURE")] * 2 + [("failed", "TIMEOUT")] * 2
    )
    assert sorted(Hold.objects.values_list("state", flat=True)) == ["released"] * 4 + ["settled"] * 2
    assert Asset.objects.count() == UsageEvent.objects.count() == 2
    assert provider.calls == []
    assert ledger.verify() == []


def kept(job_id: str, attempt_id: int) -> delivering.Stored:
    """Store a picture as a worker does, and return what it notes of it."""
    data = pictures(PICTURE).pictures[0].data
    key = storage.picture_key(job_id=job_id, attempt_id=attempt_id, position=0, mime_type="image/png")
    storage.write(key, data)
    return delivering.Stored(f"image_{job_id[4:]}", key, "0" * 64, "image/png", len(data), 64, 48)


def sweep_at_once(count: int) -> None:
    barrier, failed = Barrier(count), []

    def sweep() -> None:
        barrier.wait(30)
        try:
            sweeping.sweep()
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        connection.close()

    threads = [Thread(target=sweep) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


PICTURE = ProviderCall("create", "draft", "A boat", {}, 1, (), 60, None, lambda _: None)


@pytest.mark.django_db(transaction=True)
def test_a_caller_that_waits_is_told_of_the_revocation_and_of_nothing_charged(
    provider: FakeProvider, settings: LazySettings
) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()
    agent = sign_up("waits@gmail.com")
    answers: list[Answer] = []
    asked = Event()

    def call() -> None:
        asked.set()
        answers.append(agent.post("/v1/create", {"prompt": "A boat"}, headers={"prefer": "wait=60"}))
        connection.close()

    thread = Thread(target=call)
    thread.start()
    assert asked.wait(30)
    until(lambda: bool(run_never.job_ids) and bool(waiting._waiters))
    revoke(agent)
    execution.run(run_never.job_ids[0])
    thread.join(60)
    recovery: dict[str, Any] = answers[0].error["recovery"]
    assert (answers[0].code, answers[0].status, answers[0].exit_code) == ("AUTH_REQUIRED", 401, 3)
    assert (recovery["charged_credits"], recovery["job_id"]) == (0, run_never.job_ids[0])
    assert provider.calls == []
    assert_nothing_charged(agent)


def until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        Event().wait(0.05)
    pytest.fail("it did not come to that")
