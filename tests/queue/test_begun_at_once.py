"""A job begun in the transaction that writes it has its thread, and nobody else loses one by it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
from django.conf import LazySettings
from django.db import connections

from accounts.actor import Actor
from creative import create, execution, jobs, turns
from creative.create import Submitted
from creative.models import Attempt, Job
from creative.planning import Plan
from creative.providers.base import ProviderCall, ProviderResult
from creative.queue import Room
from creative.queue.threads import pool
from imageskill.core.idempotency import Claimed
from tests.cast import Member, sign_up
from tests.doubles import FakeProvider, pictures
from tests.queue.conftest import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _own_pool(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads of the test's own, all free again at its end."""
    settings.JOB_QUEUE = "creative.queue.threads.pool"
    monkeypatch.setattr(pool, "_executor", None)
    yield
    until(lambda: pool.kept == 0 and not pool._due)
    if pool._executor is not None:
        pool._executor.shutdown(wait=True)


def order(agent: Member, prompt: str) -> None:
    """Order a picture and wait for nothing, in whatever thread."""
    try:
        agent.post("/v1/create", {"prompt": prompt}, headers={"prefer": "respond-async"})
    finally:
        connections.close_all()


def held_before_its_lock(monkeypatch: pytest.MonkeyPatch, prompt: str, reached: Event, goes_on: Event) -> None:
    """Have the create of a prompt stand before its organization's lock until it may go on."""
    place = create._place

    def late(actor: Actor, plan: Plan, key: Claimed | None, room: Room) -> Submitted:
        if plan.wanted.prompt == prompt:
            reached.set()
            goes_on.wait(30)
        return place(actor, plan, key, room)

    monkeypatch.setattr(create, "_place", late)


def test_a_job_with_a_free_thread_is_never_queued(provider: FakeProvider) -> None:
    order(sign_up("one@gmail.com"), "boat")
    until(lambda: Job.objects.filter(state=Job.State.COMPLETED).exists())
    job = Job.objects.get()
    assert (job.lease_epoch, job.started_at is not None) == (1, True)
    assert job.started_at is not None
    # Both were dated within one transaction.
    assert Attempt.objects.get().started_at == job.started_at


def test_who_waits_for_a_lock_keeps_no_thread_and_begins_only_where_one_is_free(
    settings: LazySettings, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOB_THREADS = 1
    paints, reached, goes_on = Event(), Event(), Event()

    def paint(call: ProviderCall) -> ProviderResult:
        if call.prompt == "slow":
            paints.wait(30)
        return pictures(call)

    provider.behaviour = paint
    held_before_its_lock(monkeypatch, "late", reached, goes_on)
    one, other = sign_up("one@gmail.com"), sign_up("other@gmail.com")
    thread = Thread(target=order, args=(one, "late"))
    thread.start()
    try:
        assert reached.wait(30)
        order(other, "slow")
        until(lambda: bool(provider.calls))
        goes_on.set()
        thread.join(30)
        # Its only thread is busy: so it is queued, where nothing ends it before its turn.
        assert Job.objects.get(prompt="late").state == Job.State.QUEUED
    finally:
        goes_on.set()
        paints.set()
    until(lambda: not Job.objects.exclude(state=Job.State.COMPLETED).exists())


def test_a_process_that_is_told_to_stop_begins_no_job(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_stopping", Event())
    reached, goes_on = Event(), Event()
    held_before_its_lock(monkeypatch, "late", reached, goes_on)
    thread = Thread(target=order, args=(sign_up("one@gmail.com"), "late"))
    thread.start()
    assert reached.wait(30)
    turns.stop()
    goes_on.set()
    thread.join(30)
    assert Job.objects.get().state == Job.State.QUEUED
    assert provider.calls == []


def test_a_thread_that_could_not_be_started_is_counted_free_once(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = sign_up("one@gmail.com")

    def none_left(_: ThreadPoolExecutor) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(ThreadPoolExecutor, "_adjust_thread_count", none_left)
        order(one, "lost")
    assert pool.kept == 0
    assert Job.objects.get().state == Job.State.RUNNING
    # Whoever has a thread again carries out what was left in the pool as well, and frees it no second time.
    order(one, "boat")
    until(lambda: not Job.objects.exclude(state=Job.State.COMPLETED).exists())
    until(lambda: pool.kept == 0)


def test_a_refused_create_frees_its_thread(settings: LazySettings, provider: FakeProvider) -> None:
    settings.PREVIEW_DAILY_JOBS = 0
    refused = sign_up("one@gmail.com").post("/v1/create", {"prompt": "boat", "model": "canvas.draft"})
    assert refused.code == "QUOTA_EXCEEDED"
    assert pool.kept == 0


def test_a_job_that_was_lost_before_its_call_is_not_called(agent: Member, provider: FakeProvider) -> None:
    agent.create(key="run-001")
    until(lambda: Job.objects.get().is_final)
    job = Job.objects.get()
    attempt = Attempt.objects.get()
    calls = len(provider.calls)
    taken = turns.Taken(jobs.Lease(job.pk, job.lease_epoch, attempt.pk), job, None)
    execution.carry_out(taken)
    assert len(provider.calls) == calls
    assert Attempt.objects.get().state == Attempt.State.DONE
