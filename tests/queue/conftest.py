"""Fixtures of the queue: worker processes on the database of the test, and what their provider was asked."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.conf import settings as project
from django.db import connection

from creative.models import Job
from tests.environment import REPOSITORY, for_tests
from tests.on_postgres import free_port


def until(true: Callable[[], bool]) -> None:
    """Return as soon as it is so."""
    for _ in range(1200):
        if true():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to that")


def database_url() -> str:
    """Return the address of the test's database, for another process."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


class Stage:
    """The processes of a test and the folder through which their provider is directed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def _start(self, *command: str, **settings: str) -> "subprocess.Popen[bytes]":
        environment = for_tests(
            self.folder,
            DATABASE_URL=database_url(),
            DJANGO_SETTINGS_MODULE="imageskill.settings",
            EMAIL_URL="memorymail://",
            JOB_LEASE_SECONDS="3",
            PGAPPNAME="stage",
            SECRET_KEY=project.SECRET_KEY,
            IDENTITY_KEY=project.IDENTITY_KEY,
            STAGE_FOLDER=str(self.folder),
        )
        with (self.folder / "log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - our own words
                [sys.executable, "-m", *command],
                cwd=REPOSITORY,
                env=environment | settings,
                stdout=log,
                stderr=log,
            )
        self.processes.append(child)
        return child

    def worker(self, **settings: str) -> "subprocess.Popen[bytes]":
        """Start one worker process."""
        return self._start("tests.queue.stage", **{"JOB_RUNNER": "worker", **settings})

    def web(self, **settings: str) -> int:
        """Start the web server with the runner of its own threads; return its port once it listens."""
        port = free_port()
        given = {"JOB_RUNNER": "threads", "PORT": str(port), "BASE_URL": f"http://127.0.0.1:{port}"}
        self._start(
            "gunicorn", "--config", "deploy/gunicorn.conf.py", "tests.queue.stage:application", **given, **settings
        )
        until(lambda: is_open(port))
        return port

    def calls(self) -> list[str]:
        """Return what the provider noted, in order."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def go(self) -> None:
        """Let the held calls go on."""
        (self.folder / "go").touch()

    def end(self) -> None:
        """Kill what still lives, and see its sessions gone."""
        for child in self.processes:
            if child.poll() is None:
                os.kill(child.pid, signal.SIGKILL)
            child.wait()
        if connection.vendor == "postgresql":
            until(lambda: sessions() == 0)


def sessions() -> int:
    """Return how many sessions the processes of the stage have open; other workers of the run have their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'stage' AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def stage(tmp_path: Path, settings: LazySettings) -> Iterator[Stage]:
    """A stage whose jobs the test's own calls hand to worker processes."""
    if connection.vendor == "postgresql":
        settings.JOB_QUEUE = "creative.queue.procrastinate.notes"
    settings.JOB_LEASE_SECONDS = 3
    settings.PREVIEW_DAILY_JOBS = 1000
    made = Stage(tmp_path)
    yield made
    made.end()


def states() -> list[str]:
    """Return the states of all jobs, the oldest first."""
    return list(Job.objects.order_by("pk").values_list("state", flat=True))


def all_ended() -> bool:
    return not Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).exists()
