import os
import runpy
import signal
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from creative import turns, waiting
from tests.environment import REPOSITORY

ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What happens at a signal, with the handlers of a worker installed in this process."""
    told: list[str] = []
    before = {number: signal.getsignal(number) for number in ENDINGS}
    monkeypatch.setattr(turns, "stop", lambda: told.append("no more jobs"))
    monkeypatch.setattr(waiting, "release_all", lambda: told.append("waiters let go"))
    monkeypatch.setattr(os, "_exit", lambda code: told.append(f"ended with {code}"))
    worker = SimpleNamespace(
        handle_exit=lambda *_: told.append("orderly end"), handle_quit=lambda *_: told.append("quick end")
    )
    configuration()["post_worker_init"](worker)
    yield told
    for number, handler in before.items():
        signal.signal(number, handler)


def configuration() -> dict[str, Any]:
    return runpy.run_path(str(REPOSITORY / "deploy" / "gunicorn.conf.py"))


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)


def test_waiters_are_let_go_before_the_orderly_end(calls: list[str]) -> None:
    send(signal.SIGTERM)
    assert calls == ["no more jobs", "waiters let go", "orderly end"]


def test_a_second_quick_end_does_not_break_into_the_first(calls: list[str]) -> None:
    send(signal.SIGQUIT)
    send(signal.SIGQUIT)
    assert calls == ["no more jobs", "waiters let go", "quick end"]


def test_a_second_ctrl_c_ends_at_once(calls: list[str]) -> None:
    send(signal.SIGINT)
    assert calls == []
    send(signal.SIGINT)
    assert calls == ["ended with 0"]


def test_sqlite_is_served_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_WORKERS", "3")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert configuration()["workers"] == 1
    monkeypatch.setenv("DATABASE_URL", "postgres://somebody@127.0.0.1/images")
    assert configuration()["workers"] == 3


def test_the_server_waits_longer_than_what_it_serves() -> None:
    read = configuration()
    assert read["timeout"] > 240
    assert read["graceful_timeout"] > 60


def test_the_server_opens_no_door_of_its_own() -> None:
    read = configuration()
    assert read["control_socket_disable"] is True
    assert read["forwarded_allow_ips"] == ""
    assert read["secure_scheme_headers"] == {}


def test_an_address_that_failed_is_not_logged() -> None:
    record = pytest.importorskip("logging").makeLogRecord(
        {"msg": "Error handling request %s %s", "args": ("GET", "/a/image_1.png")}
    )
    assert configuration()["_without_address"](record)
    assert record.getMessage() == "Error handling request"


@pytest.mark.parametrize(("host", "bound"), [("127.0.0.1", "127.0.0.1:8001"), ("::1", "[::1]:8001")])
def test_it_listens_where_it_is_told(monkeypatch: pytest.MonkeyPatch, host: str, bound: str) -> None:
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("PORT", "8001")
    assert configuration()["bind"] == bound
