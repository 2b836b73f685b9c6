"""A service for the whole run, and clients as they are installed: a process, a home, and nothing else."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.front import Front
from tests.cli.terminal import Terminal
from tests.environment import REPOSITORY, for_tests
from tests.migrated import DATABASE, copy_to
from tests.on_postgres import free_port


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a service with play money and free pictures."""
    port, folder = free_port(), tmp_path_factory.mktemp("service")
    limits = {"SIGNUPS_PER_HOUR": "10000", "PREVIEW_DAILY_JOBS": "100", "PREVIEW_DAILY_BUDGET_CREDITS": "100000"}
    limits |= {"NETWORK_REQUESTS_PER_MINUTE": "100000", "TOKEN_REQUESTS_PER_MINUTE": "100000"}
    copy_to(folder / "data" / DATABASE)
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "imageskill.local"],
            cwd=REPOSITORY,
            env=for_tests(folder / "data", PORT=str(port), **limits),
            stdout=log,
            stderr=log,
        )
        try:
            wait_until_it_listens(started, port, folder / "log")
            yield port
        finally:
            started.terminate()
            started.wait(60)


def wait_until_it_listens(started: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(1_200):
        assert started.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the service did not listen within two minutes")


@pytest.fixture
def terminal(service: int, tmp_path: Path) -> Terminal:
    """A terminal of someone who has no token yet."""
    return Terminal(tmp_path, f"http://127.0.0.1:{service}")


@pytest.fixture
def agent_terminal(terminal: Terminal) -> Terminal:
    """A terminal whose config holds a token with free credits."""
    terminal.sign_up()
    return terminal


@pytest.fixture
def front(service: int) -> Iterator[Front]:
    """A way to the service on which answers can be held back, lost or spoilt."""
    with Front(service) as made:
        yield made


@pytest.fixture
def fronted(front: Front, tmp_path: Path) -> Terminal:
    """A terminal whose config holds a token, and which reaches the service over `front`."""
    made = Terminal(tmp_path, front.url)
    made.sign_up()
    front.calls.clear()
    return made
