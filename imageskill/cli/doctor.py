"""`doctor`: is everything in order? With --recover it takes up the calls that were cut off."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from imageskill import __version__
from imageskill.cli import auth, breadcrumbs, calling, private_files, surroundings
from imageskill.cli.commands import Request, find, parse
from imageskill.cli.loading import part
from imageskill.cli.output import Answer, Failure, local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imageskill.cli.calling import Caller
    from imageskill.cli.commands import Command


def run(request: Request) -> Answer:
    """Look at everything, and fail with the first thing that is wrong."""
    caller = calling.caller_of(request)
    problems: list[Failure] = []
    data: dict[str, Any] = {
        "client": {
            "version": __version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            "platform": sys.platform,
        },
        "service": _service(request, caller, problems),
        "auth": _auth(caller, problems),
        "output": _output(str(request.options.get("output", ".")), problems),
        "telemetry": {
            "mode": "on" if surroundings.is_telemetry_on() else "off",
            "switch": f"{surroundings.TELEMETRY}=off",
        },
        "unfinished_calls": [_noted(call, caller) for call in breadcrumbs.left()],
    }
    warnings = list(caller.warnings)
    if request.options.get("recover"):
        data["recovered"] = _recover(caller)
    elif data["unfinished_calls"]:
        warnings.append("Calls were cut off; image-skill doctor --recover --json takes them up.")
    failed = next((told for told in data.get("recovered", ()) if told["exit_code"]), None)
    if failed and not problems:
        problems.append(_not_recovered(failed))
    return local(request.label, data, problems[0] if problems else None, *warnings)


def _service(request: Request, caller: Caller, problems: list[Failure]) -> dict[str, Any]:
    began = time.monotonic()
    answer = calling.send(request, calling.Caller(caller.origin, None, "none"))
    told = {
        "api_base_url": caller.origin,
        "reachable": answer.status != 0,
        "status": answer.data.get("status") or ("unfit" if answer.status else "unreachable"),
        "api_version": answer.data.get("api_version"),
        "checks": answer.data.get("checks"),
        "milliseconds": round((time.monotonic() - began) * 1000),
    }
    if not answer.envelope["ok"]:
        problems.append(_as_failure(answer))
    return told


def _as_failure(answer: Answer) -> Failure:
    error = answer.envelope["error"]
    recovery = error.get("recovery") or {}
    failure = Failure(error["code"], error["message"], retryable=bool(error.get("retryable")), **recovery)
    failure.exit_code = answer.exit_code
    return failure


def _auth(caller: Caller, problems: list[Failure]) -> dict[str, Any]:
    """Say which token there is, and what the service thinks of it."""
    told = auth.told(caller)
    if caller.token is None:
        return {**told, "state": "none"}
    who = parse(["whoami"])
    if problems or not isinstance(who, Request):
        return {**told, "state": "unknown"}
    answer = calling.send(who, caller)
    if answer.envelope["ok"]:
        return {**told, "state": "valid", "claim_state": answer.data.get("claim_state")}
    problems.append(_as_failure(answer))
    return {**told, "state": "refused" if answer.error_code == "AUTH_REQUIRED" else "unknown"}


def _output(named: str, problems: list[Failure]) -> dict[str, Any]:
    """Try to write in the folder of the pictures, and to note a call."""
    path = Path(named)
    writable = path.is_dir() and os.access(path, os.W_OK)
    if writable:
        try:
            with tempfile.TemporaryFile(dir=path):
                pass
        except OSError:
            writable = False
    notable = True
    try:
        private_files.check_writable(surroundings.calls_folder() / "probe.json")
    except Failure:
        notable = False
    if not writable:
        problems.append(private_files.filesystem("The output folder cannot be written", path=str(path.absolute())))
    told = {"folder": str(path.absolute()), "exists": path.is_dir(), "writable": writable}
    return {**told, "calls_folder": str(surroundings.calls_folder()), "calls_can_be_noted": notable}


def _noted(call: dict[str, Any], caller: Caller) -> dict[str, Any]:
    """Return what may be told of a call, which is never what it asked for."""
    return {
        "command": f"image-skill {call.get('command')}",
        "idempotency_key": call["idempotency_key"],
        "api_base_url": call.get("origin"),
        "seconds_ago": int(time.time()) - call["at"],
        "state": breadcrumbs.state_of(call, caller.token),
    }


def _recover(caller: Caller) -> list[dict[str, Any]]:
    """Repeat each call that is open with its own key, which joins what it began; forget those too old for that."""
    return [_taken_up(call, caller) for call in breadcrumbs.left() if call.get("origin") == caller.origin]


def _taken_up(call: dict[str, Any], caller: Caller) -> dict[str, Any]:
    told = _noted(call, caller)
    key, state = call["idempotency_key"], told["state"]
    if state == "expired":
        breadcrumbs.clear(key)
        told["reason"] = (
            "Its key is no longer good; look at image-skill activity list --json. It was not repeated."
        )
    command, _ = find(str(call.get("command")).split())
    if state != "open" or command is None:
        return {**told, "exit_code": 0, "data": None, "error": None}
    answer = _repeat(command, call, caller)
    error = answer.envelope.get("error")
    return {**told, "exit_code": answer.exit_code, "data": answer.envelope.get("data"), "error": error}


def _repeat(command: Command, call: dict[str, Any], caller: Caller) -> Answer:
    request = Request(command)
    request.path, request.query, request.body = call["path"], call["query"], call["body"]
    if command.runner == "painting":
        target = None
        if call.get("output"):
            target = part("files").Target(call["output"], overwrite=bool(call.get("overwrite")))
        repeated: Answer = part("painting").finish(request, caller, part("waiting").Clock({}), target)
        return repeated
    answer = calling.send(request, caller)
    calling.end(request, answer)
    return answer


def _not_recovered(told: dict[str, Any]) -> Failure:
    error = told["error"] or {}
    failure = Failure(str(error.get("code")), str(error.get("message")), retryable=bool(error.get("retryable")))
    failure.exit_code = told["exit_code"]
    return failure
