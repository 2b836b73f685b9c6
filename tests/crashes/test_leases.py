"""A worker that lost its lease changes nothing; what a dead one left is dealt with by what is committed."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db.models import F
from django.utils import timezone

from billing import ledger
from billing.models import Hold
from creative import delivering, execution, jobs, storage, sweeping
from creative.models import Asset, Attempt, Job
from creative.providers.base import ProviderCall, ProviderResult, Submission
from imageskill.core.errors import ErrorCode
from tests.cast import Member
from tests.doubles import FakeProvider, pictures, run_never

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def job(agent: Member, provider: FakeProvider, settings: LazySettings) -> Job:
    """A queued job that nobody has taken."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.CREATE_WAIT_SECONDS = 0
    run_never.job_ids.clear()
    agent.create(key="run-001")
    return Job.objects.get()


def expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def pass_deadline(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))
    expire(job)


def ended(job: Job) -> tuple[str, str, str]:
    """Return the job's state and error, and its hold's state."""
    row = Job.objects.select_related("hold").get(pk=job.pk)
    assert row.hold is not None
    return row.state, row.error_code, row.hold.state


def test_a_queued_job_is_handed_over_again(job: Job) -> None:
    assert run_never.job_ids == [job.pk]
    sweeping.sweep()
    assert run_never.job_ids == [job.pk]
    expire(job)
    sweeping.sweep()
    assert run_never.job_ids == [job.pk, job.pk]
    execution.run(job.pk)
    assert ended(job) == ("completed", "", "settled")


def test_a_queued_job_past_its_deadline_times_out_and_costs_nothing(agent: Member, job: Job) -> None:
    pass_deadline(job)
    sweeping.sweep()
    assert ended(job) == ("failed", "TIMEOUT", "released")
    assert agent.get("/v1/quota").data["limits"]["remaining_credits"] == 50


def test_a_call_without_an_answer_is_never_repeated(agent: Member, job: Job, provider: FakeProvider) -> None:
    assert jobs.take(job.pk) is not None
    expire(job)
    sweeping.sweep()
    assert ended(job) == ("failed", "PROVIDER_FAILURE", "released")
    assert provider.calls == []
    assert Attempt.objects.get().state == Attempt.State.HOUSE_EXPOSURE
    told = agent.get(f"/v1/jobs/{job.pk}").data["job"]["error"]
    assert told["message"] == "The service stopped while the picture was made; nothing is charged."


def test_a_submission_is_fetched_where_its_provider_can_be_asked_again(job: Job, provider: FakeProvider) -> None:
    provider.resumable = True
    lease = jobs.take(job.pk)
    assert lease is not None
    jobs.submitted(lease, request_id="request-1", urls={"status": "https://queue.example/1"})
    expire(job)
    sweeping.sweep()
    assert (run_never.job_ids, provider.calls) == ([job.pk, job.pk], [])
    execution.run(job.pk)
    assert ended(job) == ("completed", "", "settled")
    assert provider.calls[0].submission == Submission("request-1", {"status": "https://queue.example/1"})
    states = Attempt.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [Attempt.State.SUPERSEDED, Attempt.State.DONE]


def test_stored_bytes_become_assets_without_another_call(job: Job, provider: FakeProvider) -> None:
    lease = jobs.take(job.pk)
    assert lease is not None
    data = pictures(call_of(job)).pictures[0].data
    key = storage.picture_key(job_id=job.pk, attempt_id=lease.attempt_id, position=0, mime_type="image/png")
    storage.write(key, data)
    kept = delivering.Stored("image_" + "0" * 36, key, "0" * 64, "image/png", len(data), 64, 48)
    assert jobs.stored(lease, [kept], not_stored=0, cost_micros=0, cost_was_reported=True)
    expire(job)
    sweeping.sweep()
    assert ended(job) == ("completed", "", "settled")
    assert (Asset.objects.get().storage_key, provider.calls) == (key, [])


def test_a_worker_that_lost_its_lease_writes_a_late_result_and_nothing_else(
    agent: Member, job: Job, provider: FakeProvider
) -> None:
    """The first worker is paused in its call until a second has finished the job."""

    def slow(call: ProviderCall) -> ProviderResult:
        provider.behaviour = pictures
        expire(job)
        sweeping.sweep()
        assert Job.objects.get(pk=job.pk).state == "failed"
        return ProviderResult(pictures(call).pictures, cost_micros=700)

    provider.behaviour = slow
    execution.run(job.pk)
    assert ended(job) == ("failed", "PROVIDER_FAILURE", "released")
    assert not Asset.objects.exists()
    late = Attempt.objects.get(state=Attempt.State.LATE_RESULT)
    assert late.provider_cost_micros == 700
    key = storage.picture_key(job_id=job.pk, attempt_id=late.pk, position=0, mime_type="image/png")
    assert storage.open_read(key) is None
    assert agent.get("/v1/quota").data["limits"]["remaining_credits"] == 50
    assert ledger.verify() == []


def test_an_old_epoch_can_do_nothing(job: Job) -> None:
    lease = jobs.take(job.pk)
    assert lease is not None
    Job.objects.filter(pk=job.pk).update(lease_epoch=F("lease_epoch") + 1)
    kept = delivering.Stored("image_" + "0" * 36, "k", "0" * 64, "image/png", 1, 1, 1)
    assert jobs.stored(lease, [kept], not_stored=0, cost_micros=0, cost_was_reported=True) is False
    assert jobs.complete(lease) is False
    assert ended(job) == ("running", "", "open")


def test_a_job_that_has_ended_does_not_end_again(job: Job) -> None:
    """Not even for the worker whose lease was good until then."""
    lease = jobs.take(job.pk)
    assert lease is not None
    kept = delivering.Stored("image_" + "0" * 36, "k", "0" * 64, "image/png", 1, 1, 1)
    assert jobs.stored(lease, [kept], not_stored=0, cost_micros=0, cost_was_reported=True)
    assert jobs.complete(lease)
    assert jobs.complete(lease) is False
    assert jobs.fail(lease, code=ErrorCode.PROVIDER_FAILURE, message="Too late.") is False
    assert jobs.end_queued(job, state=Job.State.CANCELED, code=ErrorCode.TIMEOUT, message="Too late.") is False
    assert jobs.stored(lease, [kept], not_stored=0, cost_micros=0, cost_was_reported=True) is False
    assert ended(job) == ("completed", "", "settled")
    assert (Asset.objects.count(), Attempt.objects.get().state) == (1, "done")
    assert ledger.verify() == []


def test_two_workers_take_a_job_once(job: Job) -> None:
    assert jobs.take(job.pk) is not None
    assert jobs.take(job.pk) is None
    assert Attempt.objects.count() == 1


def test_sweeping_twice_settles_once(job: Job) -> None:
    expire(job)
    sweeping.sweep()
    execution.run(job.pk)
    expire(job)
    sweeping.sweep()
    assert ended(job) == ("completed", "", "settled")
    assert Hold.objects.get().settled_credits == 1
    assert ledger.verify() == []


def call_of(job: Job) -> ProviderCall:
    return ProviderCall(
        "create", "draft", job.prompt, job.parameters, job.output_count, (), 60, None, lambda _: None
    )
