"""The client as someone types it: a process of its own, without site-packages, in a home of its own."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.environment import REPOSITORY

CLIENT = [sys.executable, "-S", "-m", "imageskill.cli"]
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Said:
    """What one command told."""

    code: int
    out: str
    err: str

    @property
    def envelope(self) -> dict[str, Any]:
        told = json.loads(self.out)
        assert set(told) == {"ok", "command", "trace_id", "actor", "data", "warnings", "error"}
        assert told["ok"] is (told["error"] is None)
        return dict(told)

    @property
    def data(self) -> dict[str, Any]:
        assert self.code == 0, self.out + self.err
        return dict(self.envelope["data"])

    @property
    def error(self) -> dict[str, Any]:
        return dict(self.envelope["error"])

    @property
    def error_code(self) -> str:
        return str(self.error["code"])

    @property
    def recovery(self) -> dict[str, Any]:
        return dict(self.error["recovery"])


class Terminal:
    """Runs commands of the client; `home` is its home folder and the folder it stands in."""

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.url = home / "home", url
        self.home.mkdir(exist_ok=True)
        self.tokens: list[str] = []

    def environment(self, settings: Mapping[str, str | None]) -> dict[str, str]:
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "error",
            "IMAGE_SKILL_API_BASE_URL": self.url,
        }
        return {name: value for name, value in {**own, **settings}.items() if value is not None}

    def begin(self, *words: str, **settings: str | None) -> "subprocess.Popen[str]":
        """Start a command that is to be cut off."""
        return subprocess.Popen(  # noqa: S603 - our own words
            [*CLIENT, *words],
            cwd=self.home,
            env=self.environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, stdin: str = "", **settings: str | None) -> Said:
        """Run a command to its end; it must have told no secret and shown no traceback."""
        done = subprocess.run(  # noqa: S603 - our own words
            [*CLIENT, *words],
            cwd=self.home,
            env=self.environment(settings),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = Said(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in said.err, said.err
        for token in self.tokens:
            assert token not in said.out + said.err
        return said

    def sign_up(self) -> dict[str, Any]:
        """Sign up as an agent with free credits, and keep its token."""
        words = ["signup", "--agent", "--human-email", f"cli{os.getpid()}-{next(_numbers)}@gmail.com"]
        told = self.run(*words, "--agent-name", "painter", "--runtime", "tests", "--save", "--json").data
        self.tokens.append(self.record["token"])
        return told

    @property
    def config(self) -> Path:
        return self.home / ".config" / "image-skill" / "config.json"

    @property
    def record(self) -> dict[str, Any]:
        """What is saved for the service."""
        return dict(json.loads(self.config.read_text())["services"][self.url])

    @property
    def notes(self) -> list[Path]:
        """The notes of calls that have not ended."""
        return sorted((self.home / ".local" / "state" / "image-skill" / "calls").glob("*"))
