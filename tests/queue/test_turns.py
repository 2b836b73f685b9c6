"""Whose turn it is: organizations take turns, full providers are passed over, and nobody loses a place."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Event, Thread

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from creative import execution, jobs, sweeping, turns
from creative.models import Attempt, Job, ProviderSlot
from creative.providers.base import ProviderCall, ProviderResult
from creative.queue.threads import pool
from tests.cast import Member, sign_up
from tests.doubles import FakeProvider, pictures, run_never
from tests.queue.conftest import all_ended, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _nobody_runs(settings: LazySettings, provider: FakeProvider) -> Iterator[None]:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.PREVIEW_DAILY_JOBS = 1000
    run_never.job_ids.clear()
    turns._served.clear()
    yield
    turns._stopping.clear()
    if pool._executor is not None:
        pool._executor.shutdown(wait=True)
        pool._executor = None


def member() -> Member:
    """Return an agent of an organization of its own."""
    return sign_up(f"turns{next(_numbers)}@gmail.com")


def order(agent: Member, *prompts: str) -> list[str]:
    """Order pictures without waiting for them; return the jobs' ids."""
    answers = [
        agent.post("/v1/create", {"prompt": prompt}, headers={"prefer": "respond-async"}) for prompt in prompts
    ]
    return [answer.data["job_id"] for answer in answers]


def taken() -> list[str]:
    """Take every job that can be taken; return their prompts in that order."""
    found = []
    while (one := turns.take()) is not None:
        found.append(Job.objects.get(pk=one.lease.job_id).prompt)
    return found


def expire(job_id: str) -> None:
    Job.objects.filter(pk=job_id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_an_organization_with_fewer_running_jobs_goes_first() -> None:
    order(member(), "a1", "a2", "a3", "a4")
    order(member(), "b1")
    order(member(), "c1", "c2")
    assert taken() == ["a1", "b1", "c1", "a2", "c2", "a3", "a4"]


def test_one_thread_alone_serves_the_organizations_in_turn(provider: FakeProvider) -> None:
    order(member(), "a1", "a2", "a3")
    order(member(), "b1", "b2")
    while (one := turns.take()) is not None:
        execution.carry_out(one)
    assert [call.prompt for call in provider.calls] == ["a1", "b1", "a2", "b2", "a3"]


def test_a_single_job_does_not_wait_for_the_many_of_another_organization(
    provider: FakeProvider, settings: LazySettings
) -> None:
    """In the threads of a web process, whose threads are all busy when the single one comes."""
    settings.JOB_QUEUE, settings.JOB_THREADS = "creative.queue.threads.pool", 2
    busy, let_go = Barrier(3), Event()

    def hold(call: ProviderCall) -> ProviderResult:
        if call.prompt.startswith("held"):
            busy.wait(30)
            let_go.wait(30)
        return pictures(call)

    provider.behaviour = hold
    order(member(), "held one", "held two", *(f"many {number}" for number in range(20)))
    busy.wait(30)
    order(member(), "single")
    let_go.set()
    until(all_ended)
    prompts = [call.prompt for call in provider.calls]
    assert len(prompts) == 23
    assert prompts.index("single") <= 4


def test_jobs_of_a_full_provider_are_passed_over_and_keep_their_place(settings: LazySettings) -> None:
    settings.PROVIDER_SLOTS = {"canvas": 2}
    agent = member()
    order(agent, "a1", "a2", "a3", "a4")
    assert taken() == ["a1", "a2"]
    later = member()
    order(later, "b1")
    first = Job.objects.order_by("pk")[0]
    turns.release(jobs.Lease(first.pk, first.lease_epoch, 0), first.model_id)
    settings.PROVIDER_SLOTS = {}
    assert taken() == ["b1", "a3", "a4"]


def test_a_job_without_a_slot_is_left_as_it_was(settings: LazySettings, provider: FakeProvider) -> None:
    settings.PROVIDER_SLOTS = {"canvas": 1}
    first, second = order(member(), "one", "two")
    assert turns.claim(first) is not None
    execution.run(second)
    job = Job.objects.get(pk=second)
    assert (job.state, job.lease_epoch, job.started_at) == ("queued", 0, None)
    assert not Attempt.objects.filter(job=job).exists()
    assert provider.calls == []


def test_threads_that_look_at_once_take_each_job_once() -> None:
    agents = [member() for _ in range(3)]
    for agent in agents:
        order(agent, "one", "two", "three", "four")
    barrier, found = Barrier(8), []

    def look() -> None:
        barrier.wait(30)
        found.extend(taken())
        connection.close()

    threads = [Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == Attempt.objects.count() == 12
    assert set(Job.objects.values_list("state", "lease_epoch")) == {("running", 1)}


def test_a_process_that_stops_takes_nothing_any_more() -> None:
    order(member(), "one")
    turns.stop()
    assert turns.take() is None
    assert Job.objects.get().state == "queued"


def test_a_submission_is_fetched_by_a_runner_and_not_by_the_clock(
    provider: FakeProvider, settings: LazySettings
) -> None:
    provider.resumable = True
    (job_id,) = order(member(), "one")
    one = turns.take()
    assert one is not None
    jobs.submitted(one.lease, request_id="request-1", urls={})
    expire(job_id)
    run_never.job_ids.clear()
    sweeping.sweep()
    assert (run_never.job_ids, provider.calls) == ([job_id], [])
    assert Job.objects.get().lease_epoch == 1
    settings.JOB_QUEUE = "creative.queue.threads.pool"
    sweeping.sweep()
    until(all_ended)
    assert [call.submission is not None for call in provider.calls] == [True]
    assert Job.objects.get().state == "completed"


def test_a_fetched_job_goes_on_in_the_slot_of_the_worker_that_died(
    provider: FakeProvider, settings: LazySettings
) -> None:
    settings.PROVIDER_SLOTS = {"canvas": 1}
    provider.resumable = True
    (job_id,) = order(member(), "one")
    one = turns.take()
    assert one is not None
    jobs.submitted(one.lease, request_id="request-1", urls={})
    expire(job_id)
    execution.run(job_id)
    assert Job.objects.get().state == "completed"
    slot = ProviderSlot.objects.get()
    assert (slot.job_id, slot.expires_at) == (None, None)


def test_what_could_run_is_handed_over_again_though_its_lease_lasts(settings: LazySettings) -> None:
    settings.PROVIDER_SLOTS = {"canvas": 1}
    first, second = order(member(), "one", "two")
    run_never.job_ids.clear()
    assert sweeping.wake() == 2
    assert run_never.job_ids == [first, second]
    assert turns.claim(first) is not None
    assert sweeping.wake() == 0


def test_a_queued_job_ends_at_its_deadline_though_its_lease_lasts() -> None:
    (job_id,) = order(member(), "one")
    Job.objects.filter(pk=job_id).update(deadline_at=timezone.now() - timedelta(seconds=1))
    assert sweeping.sweep() == 1
    assert Job.objects.values_list("state", "error_code").get() == ("failed", "TIMEOUT")
