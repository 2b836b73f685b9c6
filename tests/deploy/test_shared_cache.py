"""The cache that all processes share, and what each of them does while it is away."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from imageskill.core import shared_cache
from imageskill.core.shared_cache import RedisOrMemory
from tests import on_postgres
from tests.deploy.servers import Server, redis

PATIENCE = 30.0
"""Seconds that Redis has where it is not about how long: a busy machine may stand still for some."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = redis(tmp_path)
    yield started
    started.thaw()
    started.stop()


def cache_at(port: int, seconds: float = PATIENCE) -> RedisOrMemory:
    soon = {"socket_connect_timeout": seconds, "socket_timeout": seconds}
    return RedisOrMemory(f"redis://127.0.0.1:{port}/0", {"OPTIONS": soon})


def test_processes_share_it(server: Server) -> None:
    one, other = cache_at(server.port), cache_at(server.port)
    assert one.add("calls", 0, timeout=60)
    assert not other.add("calls", 0, timeout=60)
    assert [one.incr("calls"), other.incr("calls"), one.get("calls")] == [1, 2, 2]


def test_while_it_is_away_a_process_counts_for_itself_and_asks_rarely(caplog: pytest.LogCaptureFixture) -> None:
    alone = cache_at(on_postgres.free_port())
    with caplog.at_level(logging.WARNING):
        assert alone.add("calls", 0, timeout=60)
        assert not alone.add("calls", 0, timeout=60)
        assert [alone.incr("calls") for _ in range(3)] == [1, 2, 3]
        alone.set("name", "boat")
        assert (alone.get("name"), alone.get("other", "none"), alone.has_key("name")) == ("boat", "none", True)
        assert alone.touch("name", 60)
        assert (alone.delete("name"), alone.get("name")) == (True, None)
        alone.clear()
        assert alone.get("calls") is None
    assert [record.getMessage() for record in caplog.records] == ["shared cache away"]


def test_one_that_hangs_delays_one_call_and_no_other(server: Server) -> None:
    cache = cache_at(server.port, 0.5)
    cache.set("name", "boat")
    server.freeze()
    began = time.monotonic()
    for _ in range(60):
        assert cache.get("name") is None
    # Sixty timeouts of half a second would take thirty.
    assert time.monotonic() - began < 15


def test_it_is_asked_again_after_a_while(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = cache_at(server.port)
    cache.set("name", "boat")
    server.stop()
    assert cache.get("name") is None
    server.start()
    assert cache.get("name") is None
    cache_at(server.port)._shared.set("name", "ship")
    monkeypatch.setitem(shared_cache._away_until, cache._server, 0.0)
    assert cache.get("name") == "ship"
