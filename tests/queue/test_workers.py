"""Worker processes on PostgreSQL: they run jobs, end in order, and when one is killed another goes on."""

import signal
from threading import Thread

import pytest
from django.conf import LazySettings
from django.db import connection
from procrastinate.exceptions import AlreadyEnqueued

from billing import ledger
from billing.models import Hold
from creative import queue, waiting
from creative.models import Asset, Attempt, Job, ProviderSlot
from imageskill.core.units import unit_of_work
from tests.cast import Answer, Member, sign_up
from tests.queue.conftest import Stage, all_ended, states, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="workers need PostgreSQL"),
]


@pytest.fixture
def atlas(stage: Stage) -> Member:
    """An agent of an organization of its own."""
    return sign_up("atlas@gmail.com")


@pytest.fixture
def boreas(stage: Stage) -> Member:
    """An agent of another organization."""
    return sign_up("boreas@gmail.com", name="boreas")


def order(member: Member, *prompts: str) -> None:
    """Order pictures without waiting for them."""
    for prompt in prompts:
        answer = member.post("/v1/create", {"prompt": prompt}, headers={"prefer": "respond-async"})
        assert answer.status == 202


def notes() -> int:
    """Return how many notes wait for a worker."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
        return int(cursor.fetchone()[0])


def is_listened() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s)",
            [f'LISTEN "{waiting.CHANNEL}"'],
        )
        return bool(cursor.fetchone()[0])


def assert_books_balance() -> None:
    assert not Hold.objects.filter(state=Hold.State.OPEN).exists()
    assert ledger.verify() == []


def test_a_caller_is_woken_by_the_database_when_a_worker_has_ended_its_job(
    stage: Stage, atlas: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_FIRST_LOOK_SECONDS", 600)  # nobody looks: what wakes is what PostgreSQL tells
    answers: list[Answer] = []

    def call() -> None:
        answers.append(atlas.post("/v1/create", {"prompt": "hold"}, headers={"prefer": "wait=100"}))
        connection.close()

    stage.worker()
    caller = Thread(target=call)
    caller.start()
    until(lambda: is_listened() and stage.calls() == ["begin hold"])
    stage.go()
    caller.join(110)
    assert (answers[0].status, len(answers[0].data["assets"])) == (200, 1)
    assert_books_balance()


def test_a_note_stands_or_falls_with_its_job(atlas: Member) -> None:
    before = notes()

    @unit_of_work
    def rolled_back() -> None:
        queue.defer("job_rolled_back")
        raise LookupError

    with pytest.raises(LookupError):
        rolled_back()
    assert notes() == before
    order(atlas, "a boat")
    assert notes() == before + 1
    job_id = Job.objects.get().pk
    queue.enqueue(job_id)
    queue.enqueue_again(job_id)
    assert notes() == before + 1
    with pytest.raises(AlreadyEnqueued):
        unit_of_work(queue.defer)(job_id)


def test_a_worker_that_is_told_to_stop_ends_its_job_and_takes_no_other(stage: Stage, atlas: Member) -> None:
    worker = stage.worker(WORKER_THREADS="1")
    order(atlas, "hold one", "two")
    until(lambda: stage.calls() == ["begin hold one"])
    worker.send_signal(signal.SIGTERM)
    until(lambda: b"worker stops" in (stage.folder / "log").read_bytes())
    stage.go()
    assert worker.wait(60) == 0
    assert states() == ["completed", "queued"]
    stage.worker()
    until(all_ended)
    assert states() == ["completed", "completed"]
    assert_books_balance()


def test_a_worker_that_cannot_end_in_time_leaves_its_job_to_the_lease(stage: Stage, atlas: Member) -> None:
    worker = stage.worker(WORKER_STOP_SECONDS="1")
    order(atlas, "hold")
    until(lambda: stage.calls() == ["begin hold"])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert states() == ["running"]
    stage.worker()
    until(all_ended)
    assert list(Job.objects.values_list("state", "error_code")) == [("failed", "PROVIDER_FAILURE")]
    assert_books_balance()


def test_the_jobs_of_a_killed_worker_are_fetched_failed_or_run_by_another(stage: Stage, atlas: Member) -> None:
    """What was submitted is fetched, what has no answer is never asked again, what was not begun is run."""
    killed = stage.worker(WORKER_THREADS="2")
    order(atlas, "queue one", "hold two", "three")
    until(lambda: set(stage.calls()) == {"begin queue one", "submitted queue one", "begin hold two"})
    killed.kill()
    killed.wait()
    stage.worker()
    until(all_ended)
    assert list(Job.objects.order_by("pk").values_list("state", "error_code")) == [
        ("completed", ""),
        ("failed", "PROVIDER_FAILURE"),
        ("completed", ""),
    ]
    assert [line for line in stage.calls() if "one" in line][2:] == ["fetch queue one", "end queue one"]
    assert stage.calls().count("begin hold two") == stage.calls().count("begin three") == 1
    assert Attempt.objects.filter(state=Attempt.State.HOUSE_EXPOSURE).count() == 1
    assert sum(Hold.objects.values_list("settled_credits", flat=True)) == 2
    assert_books_balance()


def test_workers_that_are_killed_again_and_again_leave_the_books_right(stage: Stage, atlas: Member) -> None:
    """Whatever they were about to do: each job ends once, and what was delivered is what is charged."""
    stage.go()
    order(atlas, *(f"{'queue' if number % 3 else 'plain'} {number}" for number in range(45)))
    victims = [stage.worker(WORKER_THREADS="4") for _ in range(2)]
    for kill in range(4):
        done = Job.objects.filter(finished_at__isnull=False).count()
        until(lambda done=done: all_ended() or Job.objects.filter(finished_at__isnull=False).count() > done + 3)  # type: ignore[misc] # bound per turn
        victims[kill].kill()
        victims.append(stage.worker(WORKER_THREADS="4"))
    until(all_ended)
    completed = Job.objects.filter(state=Job.State.COMPLETED)
    assert (
        completed.count() == Asset.objects.count() == sum(Hold.objects.values_list("settled_credits", flat=True))
    )
    assert completed.count() > 20
    assert set(Job.objects.exclude(state=Job.State.COMPLETED).values_list("state", "error_code")) <= {
        ("failed", "PROVIDER_FAILURE")
    }
    begun = [call for call in stage.calls() if call.startswith("begin")]
    assert len(begun) == len(set(begun))
    assert_books_balance()


def test_two_workers_together_never_call_a_provider_more_often_than_it_has_slots(
    stage: Stage, atlas: Member, settings: LazySettings
) -> None:
    settings.PROVIDER_SLOTS = {"canvas": 2}
    for _ in range(2):
        stage.worker(PROVIDER_SLOTS="canvas=2", WORKER_THREADS="4")
    order(atlas, *(f"hold {number}" for number in range(8)))
    until(lambda: len(stage.calls()) == 2)
    assert sorted(states()) == ["queued"] * 6 + ["running"] * 2
    stage.go()
    until(all_ended)
    assert states() == ["completed"] * 8
    at_once = most_at_once(stage.calls())
    assert 1 <= at_once <= 2
    until(lambda: not ProviderSlot.objects.filter(job__isnull=False).exists())
    assert_books_balance()


def most_at_once(calls: list[str]) -> int:
    """Return how many calls were open at the same time."""
    now = most = 0
    for call in calls:
        now += 1 if call.startswith("begin") else -1
        most = max(most, now)
    return most


def test_the_slot_of_a_killed_worker_is_free_again_when_its_lease_has_ended(stage: Stage, atlas: Member) -> None:
    killed = stage.worker(PROVIDER_SLOTS="canvas=1")
    order(atlas, "hold one", "two")
    until(lambda: stage.calls() == ["begin hold one"])
    killed.kill()
    killed.wait()
    assert ProviderSlot.objects.get().job == Job.objects.order_by("pk")[0]
    stage.worker(PROVIDER_SLOTS="canvas=1")
    until(all_ended)
    assert states() == ["failed", "completed"]
    assert_books_balance()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_single_job_does_not_wait_for_the_many_of_another_organization(
    stage: Stage, atlas: Member, boreas: Member, threads: int
) -> None:
    order(atlas, *(f"hold {number}" for number in range(threads)), *(f"many {number}" for number in range(20)))
    stage.worker(WORKER_THREADS=str(threads))
    until(lambda: len(stage.calls()) == threads)
    order(boreas, "single")
    stage.go()
    until(all_ended)
    begun = [call for call in stage.calls() if call.startswith("begin")]
    assert begun.index("begin single") <= 2 * threads
    assert states() == ["completed"] * len(begun)
    assert_books_balance()


def test_a_worker_whose_connections_were_cut_goes_on(stage: Stage, atlas: Member) -> None:
    worker = stage.worker()
    order(atlas, "one")
    until(all_ended)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'stage' AND datname = current_database()"
        )
        assert cursor.fetchall()
    order(atlas, "two", "three", "four", "five")
    until(all_ended)
    assert states()[-1] == "completed"
    assert worker.poll() is None
    assert_books_balance()


def test_the_queue_is_healthy_while_a_worker_lives(stage: Stage, atlas: Member) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
    assert not queue.runner().is_healthy()
    worker = stage.worker()
    until(queue.runner().is_healthy)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert not queue.runner().is_healthy()
