"""The servers of a deployment, each a process of the test's own on loopback: PostgreSQL, Redis, nginx, PgBouncer.

Each can be stopped and started in the middle of a test, which is what they are here for.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import pytest

from tests import on_postgres

_PATIENCE_SECONDS = 180


def until(true: Callable[[], object], what: str) -> None:
    """Return as soon as it is so; fail after three minutes."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"it did not come to that: {what}")
        time.sleep(0.05)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def program(name: str, *folders: str) -> str:
    """Return where a program is. Without it the test is left out, and with CI=true it fails."""
    found = shutil.which(name, path=os.pathsep.join([*folders, os.environ["PATH"], "/usr/sbin", "/sbin"]))
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed; .ci/run installs it")
    return found or pytest.skip(f"NOT TESTED: {name} is not installed")


class Server:
    """A process in the foreground that listens on a port of its own."""

    def __init__(self, command: Sequence[str | Path], port: int, folder: Path) -> None:
        self.command = [str(word) for word in command]
        self.port = port
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - the test's own words
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(lambda: is_open(self.port) or self.process is None or self.process.poll() is not None, "it listens")
        assert self.process.poll() is None, (self.folder / "log").read_text()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def freeze(self) -> None:
        """Let it take connections and answer nothing, as a machine that hangs does."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGCONT)


def redis(folder: Path) -> Server:
    port = on_postgres.free_port()
    words = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    return Server([program("redis-server"), *words], port, folder)


class Cluster:
    """A PostgreSQL of the test's own. What is committed outlives a kill, though not a power cut."""

    def __init__(self) -> None:
        try:
            self.account = on_postgres.account()
            found = on_postgres.programs(os.environ)
            self.folder = Path(
                tempfile.mkdtemp(prefix="imageskill-pg-", dir=on_postgres.parent_folder(os.environ))
            )
            self.folder.chmod(0o755)
            if os.geteuid() != self.account.user:
                os.chown(self.folder, self.account.user, self.account.group)
            self.bindir = on_postgres.reachable(found, self.account, self.folder)
        except on_postgres.NoServerError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(str(error))
            pytest.skip(f"NOT TESTED: {error}")
        options = ["-U", "imageskill", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        made = self.account.run([self.bindir / "initdb", "-D", self.folder / "data", *options], cwd=self.folder)
        assert made.returncode == 0, made.stdout
        self.port = on_postgres.free_port()
        self.start()

    def start(self) -> None:
        given = on_postgres.OPTIONS | {"synchronous_commit": "on", "port": str(self.port)}
        given["unix_socket_directories"] = str(self.folder)
        words = " ".join(f"-c {name}={value}" for name, value in given.items())
        done = self._control("-l", str(self.folder / "log"), "-w", "-t", "60", "-o", words, "start")
        assert done.returncode == 0, (self.folder / "log").read_text()

    def stop(self, mode: str = "fast") -> None:
        """End it: `fast` rolls back what is open, `immediate` dies as a crash does."""
        self._control("-m", mode, "-w", "stop")

    def _control(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.account.run([self.bindir / "pg_ctl", "-D", self.folder / "data", *words], cwd=self.folder)

    def end(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgres://imageskill@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database and return its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)
