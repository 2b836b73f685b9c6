"""Each benchmark runs in its small setting, which says nothing but that it does."""

import os
import subprocess
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from benchmarks import __main__ as everything
from benchmarks import load

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_benchmark_is_run_and_can_be_named() -> None:
    files = {path.stem for path in (REPOSITORY / "benchmarks").glob("*.py")}
    assert set(everything.ALL) <= files
    assert all("def main(" in (REPOSITORY / "benchmarks" / f"{name}.py").read_text() for name in everything.ALL)


def test_the_page_takes_what_the_benchmarks_said_and_keeps_the_rest() -> None:
    page = f"before\n{everything.BEGIN}\nold\n{everything.END}\nafter\n"
    told = everything.written(page, ["reading (1 s)\n\n5/s"])
    assert told.startswith("before\n")
    assert told.endswith("after\n")
    assert "old" not in told
    assert "5/s" in told
    assert everything.written(told, ["x"]).count(everything.END) == 1
    with pytest.raises(ValueError, match="marks"):
        everything.written("no marks", [])
    assert everything.BEGIN in everything.PAGE.read_text()


def test_memory_is_measured_on_sqlite_over_real_http() -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "benchmarks.memory", "30", "--small"]
    done = subprocess.run(  # noqa: S603 - our own words
        command, cwd=REPOSITORY, env=kept, capture_output=True, text=True, check=True, timeout=240
    )
    assert "after 30 requests" in done.stdout
    assert "times" in done.stdout


class Sometimes(BaseHTTPRequestHandler):
    """Answers every third request with an error."""

    protocol_version = "HTTP/1.1"
    count = 0

    def do_GET(self) -> None:
        Sometimes.count += 1
        self.send_response(500 if Sometimes.count % 3 == 0 else 200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def test_the_callers_count_every_answer_and_tell_which_failed() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sometimes)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        ask = load.always(load.request("GET", "/"))
        answers = load.run(server.server_address[1], ask, connections=3, seconds=30, most=30)
    finally:
        server.shutdown()
        server.server_close()
    assert answers.statuses == Counter({200: 20, 500: 10})
    assert len(answers.milliseconds) == 30
    assert 0 < answers.median <= answers.late
    assert "{500: 10}" in str(answers)
