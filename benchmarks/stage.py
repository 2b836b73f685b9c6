"""Where the benchmarks over HTTP take place: a database of their own, the service's processes, and how they end.

A database of PostgreSQL is made on the server of BENCH_POSTGRES (`postgres://USER@HOST`, allowed to make
databases) and dropped afterwards; without it a throwaway server that keeps what it commits is started. Everything
listens on the loopback, and every process is ended by its own handle.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import psycopg
from psycopg import sql

from benchmarks import throwaway
from benchmarks.load import Client
from tests import on_postgres

REPOSITORY = Path(__file__).resolve().parent.parent
SMALL = "--small" in sys.argv
"""A setting that shows in seconds that a benchmark runs; its numbers mean nothing."""
DATABASES = ("postgresql", "sqlite")
_START_SECONDS = 90
# A test's server forgets what it commits; a benchmark's has to pay for keeping it.
_KEEPING = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_GENEROUS = {
    "PREVIEW_CREDITS": "1000000",
    "PREVIEW_DAILY_JOBS": "1000000",
    "PREVIEW_DAILY_BUDGET_CREDITS": "1000000000",
    "PREVIEW_PER_NETWORK": "1000000",
    "PREVIEW_PER_DOMAIN": "1000000",
    "SIGNUPS_PER_HOUR": "1000000",
    "NETWORK_REQUESTS_PER_MINUTE": "1000000",
    "TOKEN_REQUESTS_PER_MINUTE": "1000000",
}


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def free_port() -> int:
    """Return a port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def database(vendor: str, folder: str) -> Iterator[str]:
    """Yield the address of an empty database, which goes afterwards."""
    if vendor == "sqlite":
        yield f"sqlite:///{folder}/benchmark.sqlite3"
        return
    with _server() as server, psycopg.connect(f"{server}/postgres", autocommit=True) as own:
        name = f"imageskill_bench_{secrets.token_hex(4)}"
        own.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{server}/{name}"
        finally:
            own.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _server() -> Iterator[str]:
    given = os.environ.get("BENCH_POSTGRES", "")
    if given:
        yield given.rstrip("/")
        return
    on_postgres.OPTIONS.update(_KEEPING)
    with on_postgres.throwaway_server(os.environ) as url:
        yield url.rpartition("/")[0]


class Service:
    """The service under measurement: its settings and its processes, from `with` to the end of its block."""

    def __init__(self, vendor: str, **settings: str) -> None:
        """Take the database's vendor and settings of the service's own."""
        self._vendor = vendor
        self._given = settings
        self._processes: list[subprocess.Popen[bytes]] = []
        self.port = free_port()

    def __enter__(self) -> Self:
        """Make the folder and the database, and migrate it; being told to end tidies up as well."""
        signal.signal(signal.SIGTERM, _end)
        self._folder = tempfile.TemporaryDirectory(prefix="imageskill-benchmark-")
        self._ending = ExitStack()
        self._ending.callback(self._folder.cleanup)
        self.database_url = self._ending.enter_context(database(self._vendor, self._folder.name))
        self._ending.callback(self.stop)
        self.settings = {
            **throwaway.settings(self._folder.name),
            **_GENEROUS,
            "DATABASE_URL": self.database_url,
            "PORT": str(self.port),
            "BASE_URL": f"http://127.0.0.1:{self.port}",
            **self._given,
        }
        if int(self.settings.get("WEB_WORKERS", "1")) > 1:
            self.settings["CACHE_URL"] = self._cache()
        try:
            self.manage("migrate", "-v0")
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what was started, in the order of its start, and leave nothing behind."""
        self._ending.close()

    def _cache(self) -> str:
        """Start a Redis, in which several processes count calls together, and return its address."""
        server = shutil.which("redis-server")
        if server is None:
            raise SystemExit("Several web processes need a redis-server: apt-get install redis-server")
        port = free_port()
        words = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder.name]
        quiet = subprocess.DEVNULL
        self._processes.append(subprocess.Popen(words, stdout=quiet, stderr=quiet))  # noqa: S603 - our own words
        return f"redis://127.0.0.1:{port}/0"

    def manage(self, *words: str) -> str:
        """Run a command of the service to its end and return what it says."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(  # noqa: S603 - our own words
            command, cwd=REPOSITORY, env=self.settings, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr}")
        return done.stdout

    def start(self, *words: str, **settings: str) -> int:
        """Start a Python process of the service and return its id; what it logs is not shown."""
        process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, *words],
            cwd=REPOSITORY,
            env=self.settings | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process.pid

    def web(
        self, application: str = "imageskill.wsgi:application", port: int = 0, up: str = "/livez", **settings: str
    ) -> int:
        """Start the web server on an application and wait until it answers; return the master's id."""
        port = port or self.port
        words = ("-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", application)
        pid = self.start(*words, PORT=str(port), **settings)
        Client(port).wait_until_up(up, seconds=_START_SECONDS)
        return pid

    def work(self) -> float:
        """Return the milliseconds of the processor that the processes of the service took so far."""
        return sum(sum(work_of(process.pid).values()) for process in self._processes)

    def stop(self) -> list[int]:
        """End all processes as an operator does, and return their exit codes."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        ended = [process.wait(120) for process in self._processes]
        self._processes.clear()
        return ended

    def sign_up(self, number: int) -> str:
        """Return the token of a new agent with an organization of its own."""
        body = {"agent_name": f"agent-{number}", "runtime": "b", "human_email": f"bench{number}@example.com"}
        _, told = Client(self.port).call("POST", "/v1/agent-signups", body)
        token: str = told["data"]["token"]
        return token


def family(pid: int) -> list[int]:
    """Return a process with all that came out of it and live."""
    found = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)  # noqa: S607
    pairs = [tuple(map(int, line.split())) for line in found.stdout.splitlines()]
    told = [pid]
    for one in told:
        told += [child for child, parent in pairs if parent == one]
    return told


def memory_of(pid: int) -> int:
    """Return the resident kilobytes of a process and of all that came out of it."""
    files = [Path(f"/proc/{one}/status") for one in family(pid)]
    texts = [file.read_text() for file in files if file.exists()]
    return sum(int(found[1]) for text in texts if (found := re.search(r"VmRSS:\s+(\d+)", text)))


def work_of(pid: int) -> dict[int, float]:
    """Return the milliseconds of the processor that a process and each that came out of it took so far."""
    tick = os.sysconf("SC_CLK_TCK") / 1000
    told = {}
    for one in family(pid):
        file = Path(f"/proc/{one}/stat")
        if file.exists():
            fields = file.read_text().rpartition(")")[2].split()
            told[one] = (int(fields[11]) + int(fields[12])) / tick
    return told


def number(position: int, default: int, small: int) -> int:
    """Return a number of the command line, or the usual or the small one."""
    given: Sequence[str] = [word for word in sys.argv[1:] if word.isdigit()]
    return int(given[position]) if len(given) > position else (small if SMALL else default)
