"""A running service, for what is read or typed by somebody outside of it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.environment import REPOSITORY, for_tests
from tests.migrated import DATABASE, copy_to
from tests.on_postgres import free_port
from tests.run.test_first_run import wait_for_answer

FAR = {
    **dict.fromkeys(("TOKEN_REQUESTS_PER_MINUTE", "NETWORK_REQUESTS_PER_MINUTE", "SIGNUPS_PER_HOUR"), "100000"),
    **dict.fromkeys(("PREVIEW_DAILY_JOBS", "PREVIEW_PER_NETWORK", "PREVIEW_PER_DOMAIN"), "1000"),
    "CREATE_WAIT_SECONDS": "20",
}
"""Limits on calls that nobody here meets."""


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service as `make run` starts it."""
    folder, port = tmp_path_factory.mktemp("documents"), free_port()
    copy_to(folder / "data" / DATABASE)
    # Into a file: a pipe that nobody empties would stop the service at its first 64 kB of log.
    with (folder / "service.log").open("w") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "imageskill.local"],
            cwd=REPOSITORY,
            env=for_tests(folder / "data", PORT=str(port), **FAR),
            stdout=log,
            stderr=log,
            text=True,
        )
        try:
            wait_for_answer(started, f"http://127.0.0.1:{port}/healthz")
            yield f"http://127.0.0.1:{port}"
        finally:
            started.terminate()
            started.wait(30)
