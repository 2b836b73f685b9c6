"""What the benchmarks stand on: made-up settings, a database of their own, and a stopwatch.

`settle` comes before any model is imported. With DATABASE_URL naming an empty database of PostgreSQL that one is
migrated, filled and left to look at; without it a file of SQLite is, in a folder that goes with the process.
"""

import atexit
import logging
import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
RUNS = 15
_HERE = ("127.0.0.1", "::1", "localhost", "")


def settings(folder: str | Path) -> dict[str, str]:
    """Return the settings of a service that keeps everything in a folder; those of the caller come first."""
    return {
        "DATABASE_URL": f"sqlite:///{folder}/benchmark.sqlite3",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "IDENTITY_KEY": secrets.token_urlsafe(48),
        "BASE_URL": "http://testserver",
        **os.environ,
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "imageskill.settings",
    }


def settle() -> None:
    """Make this process a service in a folder of its own that goes when the process ends."""
    folder = tempfile.mkdtemp(prefix="imageskill-benchmark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(settings(folder))
    django.setup()
    logging.disable(logging.WARNING)


def prepare() -> None:
    """Make the tables and the files that pages need."""
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def insert(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows the fastest way that the database has."""
    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 - ours


def analyse() -> None:
    """Let the database see what it holds, as its own upkeep does in a service."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def sign_in(user: Any) -> Client:  # noqa: ANN401 - a model of a project loaded late
    """Return somebody's browser."""
    client = Client(SERVER_NAME="testserver")
    client.force_login(user, backend=BACKEND)
    return client


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of doing something: medians of some runs, and the shortest.

    `clock` includes waiting for a machine that does other things too; `work` is the time of the processor alone,
    in this process and in that of a PostgreSQL of this machine together, which others lengthen much less.
    """

    clock: float
    shortest: float
    work: float
    least_work: float

    def __str__(self) -> str:
        """Tell all of it in one line."""
        return (
            f"{self.clock:7.1f} ms by the clock (shortest {self.shortest:6.1f}), "
            f"{self.work:6.1f} ms of the processor (least {self.least_work:6.1f})"
        )


def take(doing: Callable[[], object], runs: int = RUNS) -> Taken:
    """Measure something after doing it once."""
    doing()
    clock, work = [], []
    for _ in range(runs):
        began, worked = time.perf_counter(), _work()
        doing()
        work.append((_work() - worked) * 1000)
        clock.append((time.perf_counter() - began) * 1000)
    return Taken(statistics.median(clock), min(clock), statistics.median(work), min(work))


def page(client: Client, path: str, runs: int = RUNS) -> Taken:
    """Measure a page, which has to be there."""

    def get() -> None:
        answer = client.get(path)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's own
            raise SystemExit(f"{path} answered {answer.status_code}")

    return take(get, runs)


def _work() -> float:
    """Return the seconds of the processor that this process and its connection to PostgreSQL took so far."""
    if connection.vendor != "postgresql" or connection.settings_dict["HOST"] not in _HERE:
        return time.process_time()
    with connection.cursor() as cursor:
        backend = cursor.connection.info.backend_pid
    told = Path(f"/proc/{backend}/schedstat")
    return time.process_time() + (int(told.read_text().split()[0]) / 1e9 if told.exists() else 0)
