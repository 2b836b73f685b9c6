import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from imageskill import local
from tests.environment import REPOSITORY, for_tests
from tests.migrated import DATABASE, copy_to
from tests.on_postgres import free_port

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="the first run is typed with curl"
)


_PATIENCE_SECONDS = 120
"""A machine that does much else starts slowly, and nothing here is about how soon."""


@contextmanager
def service(data_dir: Path, port: int, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """Start the service as `make run` does, and wait until it answers."""
    started = subprocess.Popen(
        [sys.executable, "-m", "imageskill.local"],
        cwd=REPOSITORY,
        env=for_tests(data_dir, PORT=str(port), **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for_answer(started, f"http://127.0.0.1:{port}/healthz")
        yield started
    finally:
        if started.poll() is None:
            started.terminate()
        started.wait(30)
        for stream in (started.stdout, started.stderr):
            if stream is not None:
                stream.close()


def wait_for_answer(started: "subprocess.Popen[str]", url: str) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        assert started.poll() is None, started.communicate()[1]
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                assert answer.headers["Server"] == "image-skill"
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the service did not answer within {_PATIENCE_SECONDS} seconds")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a running service."""
    port, folder = free_port(), tmp_path_factory.mktemp("running")
    copy_to(folder / DATABASE)
    with service(folder, port):
        yield port


def test_a_first_run_ends_with_a_picture(tmp_path: Path) -> None:
    data_dir, port = tmp_path / "data", free_port()
    with service(data_dir, port) as started:
        typed = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", local.first_run(f"http://127.0.0.1:{port}")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert typed.returncode == 0, typed.stdout + typed.stderr
        with Image.open(tmp_path / "first.png") as picture:
            assert picture.format == "PNG"
            assert picture.size == (1024, 1024)
        started.send_signal(signal.SIGINT)
        said, logged = started.communicate(timeout=60)
    assert started.returncode == 0
    assert f"Image Skill at http://127.0.0.1:{port}" in said
    assert "Traceback" not in logged
    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in data_dir.iterdir()} >= {
        "secret_key",
        "identity_key",
        "imageskill.sqlite3",
        "static",
    }


def test_a_second_start_keeps_keys_and_agents(tmp_path: Path) -> None:
    port = free_port()
    signup = (
        local.first_run(f"http://127.0.0.1:{port}").split("# What may be spent.")[0] + "echo $IMAGE_SKILL_TOKEN"
    )
    copy_to(tmp_path / DATABASE)
    with service(tmp_path, port):
        token = subprocess.run(["bash", "-euc", signup], capture_output=True, text=True, check=True).stdout.strip()
    keys = [(tmp_path / name).read_text() for name in local.KEY_FILES.values()]
    with service(tmp_path, port):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/quota", headers={"authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200
    assert [(tmp_path / name).read_text() for name in local.KEY_FILES.values()] == keys


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"get /v1/quota HTTP/1.1\r\n\r\n", 400, "INVALID_ARGUMENTS"),
        (b"GET /v1/quota HTTP/1.1\r\nno header\r\n\r\n", 400, "INVALID_ARGUMENTS"),
        (b"GET /v1/" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 414, "PAYLOAD_TOO_LARGE"),
        (b"GET /v1/quota HTTP/1.1\r\nx: " + b"y" * 20_000 + b"\r\n\r\n", 431, "PAYLOAD_TOO_LARGE"),
    ],
)
def test_what_is_no_http_is_refused_in_an_envelope_too(running: int, sent: bytes, status: int, code: str) -> None:
    with socket.create_connection(("127.0.0.1", running), timeout=60) as caller:
        caller.sendall(sent)
        told = b""
        while part := caller.recv(65536):
            told += part
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"x-image-skill-exit-code: 2" in head
    assert json.loads(body)["error"]["code"] == code
    assert set(json.loads(body)) == {"ok", "command", "trace_id", "actor", "data", "warnings", "error"}


def test_a_second_service_at_the_same_port_says_so(tmp_path: Path) -> None:
    port = free_port()
    copy_to(tmp_path / DATABASE)
    with service(tmp_path, port):
        second = subprocess.run(
            [sys.executable, "-m", "imageskill.local"],
            cwd=REPOSITORY,
            env=for_tests(tmp_path, PORT=str(port)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert second.returncode == 1
    assert second.stderr.startswith(f"Port {port} on 127.0.0.1 is taken. Choose another: PORT=")
    assert second.stderr.count("\n") == 1


def test_a_refused_setting_is_told_without_a_traceback(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "imageskill.local"],
        cwd=REPOSITORY,
        env=for_tests(tmp_path, PORT=str(free_port()), DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "The database cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("setting", [{"PREVIEW_CREDITS": "abc"}, {"DATABASE_URL": "junk"}, {"JOB_THREADS": "0"}])
def test_a_setting_that_cannot_be_read_or_cannot_work_is_told_in_a_line(
    tmp_path: Path, setting: dict[str, str]
) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "imageskill.local"],
        cwd=REPOSITORY,
        env=for_tests(tmp_path, PORT=str(free_port()), **setting),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr
    assert "Traceback" not in refused.stderr
