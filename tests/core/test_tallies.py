"""Counts that guard money and mail: exact under threads, by the period, the same for every process."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection

from imageskill.core import tallies
from imageskill.core.models import Tally
from tests.cast import Answer, Caller

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOON = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)


def take(amount: int = 1, *, key: str = "k", limit: int = 3, period: timedelta = tallies.HOUR) -> bool:
    return tallies.take("test", key, limit=limit, period=period, amount=amount)


def at_once(act: Callable[[], None], threads: int) -> None:
    barrier = Barrier(threads)

    def run() -> None:
        barrier.wait(30)
        act()
        connection.close()

    running = [Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)


def test_a_count_stops_at_its_limit_and_a_refusal_counts_nothing() -> None:
    assert [take() for _ in range(5)] == [True, True, True, False, False]
    assert Tally.objects.get().count == 3


def test_an_amount_is_taken_whole_or_not_at_all() -> None:
    assert [take(2), take(2), take(1), take(1)] == [True, False, True, False]
    assert not take(4, key="other")
    assert not take(1, key="none", limit=0)


def test_keys_and_scopes_are_counted_apart() -> None:
    assert all(take(3, key=key) for key in ("a", "b"))
    assert tallies.take("another", "a", limit=1, period=tallies.HOUR)


def test_a_day_is_a_utc_day_and_a_new_one_counts_anew() -> None:
    with time_machine.travel(NOON, tick=False):
        assert take(3, period=tallies.DAY)
        assert tallies.period_end(tallies.DAY) == datetime(2026, 3, 5, tzinfo=UTC)
        assert tallies.seconds_left(tallies.DAY) == 11 * 3600 + 1800
    with time_machine.travel(datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC), tick=False):
        assert not take(period=tallies.DAY)
        assert tallies.seconds_left(tallies.DAY) == 1
    with time_machine.travel(datetime(2026, 3, 5, tzinfo=UTC), tick=False):
        assert take(period=tallies.DAY)


def test_what_no_limit_reads_any_more_is_removed() -> None:
    with time_machine.travel(NOON, tick=False):
        take(period=tallies.DAY)
    with time_machine.travel(NOON + timedelta(days=2), tick=False):
        assert tallies.prune() == 0
    with time_machine.travel(NOON + timedelta(days=4), tick=False):
        take(period=tallies.DAY)
        assert tallies.prune() == 1
    assert Tally.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_threads_take_exactly_what_there_is() -> None:
    taken: list[bool] = []
    at_once(lambda: taken.append(take(limit=7)), 24)
    assert (len(taken), taken.count(True)) == (24, 7)
    assert Tally.objects.get().count == 7


@pytest.mark.django_db(transaction=True)
def test_signups_at_once_are_let_through_up_to_the_limit_of_their_network(settings: LazySettings) -> None:
    settings.SIGNUPS_PER_HOUR = 4
    answers: list[Answer] = []
    body = {"agent_name": "atlas", "runtime": "tests"}
    at_once(lambda: answers.append(Caller().post("/v1/agent-signups", body, remote="203.0.113.7")), 12)
    assert sorted(answer.status for answer in answers) == [200] * 4 + [429] * 8


def test_the_limit_of_signups_stands_when_the_cache_forgets(settings: LazySettings) -> None:
    settings.SIGNUPS_PER_HOUR = 1
    body = {"agent_name": "atlas", "runtime": "tests"}
    assert Caller().post("/v1/agent-signups", body).ok
    cache.clear()
    assert Caller().post("/v1/agent-signups", body).code == "RATE_LIMITED"
