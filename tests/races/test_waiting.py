"""Waiting for a job: bounded an agent and a process, woken at the end, let go at once when the process stops."""

import time
from collections.abc import Callable, Iterator
from threading import Thread

import pytest
from django.conf import LazySettings
from django.db import connection

from accounts import organizations
from billing import ledger
from billing.models import LotKind
from creative import execution, registry, waiting
from creative.models import Job
from imageskill.core.events import System
from imageskill.core.units import unit_of_work
from tests.cast import Answer, Member, sign_up
from tests.doubles import run_never

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

SLOW, FAST = "xai.grok-imagine-image", "canvas.draft"


@pytest.fixture
def agent(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Member]:
    """An agent that can pay every model, and a runner that runs nothing by itself."""
    monkeypatch.setattr(registry, "ADAPTERS", dict.fromkeys(("canvas", "xai"), "tests.doubles.FakeProvider"))
    settings.PROVIDER_KEYS = {"xai": "made-up"}
    registry.provider.cache_clear()
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.PREVIEW_DAILY_JOBS = 1000
    run_never.job_ids.clear()
    member = sign_up("waiting@gmail.com")

    @unit_of_work
    def give() -> None:
        organizations.lock(member.row.organization_id)
        ledger.grant(
            organization_id=member.row.organization_id,
            kind=LotKind.PROMO,
            credits=500,
            source="tests",
            actor=System("tests"),
            live_money=True,
        )

    give()
    yield member
    waiting.release_all()
    waiting._stopping.clear()


class Calls:
    """Calls that run at the same time; those that wait have no answer yet."""

    def __init__(self, member: Member, model: str, count: int) -> None:
        self.answers: list[Answer] = []
        self.threads = [Thread(target=self._call, args=(member, model)) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _call(self, member: Member, model: str) -> None:
        self.answers.append(
            member.post("/v1/create", {"prompt": "A boat", "model": model}, headers={"prefer": "wait=60"})
        )
        connection.close()

    def join(self) -> None:
        for thread in self.threads:
            thread.join(60)
        assert len(self.answers) == len(self.threads)


def until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to that")


def places() -> int:
    """Return how many calls wait in this process."""
    return sum(len(events) for events in waiting._waiters.values())


def test_four_slow_jobs_of_an_agent_are_waited_for_and_the_rest_is_told_at_once(agent: Member) -> None:
    calls = Calls(agent, SLOW, 6)
    until(lambda: len(calls.answers) == 2 and places() == 4)
    assert {answer.status for answer in calls.answers} == {202}
    told = calls.answers[0].data
    assert told["job"]["status"] == "queued"
    assert told["next_actions"]["wait"] == f"image-skill jobs wait {told['job_id']} --json"
    waiting.release_all()
    calls.join()
    assert {answer.status for answer in calls.answers} == {202}


def test_fast_jobs_take_no_place_of_the_agent_but_one_of_the_process(
    agent: Member, settings: LazySettings
) -> None:
    settings.WEB_THREADS = 12
    calls = Calls(agent, FAST, 8)
    until(lambda: len(calls.answers) == 2 and places() == 6)
    assert agent.get("/v1/whoami").ok
    waiting.release_all()
    calls.join()


def test_a_waiter_is_woken_by_the_end_and_told_the_pictures(agent: Member) -> None:
    calls = Calls(agent, SLOW, 1)
    until(lambda: places() == 1)
    execution.run(Job.objects.get().pk)
    calls.join()
    assert (calls.answers[0].status, len(calls.answers[0].data["assets"])) == (200, 1)
    assert (places(), dict(waiting._by_agent)) == (0, {})


def test_an_end_in_another_process_is_seen(agent: Member) -> None:
    """Another process announces nothing here: the watcher finds the end in the database."""
    calls = Calls(agent, SLOW, 1)
    until(lambda: places() == 1)
    announce, waiting.announce = waiting.announce, lambda _: None
    try:
        execution.run(Job.objects.get().pk)
    finally:
        waiting.announce = announce
    calls.join()
    assert calls.answers[0].status == 200


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0"])
def test_who_does_not_want_to_wait_does_not(agent: Member, prefer: str) -> None:
    answer = agent.post("/v1/create", {"prompt": "A boat", "model": SLOW}, headers={"prefer": prefer})
    assert (answer.status, answer.exit_code, answer.ok) == (202, 0, True)


def test_after_the_stop_nobody_waits_any_more_and_the_jobs_stay(agent: Member) -> None:
    waiting.release_all()
    calls = Calls(agent, SLOW, 5)
    calls.join()
    assert {answer.status for answer in calls.answers} == {202}
    assert set(Job.objects.values_list("state", flat=True)) == {"queued"}
    assert places() == 0


def test_who_joins_a_job_by_its_key_is_woken_with_the_others(agent: Member) -> None:
    answers: list[Answer] = []

    def call() -> None:
        headers = {"prefer": "wait=60", "idempotency-key": "run-001"}
        answers.append(agent.post("/v1/create", {"prompt": "A boat", "model": SLOW}, headers=headers))
        connection.close()

    threads = [Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: places() == 3)
    execution.run(Job.objects.get().pk)
    for thread in threads:
        thread.join(60)
    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.data["job_id"] for answer in answers}) == 1
