"""Bars are counted once where they cannot change any more, and always where they can."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Agent, Organization
from imageskill.core.shared_cache import RedisOrMemory
from imageskill.site.activity import conditions, counts, histogram
from imageskill.site.activity.conditions import Scope
from imageskill.site.activity.histogram import Histogram
from imageskill.site.activity.query import parse
from tests import on_postgres
from tests.pages.activity.happenings import happen, make_agent
from tests.pages.people import make_user, make_workspace

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 7, 3, 12, 30, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=2)


@pytest.fixture(autouse=True)
def _at_noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def place(db: None) -> Organization:
    return make_workspace(make_user())


@pytest.fixture
def agent(place: Organization) -> Agent:
    return make_agent(place)


def at(moment: datetime, agent: Agent, **told: Any) -> None:
    with time_machine.travel(moment, tick=False):
        happen(agent, **told)


def drawn(agent: Agent, text: str = "", **scope: Any) -> Histogram:
    query = parse(text)
    seen = Scope((agent.organization_id,), (agent,), UTC, timezone.now())
    return histogram.of(query, conditions.of(query, seen), seen)


def counted(work: Callable[[], Any]) -> int:
    """Return how many times some work counts one thing."""
    with CaptureQueriesContext(connection) as asked:
        work()
    return sum(query["sql"].count("SELECT COUNT(*)") for query in asked.captured_queries)


def test_a_time_that_is_over_is_counted_once_and_the_present_one_always(agent: Agent) -> None:
    at(LONG_AGO, agent)
    # Four bars a day and the period before; then those that are not over for an hour, or to come.
    assert counted(lambda: drawn(agent)) == 29
    assert counted(lambda: drawn(agent)) == 3
    happen(agent)
    assert drawn(agent).total == 2
    at(LONG_AGO + timedelta(days=1), agent)
    assert drawn(agent).total == 2


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(minutes=59)])
def test_what_may_still_be_seen_later_is_counted_anew(agent: Agent, ago: timedelta) -> None:
    text = "created:2026-07-03T11:00..2026-07-03T12:59"
    assert drawn(agent, text).total == 0
    at(NOW - ago, agent)
    assert drawn(agent, text).total == 1


def test_nothing_is_kept_for_longer_than_a_day_however_often_it_is_asked_for(agent: Agent) -> None:
    text = "created:2026-07-01"
    assert drawn(agent, text).total == 0
    at(LONG_AGO, agent)
    for hours, total in ((8, 0), (16, 0), (23, 0), (25, 1)):
        with time_machine.travel(NOW + timedelta(hours=hours), tick=False):
            # Another time of the same query adds to what is kept, and does not prolong it.
            drawn(agent, f"created:2026-06-{hours:02}")
            assert drawn(agent, text).total == total


def test_days_that_were_counted_before_are_known_the_next_day(agent: Agent) -> None:
    drawn(agent)
    with time_machine.travel(NOW + timedelta(hours=22), tick=False):
        # Today's bars, those of yesterday that were not over, and another period before.
        assert counted(lambda: drawn(agent)) == 4 + 3 + 1


def test_each_query_of_each_workspace_has_counts_of_its_own(agent: Agent) -> None:
    other = make_agent(make_workspace(make_user("bo@example.com"), name="Elsewhere"), "bo")
    at(LONG_AGO, agent)
    at(LONG_AGO, agent, status="failed")
    at(LONG_AGO, other)
    expected = {"": 2, "status:failed": 1, "agent:atlas-7": 2, "type:asset.uploaded": 2, "type:asset.deleted": 0}
    for _ in range(2):
        assert {text: drawn(agent, text).total for text in expected} == expected
        assert drawn(other).total == 1
        assert drawn(agent, "type:spend.refused").total == 0


def test_a_count_that_reached_its_share_stays_at_least_that(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        at(LONG_AGO, agent)
    monkeypatch.setattr(histogram, "BUDGET", 56)
    for _ in range(2):
        assert (drawn(agent).total, drawn(agent).is_capped) == (2, True)
    monkeypatch.undo()
    assert (drawn(agent).total, drawn(agent).is_capped) == (3, False)


def test_a_query_takes_one_entry_of_bounded_size_and_names_nothing(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MOST_KEPT", 100)
    names: list[str] = []
    keep = cache.set

    def noted(name: str, value: Any, timeout: float) -> None:
        names.append(name)
        keep(name, value, timeout=timeout)

    monkeypatch.setattr(cache, "set", noted)
    for day in range(1, 29):
        drawn(agent, f"agent:atlas-7 created:2026-06-{day:02}")
        drawn(agent, "agent:atlas-7")
    assert len(set(names)) == 1
    assert "atlas" not in names[0]
    assert agent.pk not in names[0]
    assert len(cache.get(names[0])["counts"]) == 100
    assert counted(lambda: drawn(agent, "agent:atlas-7")) == 3


def test_the_page_is_drawn_while_the_cache_is_away(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    away = RedisOrMemory(f"redis://127.0.0.1:{on_postgres.free_port()}/0", {})
    monkeypatch.setattr(counts, "cache", away)
    at(LONG_AGO, agent)
    assert [drawn(agent).total, drawn(agent).total] == [1, 1]
