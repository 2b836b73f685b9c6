"""The four places of an agent's waiting calls: counted in the cache for all processes, and nobody's without it."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache, caches
from django.db import connection

from creative import waiting
from creative.models import Job
from imageskill.core import shared_cache
from imageskill.core.shared_cache import RedisOrMemory, place
from tests.cast import Answer, Member
from tests.deploy.servers import Server, redis
from tests.doubles import FakeProvider

SLOW, FAST = "xai.grok-imagine-image", "canvas.draft"
NAME = "waiting:agt"
PATIENCE = 30


def cache_at(port: int, seconds: float) -> dict[str, Any]:
    """Return the setting of a cache at a Redis that has so long to answer."""
    return {
        "default": {
            "BACKEND": "imageskill.core.shared_cache.RedisOrMemory",
            "LOCATION": f"redis://127.0.0.1:{port}/0",
            "OPTIONS": {"socket_connect_timeout": seconds, "socket_timeout": seconds},
        }
    }


@pytest.fixture
def server(tmp_path: Path, settings: LazySettings) -> Iterator[Server]:
    """A Redis that is not taken to be away because the machine stands still for some seconds."""
    started = redis(tmp_path)
    settings.CACHES = cache_at(started.port, PATIENCE)
    yield started
    started.thaw()
    started.stop()


def shared() -> RedisOrMemory:
    found = caches["default"]
    assert isinstance(found, RedisOrMemory)
    return found


def ask_again() -> None:
    """Let the process ask Redis now, however short ago it was away."""
    shared_cache._away_until.clear()


def one_of_four(seconds: float = 100) -> AbstractContextManager[bool]:
    return place(NAME, of=4, seconds=seconds)


def taken(held: ExitStack, count: int) -> list[bool]:
    return [held.enter_context(one_of_four()) for _ in range(count)]


def test_a_place_is_one_of_all_processes_and_is_given_back(server: Server) -> None:
    with ExitStack() as held:
        assert taken(held, 6) == [True] * 4 + [False] * 2
        # A process of its own would count anew; what it asks is Redis.
        shared()._own.clear()
        with place("waiting:another", of=4, seconds=100) as free, one_of_four() as fifth:
            assert (free, fifth) == (True, False)
    with ExitStack() as held:
        assert taken(held, 5) == [True] * 4 + [False]


def test_the_place_of_a_process_that_died_ends_with_the_longest_time_it_could_wait(server: Server) -> None:
    left = ExitStack()
    assert left.enter_context(one_of_four(240))
    client = shared()._shared._cache.get_client()
    keys = client.keys("*")
    assert [key.decode().endswith(f"{NAME}:0") for key in keys] == [True]
    # Longer than the wait, so that no fifth begins beside the fourth; never by more than its second.
    assert 240 <= client.ttl(keys[0]) <= 241
    assert left.enter_context(one_of_four(0.2))
    assert 1000 < client.pttl(next(key for key in client.keys("*") if key not in keys)) <= 2000
    left.close()


@pytest.mark.parametrize("backend", ["redis", "memory"])
def test_a_place_that_has_come_to_another_is_not_given_back(backend: str, request: pytest.FixtureRequest) -> None:
    if backend == "redis":
        request.getfixturevalue("server")
    with one_of_four() as free:
        assert free
        caches["default"].set(f"{NAME}:0", 7, 100)
    assert caches["default"].get(f"{NAME}:0") == 7
    caches["default"].delete(f"{NAME}:0")


def test_without_redis_each_process_counts_for_itself_and_nothing_stays_behind(server: Server) -> None:
    server.stop()
    with ExitStack() as held:
        began = time.monotonic()
        assert taken(held, 5) == [True] * 4 + [False]
        assert time.monotonic() - began < PATIENCE / 2
        server.start()
        ask_again()
        # What was taken meanwhile is not known to Redis: looser for a while, and stricter never.
        assert taken(held, 4) == [True] * 4
    assert shared()._shared._cache.get_client().keys("*") == []
    server.stop()
    ask_again()
    with ExitStack() as held:
        assert taken(held, 4) == [True] * 4


def test_a_redis_that_hangs_is_asked_once_for_all_places(server: Server, settings: LazySettings) -> None:
    settings.CACHES = cache_at(server.port, 0.5)
    with ExitStack() as held:
        assert taken(held, 4) == [True] * 4
        server.freeze()
        began = time.monotonic()
        assert taken(held, 4) == [True] * 4
        held.close()
        for _ in range(6):
            with ExitStack() as again:
                assert taken(again, 4) == [True] * 4
        # One timeout of half a second for some seconds; one for each place and its end would take thirty.
        assert time.monotonic() - began < 12


def test_a_cache_that_fails_keeps_nobody_from_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bool:
        raise ConnectionError

    for method in ("add", "get"):
        monkeypatch.setattr(caches["default"], method, fail)
    with one_of_four() as free:
        assert free
    monkeypatch.undo()
    with one_of_four() as free:
        assert free
        monkeypatch.setattr(caches["default"], "get", fail)


class Elsewhere:
    """The agent's calls that wait in other processes: places that are taken in the cache."""

    def __init__(self, agent: Member, count: int) -> None:
        self.keys = [f"waiting:{agent.agent_id}:{number}" for number in range(count)]
        for key in self.keys:
            assert cache.add(key, 1, timeout=100)

    def end(self) -> None:
        cache.delete_many(self.keys)


def create(agent: Member, model: str, prefer: str = "wait=60") -> Answer:
    return agent.post("/v1/create", {"prompt": "A boat", "model": model}, headers={"prefer": prefer})


@pytest.fixture
def calls(agent: Member) -> Iterator[Callable[[str], list[Answer]]]:
    """Begin a call that may wait; its answer comes into the list."""
    threads: list[Thread] = []

    def begin(model: str) -> list[Answer]:
        answers: list[Answer] = []

        def call() -> None:
            answers.append(create(agent, model))
            connection.close()

        threads.append(Thread(target=call))
        threads[-1].start()
        return answers

    yield begin
    waiting.release_all()
    for thread in threads:
        thread.join(60)
    waiting._stopping.clear()
    assert (dict(waiting._waiters), dict(waiting._by_agent)) == ({}, {})


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nobody_works")
def test_calls_that_wait_elsewhere_count_for_the_slow_and_not_for_the_fast(
    agent: Member,
    settings: LazySettings,
    paints: Callable[[str], FakeProvider],
    calls: Callable[[str], list[Answer]],
) -> None:
    settings.PREVIEW_MODELS = [SLOW, FAST]
    elsewhere = Elsewhere(agent, 4)
    began = time.monotonic()
    told = create(agent, SLOW, "wait=60")
    assert (told.status, told.data["job"]["status"], time.monotonic() - began < 30) == (202, "queued", True)
    # The refused call left nothing behind in this process.
    assert dict(waiting._by_agent) == {}
    fast = calls(FAST)
    until(lambda: len(waiting._waiters) == 1)
    elsewhere.end()
    slow = calls(SLOW)
    until(lambda: len(waiting._waiters) == 2)
    assert (fast, slow) == ([], [])
    assert cache.get(f"waiting:{agent.agent_id}:0")
    waiting.release_all()
    until(lambda: fast and slow)
    until(lambda: cache.get(f"waiting:{agent.agent_id}:0") is None)


@pytest.mark.django_db
@pytest.mark.usefixtures("nobody_works")
def test_who_does_not_wait_asks_for_no_place(
    agent: Member, settings: LazySettings, paints: Callable[[str], FakeProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PREVIEW_MODELS = [SLOW, FAST]
    asked: list[str] = []

    def take(keys: list[str], *_: object) -> str:
        asked.append(keys[0])
        return ""

    monkeypatch.setattr(shared_cache, "_take", take)
    assert create(agent, SLOW, "respond-async").status == 202
    job = Job.objects.get()
    waiting.until_end(job, seconds=0, counted=True)
    waiting.until_end(job, seconds=0.01, counted=False)
    with monkeypatch.context() as full:
        full.setitem(waiting._by_agent, agent.agent_id, waiting.PER_AGENT)
        waiting.until_end(job, seconds=5, counted=True)
    assert asked == []
    waiting.until_end(job, seconds=5, counted=True)
    assert asked == [f"waiting:{agent.agent_id}:0"]
