"""The clock: a work runs in one process at a time, again after its period, and elsewhere after a death."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.conf import settings as project
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Organization
from imageskill.core.models import PeriodicRun
from imageskill.flows import clock
from imageskill.flows.clock import Work
from tests.environment import REPOSITORY, for_tests

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

PROCESSES, TICKS = 4, 60
runs: list[str] = []


def count() -> None:
    """Work that is counted."""
    runs.append("count")


def fail() -> None:
    """Work that fails."""
    runs.append("fail")
    raise RuntimeError("the work fails")


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return what sets the table of works."""
    runs.clear()
    yield lambda *table: monkeypatch.setattr(clock, "WORKS", table)
    runs.clear()


COUNT = Work("count", 3600, "tests.races.test_clock.count")
FAIL = Work("fail", 3600, "tests.races.test_clock.fail")


def row(name: str = "count") -> PeriodicRun:
    return PeriodicRun.objects.get(pk=name)


def make_due(name: str = "count") -> None:
    PeriodicRun.objects.filter(pk=name).update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_work_runs_at_once_and_then_after_its_period(works: Callable[..., None]) -> None:
    works(COUNT)
    assert clock.run_due() == ["count"]
    assert clock.run_due() == []
    assert PeriodicRun.objects.filter(pk="count", due_at__gt=Now() + timedelta(seconds=3500)).exists()
    assert (row().leased_until, row().failures, row().finished_at is not None) == (None, 0, True)
    make_due()
    assert clock.run_due() == ["count"]
    assert runs == ["count", "count"]


def test_of_many_threads_one_runs_it(works: Callable[..., None]) -> None:
    works(COUNT)
    barrier, ran = Barrier(12), []

    def tick() -> None:
        barrier.wait(30)
        ran.append(clock.run_due())
        connection.close()

    threads = [Thread(target=tick) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ran) == [[]] * 11 + [["count"]]
    assert runs == ["count"]


def test_who_died_while_running_delays_the_work_until_the_lease_ends(works: Callable[..., None]) -> None:
    works(COUNT)
    clock.run_due()
    make_due()
    PeriodicRun.objects.update(leased_until=timezone.now() + timedelta(seconds=60))
    assert clock.run_due() == []
    PeriodicRun.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert clock.run_due() == ["count"]


def test_a_work_that_fails_is_counted_and_stops_no_other(works: Callable[..., None]) -> None:
    works(FAIL, COUNT)
    for number in (1, 2):
        assert clock.run_due() == ["fail", "count"]
        assert (row("fail").failures, row("count").failures) == (number, 0)
        assert row("fail").leased_until is None
        assert PeriodicRun.objects.filter(pk="fail", due_at__gt=Now()).exists()
        make_due("fail")
        make_due("count")
    assert runs == ["fail", "count"] * 2


def test_a_database_that_comes_back_is_ticked_again(
    works: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A work that meets a database that is away is a failure of that work, not the clock's end."""

    def away() -> None:
        raise DatabaseError("away")

    works(COUNT)
    with monkeypatch.context() as patched:
        patched.setattr(sys.modules[__name__], "count", away)
        assert clock.run_due() == ["count"]
    assert row().failures == 1
    make_due()
    assert clock.run_due() == ["count"]
    assert row().failures == 0


def test_every_work_of_the_service_runs_on_an_empty_database() -> None:
    names = [work.name for work in clock.WORKS]
    assert clock.run_due() == names
    assert set(PeriodicRun.objects.values_list("name", "failures", "leased_until")) == {
        (name, 0, None) for name in names
    }


def database_url() -> str:
    """Return the address of the test's database, for another process."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def test_processes_that_tick_at_the_same_time_never_run_a_work_twice_at_once(tmp_path: Path) -> None:
    environment = for_tests(
        tmp_path,
        SECRET_KEY=project.SECRET_KEY,
        DATABASE_URL=database_url(),
        DJANGO_SETTINGS_MODULE="imageskill.settings",
    )
    command = [sys.executable, "-m", "tests.races.ticker", str(TICKS)]
    children = [
        subprocess.Popen(  # noqa: S603 - our own words
            command, cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(PROCESSES)
    ]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        told = [child.communicate(timeout=90)[0] for child in start_all(children)]
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert [child.returncode for child in children] == [0] * PROCESSES
    names = list(Organization.objects.order_by("pk").values_list("name", flat=True))
    assert sum(int(text) for text in told) * 2 == len(names) > 0
    for begin, end in zip(names[::2], names[1::2], strict=True):
        assert (begin.split()[0], end) == ("begin", begin.replace("begin", "end"))


def start_all(children: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """Let every process go before the first is waited for."""
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    return children
