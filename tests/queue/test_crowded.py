"""More threads than connections: who waits for a turn holds none, and leases are renewed all the same."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import Organization
from creative import leases, turns

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
PATIENCE = 60


def in_a_thread(work: Callable[[], object]) -> threading.Thread:
    """Begin work in a thread that gives its connection back at the end."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no pool to take from")
def test_who_waits_for_a_turn_keeps_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    its_own: list[Any] = []
    has_looked, given_back = threading.Event(), threading.Event()
    look = turns._is_any_queued

    def looked() -> bool:
        look()
        has_looked.set()
        return True  # as where a job is queued, for which it stands in line

    monkeypatch.setattr(turns, "_is_any_queued", looked)

    def serve() -> None:
        its_own.append(connections["default"])
        list(Organization.objects.all())
        close = its_own[0].close

        def watched() -> None:
            close()
            if has_looked.is_set():
                given_back.set()

        its_own[0].close = watched
        turns.take()

    with turns._choosing:  # as another thread does that looks for the next job
        thread = in_a_thread(serve)
        assert given_back.wait(PATIENCE)
        assert its_own[0].connection is None
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_leases_are_renewed_while_jobs_have_every_connection() -> None:
    pool = getattr(connection, "pool", None)
    taken = [pool.getconn(timeout=PATIENCE) for _ in range(pool.max_size - _used(pool))] if pool else []
    renewed: list[int] = []

    def renew() -> None:
        leases._leave_the_pool()
        renewed.append(leases.renew())

    try:
        leases.hold("job_of_a_busy_worker", 1)
        thread = in_a_thread(renew)
        thread.join(PATIENCE)
        assert renewed == [0]  # there is no such job, but the database was asked
    finally:
        leases.let_go("job_of_a_busy_worker", 1)
        for one in taken:
            pool.putconn(one)


def _used(pool: Any) -> int:
    """Return how many connections of a pool this test has already."""
    stats = pool.get_stats()
    return int(stats["pool_size"] - stats["pool_available"])
