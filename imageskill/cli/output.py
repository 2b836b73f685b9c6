"""What a command tells: one envelope on stdout, tables where a person asks for them, and an exit code.

A token is never told, except where it was just made: `Answer.shown` holds those.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import time

from imageskill.cli.commands import ParseError, parse
from imageskill.cli.loading import part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType
    from typing import Any

GENERIC, INVALID, AUTH, TIMED_OUT, UNREACHABLE, FILESYSTEM = 1, 2, 3, 8, 7, 9
"""Exit codes that the client gives by itself; all others come with the service's answers."""

_TOKEN = re.compile(r"(isk_[a-z]_[0-9A-Za-z]{6})[0-9A-Za-z]+")
_EXITS = {
    "INVALID_ARGUMENTS": INVALID,
    "AUTH_REQUIRED": AUTH,
    "SERVICE_UNAVAILABLE": UNREACHABLE,
    "TIMEOUT": TIMED_OUT,
    "FILESYSTEM_FAILURE": FILESYSTEM,
    "INPUT_POLICY_DENIED": 6,
}


class Answer:
    """An envelope with its exit code; `shown` are the secrets that it may tell, `text` replaces it on stdout."""

    __slots__ = ("envelope", "exit_code", "headers", "shown", "status", "text")

    def __init__(
        self,
        envelope: dict[str, Any],
        exit_code: int = 0,
        *,
        status: int = 0,
        headers: dict[str, str] | None = None,
        shown: tuple[str, ...] = (),
        text: str = "",
    ) -> None:
        self.envelope, self.exit_code = envelope, exit_code
        self.status, self.headers = status, headers or {}
        self.shown, self.text = shown, text

    @property
    def data(self) -> dict[str, Any]:
        """The data, empty where there is none."""
        return self.envelope.get("data") or {}

    @property
    def error_code(self) -> str:
        """The code of the error, empty on success."""
        error = self.envelope.get("error")
        return str(error.get("code", "")) if isinstance(error, dict) else ""

    def fail(self, error: Failure) -> Answer:
        """Return this answer, its data kept, as a failure that came after it."""
        told = {**self.envelope, "ok": False, "error": error.told()}
        return Answer(told, error.exit_code, status=self.status, headers=self.headers, shown=self.shown)


class Failure(Exception):  # noqa: N818 - an answer, told as an envelope
    """What the client itself could not do; `recovery` is what would help."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        data: dict[str, Any] | None = None,
        **recovery: object,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.retryable, self.data = code, message, retryable, data
        self.recovery: dict[str, Any] = {name: value for name, value in recovery.items() if value}
        self.exit_code = _EXITS.get(code, GENERIC)

    def told(self) -> dict[str, Any]:
        """Return the error as an envelope holds it."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "retryable": self.retryable}
        return error | ({"recovery": self.recovery} if self.recovery else {})


def local(label: str, data: dict[str, Any] | None, error: Failure | None = None, *warnings: str) -> Answer:
    """Return an answer of the client's own, made without the service; its trace id says so."""
    envelope = {
        "ok": error is None,
        "command": label,
        "trace_id": f"trace_local{time.time_ns():x}",
        "actor": None,
        "data": data,
        "warnings": list(warnings),
        "error": error.told() if error else None,
    }
    return Answer(envelope, error.exit_code if error else 0)


def run(words: Sequence[str]) -> int:
    """Read a command line, run it, tell what came of it, return the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    request = parse(words)
    if isinstance(request, ParseError):
        failure = Failure("INVALID_ARGUMENTS", request.message, **request.recovery)
        return tell(local(request.label, None, failure), human=bool(request.options.get("human")))
    human = bool(request.options.get("human"))
    try:
        answer: Answer = part(request.command.runner).run(request)
    except Failure as failure:
        answer = local(request.label, failure.data, failure)
    except Exception as error:  # noqa: BLE001 - whoever reads stdout hears of a fault of the client there too
        message = f"A fault of the client itself: {type(error).__name__}"
        fault = Failure("CLIENT_FAULT", message, suggested_command="image-skill feedback create --help")
        answer = local(request.label, None, fault)
    except KeyboardInterrupt:
        answer = local(request.label, None, Failure("INTERRUPTED", "Stopped before the end", **_left_open()))
    return tell(answer, human=human)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _left_open() -> dict[str, Any]:
    """Say how to go on where a call that may have been accepted was cut off."""
    open_calls = part("breadcrumbs").of_this_process()
    if not open_calls:
        return {}
    return {"suggested_command": "image-skill doctor --recover --json", "idempotency_key": open_calls[0]}


def tell(answer: Answer, *, human: bool) -> int:
    """Write an answer to stdout and return its exit code."""
    if answer.text and not human:
        text = answer.text
    elif human:
        text = part("human").told(answer)
    else:
        text = json.dumps(answer.envelope, ensure_ascii=True)
    sys.stdout.write(redacted(text, answer.shown).rstrip("\n") + "\n")
    sys.stdout.flush()
    return answer.exit_code


def redacted(text: str, shown: tuple[str, ...] = ()) -> str:
    """Return the text with every token and claim secret cut to its public beginning, but for those in `shown`."""
    return _TOKEN.sub(lambda found: found[0] if found[0] in shown else found[1] + "...", text)
