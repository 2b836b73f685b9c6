"""Whole jobs through fal: what is committed on the way, and that a dead worker's job is paid for once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from creative import execution, jobs, registry, sweeping
from creative.models import Attempt, Job
from creative.providers.base import Submission
from creative.providers.fal import Adapter
from tests.cast import Answer, Member
from tests.doubles import run_never
from tests.providers import calls
from tests.providers.fal_server import FLUX, FalServer, Mode, running

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
MODEL = "fal.flux-dev"


class Killed(BaseException):
    """The end of a worker, as sudden as that of its process."""


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    monkeypatch.setattr(registry, "ADAPTERS", {"fal": "creative.providers.fal.Adapter"})
    registry.provider.cache_clear()
    settings.PREVIEW_MODELS = [MODEL]
    with running(settings, monkeypatch) as server:
        yield server


def create(agent: Member) -> Answer:
    return agent.create("A red boat", key="fal-001", model=MODEL)


def queued(agent: Member, settings: LazySettings) -> Job:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.CREATE_WAIT_SECONDS = 0
    run_never.job_ids.clear()
    create(agent)
    return Job.objects.get()


def end_of(job: Job) -> tuple[str, str, str, int]:
    """Return the job's state and error, its hold's state, and how many attempts it took."""
    row = Job.objects.select_related("hold").get(pk=job.pk)
    assert row.hold is not None
    return row.state, row.error_code, row.hold.state, row.attempts.count()


def die_at_the_receipt(job: Job, *, committed: bool) -> None:
    """Take a job and submit it, and lose its worker right after its receipt is committed or right before."""
    lease = jobs.take(job.pk)
    assert lease is not None

    def die(submission: Submission) -> None:
        if committed:
            jobs.submitted(lease, request_id=submission.request_id, urls=dict(submission.urls))
        raise Killed

    with pytest.raises(Killed):
        Adapter().generate(calls.call(model=FLUX, parameters=job.parameters, on_submitted=die))
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_create_is_made_and_its_submission_and_cost_are_committed(agent: Member, server: FalServer) -> None:
    answer = create(agent)
    assert answer.data["job"]["status"] == "completed", answer.body
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.request_id) == (Attempt.State.DONE, "req-0001")
    home = f"{server.base}/fal-ai/flux/requests/req-0001"
    assert attempt.urls == {
        "status_url": f"{home}/status",
        "response_url": home,
        "cancel_url": f"{home}/cancel",
    }
    assert attempt.provider_cost_micros == 25_000


def test_a_worker_that_dies_after_the_receipt_leaves_a_job_that_is_fetched(
    agent: Member, server: FalServer, settings: LazySettings
) -> None:
    job = queued(agent, settings)
    die_at_the_receipt(job, committed=True)
    assert Attempt.objects.get().state == Attempt.State.SUBMITTED
    settings.JOB_QUEUE = "tests.doubles.run_at_once"
    sweeping.sweep()
    assert end_of(job)[:3] == ("completed", "", "settled")
    assert len(server.submissions) == 1


def test_a_worker_that_dies_before_the_receipt_leaves_a_job_that_is_never_submitted_again(
    agent: Member, server: FalServer, settings: LazySettings
) -> None:
    job = queued(agent, settings)
    die_at_the_receipt(job, committed=False)
    settings.JOB_QUEUE = "tests.doubles.run_at_once"
    sweeping.sweep()
    assert end_of(job) == ("failed", "PROVIDER_FAILURE", "released", 1)
    assert Attempt.objects.get().state == Attempt.State.HOUSE_EXPOSURE
    assert len(server.submissions) == 1


def test_a_refusal_costs_the_caller_nothing_and_stands_in_the_books(agent: Member, server: FalServer) -> None:
    server.mode = Mode.FLAGGED
    assert create(agent).code == "CONTENT_POLICY_DENIED"
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.provider_cost_micros) == (Attempt.State.FAILED, 25_000)
    assert agent.get("/v1/quota").data["limits"]["remaining_credits"] == 50


def test_a_stop_before_the_submission_submits_nothing(
    agent: Member, server: FalServer, settings: LazySettings
) -> None:
    job = queued(agent, settings)
    Job.objects.filter(pk=job.pk).update(cancel_requested_at=timezone.now())
    execution.run(job.pk)
    assert end_of(job) == ("canceled", "JOB_CANCELED", "released", 1)
    assert server.seen == []


def test_a_confirmed_stop_releases_and_a_late_one_delivers(
    agent: Member, server: FalServer, settings: LazySettings
) -> None:
    """Asked for once the submission is committed; the worker that goes on with the job passes it on."""
    server.queued_looks = 9
    job = queued(agent, settings)
    stop_after_the_receipt(job)
    assert end_of(job) == ("canceled", "JOB_CANCELED", "released", 2)
    server.queued_looks, server.running_looks, server.obeys = 0, 9, False
    agent.create("A blue boat", key="fal-002", model=MODEL)
    late = Job.objects.exclude(pk=job.pk).get()
    stop_after_the_receipt(late)
    assert end_of(late) == ("completed", "", "settled", 2)
    assert sum(request.method == "PUT" for request in server.seen) == 2
    assert len(server.submissions) == 2


def stop_after_the_receipt(job: Job) -> None:
    die_at_the_receipt(job, committed=True)
    Job.objects.filter(pk=job.pk).update(cancel_requested_at=timezone.now())
    execution.run(job.pk)


def test_a_bad_key_stops_the_provider_for_all(agent: Member, server: FalServer, settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {"fal": "not:mine"}
    assert create(agent).code == "PROVIDER_UNAVAILABLE"
    agent.create("A blue boat", key="fal-002", model=MODEL)
    assert len(server.submissions) == 1
