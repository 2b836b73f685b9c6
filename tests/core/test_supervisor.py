"""Being ready is told to who supervises the process, and holds also where nobody listens."""

import socket
from pathlib import Path

import pytest

from imageskill.core.supervisor import say_ready


def test_who_supervises_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(address)
        supervisor.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        say_ready()
        assert supervisor.recv(100) == b"READY=1"


def test_a_supervisor_that_is_gone_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    say_ready()
    assert [record.message for record in caplog.records] == [
        "the supervisor could not be told that this process is ready"
    ]
    assert str(tmp_path) not in caplog.text
