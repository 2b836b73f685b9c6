"""The processes of a deployment, begun as systemd begins them: by the command lines of the units."""

import configparser
import os
import shlex
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.deploy.servers import until
from tests.environment import REPOSITORY, for_tests

UNITS = REPOSITORY / "deploy" / "systemd"
INSTALLED = "/srv/image-skill/current"
_FIRST_SOCKET = 3


class _Unit(configparser.ConfigParser):
    """A unit's file, whose keys mind their case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(name: str) -> dict[str, dict[str, str]]:
    """Return a unit's sections."""
    read = _Unit(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    read.read(UNITS / name)
    return {section: dict(read[section]) for section in read.sections()}


def command(name: str) -> list[str]:
    """Return the words of a unit's command, of this checkout instead of an installed release."""
    return shlex.split(unit(name)["Service"]["ExecStart"].replace(INSTALLED, str(REPOSITORY)))


class Unit:
    """A service of systemd's, without systemd: its command, a held socket, and the word that it is ready."""

    def __init__(
        self, name: str, environment: Mapping[str, str], folder: Path, held: socket.socket | None = None
    ) -> None:
        self.name = name
        self.environment = dict(environment)
        self.folder = folder
        self.held = held
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Unit":
        """Begin it, and return once it says that it is ready, where it does."""
        says_ready = unit(self.name)["Service"]["Type"] == "notify"
        with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.bind(f"{short}/notify")
            ear.settimeout(90)
            given = for_tests(self.folder, **self.environment, NOTIFY_SOCKET=f"{short}/notify")
            words = command(self.name)
            if self.held is not None:
                number = self.held.fileno()
                given |= {"LISTEN_FDS": "1"}
                script = f'exec {_FIRST_SOCKET}<&{number}; LISTEN_PID=$$ exec "$0" "$@"'
                words = ["bash", "-c", f"export LISTEN_PID; {script}", *words]
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(  # noqa: S603 - the unit's own words
                    words,
                    cwd="/",
                    env=given,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[self.held.fileno()] if self.held is not None else [],
                    umask=int(unit(self.name)["Service"]["UMask"], 8),
                )
            if says_ready:
                assert ear.recv(100) == b"READY=1"
        return self

    def stop(self) -> int:
        """Tell it to stop, as systemd does, and return its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)

    def restart(self) -> None:
        """Stop it and begin it anew."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End it as a power cut does, the processes that it began too."""
        if self.process is not None and self.process.poll() is None:
            children = _children(self.process.pid)
            for pid in (self.process.pid, *children):
                os.kill(pid, signal.SIGKILL)
            self.process.wait(30)
            until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "it is gone")


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in found.read_text().split()] if found.exists() else []


def once(name: str, environment: Mapping[str, str], folder: Path) -> str:
    """Run a unit of one shot to its end, and return what it said."""
    return run(command(name), environment, folder)


def manage(words: str, environment: Mapping[str, str], folder: Path) -> str:
    """Run `deploy/start manage WORDS` to its end, and return what it said."""
    return run([str(REPOSITORY / "deploy" / "start"), "manage", *words.split()], environment, folder)


def run(words: list[str], environment: Mapping[str, str], folder: Path, *, code: int = 0) -> str:
    """Run a command to its end, see that it ends with this exit code, and return what it said."""
    done = subprocess.run(  # noqa: S603 - the test's own words
        words,
        cwd="/",
        env=for_tests(folder, **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr
