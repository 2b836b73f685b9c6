"""`/healthz` tells the truth within seconds, whatever hangs, and `/livez` asks nobody."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.cache import caches
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from imageskill.site import health
from imageskill.site.probes import Probe
from tests.cast import Caller
from tests.deploy.servers import Server, redis

pytestmark = pytest.mark.django_db


def away() -> bool:
    raise OperationalError("server closed the connection: SELECT secret")


@pytest.fixture
def hanging() -> Iterator[Callable[[], bool]]:
    """A question that is not answered before the test ends."""
    end = threading.Event()
    yield lambda: end.wait(30)
    end.set()


def put(monkeypatch: pytest.MonkeyPatch, part: str, ask: Callable[[], bool], seconds: float = 3.0) -> None:
    monkeypatch.setitem(health.PARTS, part, Probe(part, ask, otherwise=False, seconds=seconds))


@pytest.mark.parametrize("part", health.NEEDED)
def test_without_what_it_needs_it_is_not_fit_and_says_what(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    put(monkeypatch, part, away)
    told = Caller().get("/healthz")
    assert (told.status, told.code, told.exit_code) == (503, "SERVICE_UNAVAILABLE", 7)
    assert part in told.error["message"]
    checks = told.error["recovery"]["checks"]
    assert checks == {name: "down" if name == part else "ok" for name in health.NEEDED}
    assert told.error["recovery"]["retry_after_seconds"] == 10
    assert "SELECT" not in str(told.body)


def test_without_the_cache_it_is_fit_and_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Caller().get("/healthz").body["warnings"] == []
    put(monkeypatch, "cache", away)
    told = Caller().get("/healthz")
    assert (told.status, told.body["warnings"]) == (200, [health.CACHE_IS_AWAY])


def test_a_redis_that_is_stopped_or_hangs_is_noticed_and_so_is_its_return(
    tmp_path: Path, settings: LazySettings
) -> None:
    server: Server = redis(tmp_path)
    soon = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
    settings.CACHES = {
        "default": {
            "BACKEND": "imageskill.core.shared_cache.RedisOrMemory",
            "LOCATION": f"redis://127.0.0.1:{server.port}/0",
            "OPTIONS": soon,
        }
    }
    try:
        assert health.parts()["cache"]
        server.freeze()
        assert not health.parts()["cache"]
        server.thaw()
        assert health.parts()["cache"]
        server.stop()
        assert not health.parts()["cache"]
        assert caches["default"].get("name", "none") == "none"
        server.start()
        assert health.parts()["cache"]
    finally:
        server.thaw()
        server.stop()


def test_what_hangs_is_told_as_down_in_time_and_has_one_thread(
    monkeypatch: pytest.MonkeyPatch, hanging: Callable[[], bool]
) -> None:
    for part in ("database", "storage"):
        put(monkeypatch, part, hanging, seconds=0.5)
    began = time.monotonic()
    for _ in range(60):
        assert Caller().get("/healthz").error["recovery"]["checks"] == {
            "database": "down",
            "storage": "down",
            "queue": "ok",
        }
    # Sixty times half a second would take thirty.
    assert time.monotonic() - began < 24
    names = [thread.name for thread in threading.enumerate()]
    assert (names.count("probe-database"), names.count("probe-storage")) == (1, 1)


def test_who_asks_meanwhile_gets_the_same_answer() -> None:
    asked: list[int] = []
    go = threading.Event()

    def ask() -> int:
        asked.append(1)
        go.wait(60)
        return 7

    probe = Probe("any", ask, otherwise=0)
    first, second = probe.begin(), probe.begin()
    go.set()
    assert [probe.answer(first), probe.answer(second)] == [7, 7]
    assert len(asked) == 1
    assert probe.answer() == 7
    assert len(asked) == 2


def test_a_storage_that_takes_nothing_is_down(settings: LazySettings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    media = {
        "BACKEND": "creative.storage.DurableFolder",
        "OPTIONS": {"location": str(tmp_path / "file" / "media")},
    }
    settings.STORAGES = settings.STORAGES | {"media": media}
    assert Caller().get("/healthz").error["recovery"]["checks"]["storage"] == "down"


def test_being_alive_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in health.PARTS:
        put(monkeypatch, part, away)
    with CaptureQueriesContext(connection) as captured:
        answer = Client().get("/livez")
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(captured) == 0
