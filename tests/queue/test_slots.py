"""Slots of a provider: never more calls at once than it may have, and none lost for ever."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from creative import execution, leases, slots, turns
from creative.models import Attempt, Job, ProviderSlot
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from tests.cast import Member, sign_up
from tests.doubles import FakeProvider, pictures, run_never

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def job_ids(settings: LazySettings, provider: FakeProvider) -> Iterator[list[str]]:
    """Ten queued jobs of a provider with three slots."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.PREVIEW_DAILY_JOBS = 1000
    settings.PROVIDER_SLOTS = {"canvas": 3}
    run_never.job_ids.clear()
    agent: Member = sign_up("slots@gmail.com")
    headers = {"prefer": "respond-async"}
    yield [agent.post("/v1/create", {"prompt": "A boat"}, headers=headers).data["job_id"] for _ in range(10)]
    leases._held.clear()


def holders() -> set[str]:
    return set(ProviderSlot.objects.filter(job__isnull=False).values_list("job_id", flat=True))


def past() -> None:
    ProviderSlot.objects.filter(job__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_of_many_threads_as_many_get_one_as_there_are(job_ids: list[str]) -> None:
    barrier, got = Barrier(len(job_ids)), []

    def claim(job_id: str) -> None:
        barrier.wait(30)
        if turns.claim(job_id) is not None:
            got.append(job_id)
        connection.close()

    threads = [Thread(target=claim, args=(job_id,)) for job_id in job_ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 3
    assert holders() == set(got)
    assert sorted(ProviderSlot.objects.values_list("number", flat=True)) == [1, 2, 3]
    assert slots.full() == {"canvas"}
    assert Job.objects.filter(state="running").count() == 3


def test_the_end_of_a_job_frees_its_slot(job_ids: list[str]) -> None:
    execution.run(job_ids[0])
    assert (holders(), slots.full()) == (set(), frozenset())


@pytest.mark.parametrize("error", [ProviderError(Failure.FAILED, "No."), ValueError("a bug")], ids=["no", "bug"])
def test_a_failure_frees_it_too(job_ids: list[str], provider: FakeProvider, error: Exception) -> None:
    def fail(_: ProviderCall) -> ProviderResult:
        assert holders() == {job_ids[0]}
        raise error

    provider.behaviour = fail
    execution.run(job_ids[0])
    assert holders() == set()


def test_a_slot_is_renewed_with_its_jobs_lease(job_ids: list[str], provider: FakeProvider) -> None:
    def slow(call: ProviderCall) -> ProviderResult:
        past()
        leases.renew()
        assert ProviderSlot.objects.get(job_id=job_ids[0]).expires_at > timezone.now()  # type: ignore[operator]
        return pictures(call)

    provider.behaviour = slow
    execution.run(job_ids[0])
    assert Job.objects.get(pk=job_ids[0]).state == "completed"


def test_the_slots_of_a_dead_process_are_taken_by_others_once_they_expire(job_ids: list[str]) -> None:
    assert all(turns.claim(job_id) for job_id in job_ids[:3])
    assert turns.claim(job_ids[3]) is None
    past()
    assert slots.full() == frozenset()
    assert all(turns.claim(job_id) for job_id in job_ids[3:6])
    assert holders() == set(job_ids[3:6])


def test_who_lost_its_lease_does_not_free_the_slot_of_who_has_it_now(job_ids: list[str]) -> None:
    one = turns.claim(job_ids[0])
    assert one is not None
    Job.objects.filter(pk=job_ids[0]).update(lease_epoch=one.lease.epoch + 1)
    assert not slots.free(job_ids[0], one.lease.epoch)
    assert holders() == {job_ids[0]}
    assert slots.free(job_ids[0], one.lease.epoch + 1)


def test_more_or_fewer_slots_hold_from_the_next_call_on(job_ids: list[str], settings: LazySettings) -> None:
    assert all(turns.claim(job_id) for job_id in job_ids[:3])
    settings.PROVIDER_SLOTS = {"canvas": 4}
    assert turns.claim(job_ids[3]) is not None
    settings.PROVIDER_SLOTS = {"canvas": 2}
    assert turns.claim(job_ids[4]) is None
    for job_id in job_ids[:3]:
        slots.free(job_id, 1)
    assert [turns.claim(job_id) is not None for job_id in job_ids[4:8]] == [True, True, False, False]


def test_a_provider_that_the_setting_does_not_name_has_no_rows(job_ids: list[str], settings: LazySettings) -> None:
    settings.PROVIDER_SLOTS = {"fal": 2}
    assert all(turns.claim(job_id) for job_id in job_ids)
    assert not ProviderSlot.objects.exists()


def test_stored_bytes_need_no_slot(job_ids: list[str]) -> None:
    """Nobody is called any more, so a job whose bytes are kept ends though the provider is full."""
    first = turns.claim(job_ids[0])
    assert first is not None
    Attempt.objects.filter(pk=first.lease.attempt_id).update(state=Attempt.State.STORED)
    slots.free(job_ids[0], first.lease.epoch)
    assert all(turns.claim(job_id) for job_id in job_ids[1:4])
    Job.objects.filter(pk=job_ids[0]).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert turns.claim(job_ids[0]) is not None
