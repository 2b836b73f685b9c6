"""`create` and `edit`: inputs made assets first, one key for the whole call, pictures fetched where wanted."""

from __future__ import annotations

import os
import stat
import sys

from imageskill.cli import calling
from imageskill.cli.commands import Request, is_asset_id, parse
from imageskill.cli.loading import part
from imageskill.cli.output import Answer, Failure, local
from imageskill.cli.private_files import filesystem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imageskill.cli.calling import Caller
    from imageskill.cli.files import Target
    from imageskill.cli.waiting import Clock

_MOST_PROMPT_BYTES = 256 * 1024
_LONGEST_WAIT = 240
_ACCEPTED = 202
_INPUTS = {"input": "input_asset_id", "mask": "mask_asset_id"}


def run(request: Request) -> Answer:
    """Make pictures, or plan them. All that can be wrong on this machine is found before anything is charged."""
    options = request.options
    body = request.body if request.body is not None else {}
    if "prompt_file" in options:
        body["prompt"] = prompt_in(options["prompt_file"], stdin_is_taken=bool(options.get("token_stdin")))
    clock: Clock = part("waiting").Clock(options)
    target = None
    if "output" in options and not body.get("dry_run"):
        target = part("files").Target(options["output"], overwrite=bool(options.get("overwrite")))
        target.check()
    caller = calling.caller_of(request)
    if body.get("dry_run"):
        unsent = inputs_unsent(request, caller)
        return planned_here(request, caller, unsent) if unsent else calling.send(request, caller)
    caller.known_token  # noqa: B018 - raises where there is none
    if "timeout_ms" in options:
        request.headers.setdefault("prefer", f"wait={min(_LONGEST_WAIT, int(clock.left))}")
    send_inputs(request, caller)
    noted: dict[str, object] = {}
    if target is not None:
        noted = {
            "output": str(target.path.absolute()) + ("/" if target.is_folder else ""),
            "overwrite": target.overwrite,
        }
    calling.begin(request, caller, **noted)
    return finish(request, caller, clock, target)


def finish(request: Request, caller: Caller, clock: Clock, target: Target | None) -> Answer:
    """Send a live call that has its key, join its job until it ends, and fetch what it made."""
    with part("progress").line("waiting for the picture"):
        answer = joined(request, caller, clock)
    if target is not None and answer.envelope["ok"] and answer.status != _ACCEPTED:
        answer = fetched(answer, target)
    calling.end(request, answer)
    return answer


def joined(request: Request, caller: Caller, clock: Clock) -> Answer:
    """Send the call; while its job runs, send it again with its key, which joins the same job."""
    answer = calling.send(request, caller)
    while answer.status == _ACCEPTED and request.headers.get("prefer") != "respond-async" and clock.pause():
        answer = calling.send(request, caller)
    return answer


def fetched(answer: Answer, target: Target) -> Answer:
    """Download an answer's pictures; where that fails, the answer still says what was made."""
    try:
        files = target.fetch(answer.data.get("assets") or [])
    except Failure as failure:
        return answer.fail(failure)
    answer.envelope["data"] = {**answer.data, "files": files}
    return answer


def prompt_in(named: str, *, stdin_is_taken: bool) -> str:
    """Return the prompt in a file, or on stdin for `-`."""
    if named == "-" and stdin_is_taken:
        raise Failure("INVALID_ARGUMENTS", "Token and prompt cannot both come from stdin")
    try:
        if named == "-":
            raw = sys.stdin.buffer.read(_MOST_PROMPT_BYTES + 1)
        else:
            with os.fdopen(os.open(named, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise filesystem("The prompt file is no regular file")
                raw = file.read(_MOST_PROMPT_BYTES + 1)
    except OSError as error:
        raise filesystem("The prompt file could not be read", error) from None
    try:
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text.strip() or len(raw) > _MOST_PROMPT_BYTES:
        raise Failure("INVALID_ARGUMENTS", "The prompt file must hold text in UTF-8, at most 256 kB")
    return text


def send_inputs(request: Request, caller: Caller) -> None:
    """Make assets of an edit's local and remote inputs."""
    for option, field in _INPUTS.items():
        named = request.options.get(option)
        if named is None or request.body is None or field in request.body:
            continue
        asset_id = part("inputs").owned(named, caller)
        if not asset_id:
            uploaded: Answer = part("uploading").upload(named, caller)
            if not uploaded.envelope["ok"]:
                raise _refused(uploaded)
            asset_id = uploaded.data["asset"]["asset_id"]
            caller.warnings.append(f"The {option} is now {asset_id}; to repeat this, name it so.")
        request.body[field] = asset_id


def _refused(answer: Answer) -> Failure:
    """Return a failed upload as the failure of the edit that needed it."""
    told = answer.envelope["error"]
    recovery = told.get("recovery") or {}
    failure = Failure(told["code"], told["message"], retryable=bool(told.get("retryable")), **recovery)
    failure.exit_code = answer.exit_code
    return failure


def inputs_unsent(request: Request, caller: Caller) -> list[str]:
    """Return the inputs of a dry run that would have to be uploaded; a dry run uploads nothing."""
    unsent = []
    for option, field in _INPUTS.items():
        named = request.options.get(option)
        if named is None or request.body is None or is_asset_id(named):
            continue
        asset_id = part("inputs").owned(named, caller)
        if asset_id:
            request.body[field] = asset_id
        else:
            unsent.append(named)
    return unsent


def planned_here(request: Request, caller: Caller, unsent: list[str]) -> Answer:
    """Plan an edit whose inputs are not uploaded: the files looked at here, the price from the list of models."""
    uploading = part("uploading")
    for named in unsent:
        if not part("inputs").is_address(named):
            uploading.read(named, caller.origin)
    body: dict[str, Any] = request.body or {}
    words = ["models", "list", "--operation", "image.edit", "--available", "--executable"]
    listed = parse(["models", "show", body["model"]] if body.get("model") else words)
    if not isinstance(listed, Request):
        raise Failure("INVALID_ARGUMENTS", "--model must not be empty")
    answer = calling.send(listed, caller)
    if not answer.envelope["ok"]:
        raise _refused(answer)
    rows = answer.data.get("models") or ([answer.data["model"]] if "model" in answer.data else [])
    row = rows[0] if rows else {}
    count = body.get("output_count", 1)
    each, usd = row.get("credits_required"), row.get("estimated_usd_per_image")
    cost = {
        "estimated_usd": usd * count if usd is not None else None,
        "credit_pricing": {
            "credit_unit_usd": 0.01,
            "credits_required": each * count if each is not None else None,
            "pricing_confidence": row.get("pricing_confidence", "unknown"),
        },
    }
    data: dict[str, Any] = {
        "job_id": None,
        "job": {"job_id": None, "status": "planned"},
        "capability": {"id": "is.image.edit.preview.v1"},
        "assets": [],
        "asset_ids": [],
        "cost": cost,
        "quota": {"consumed_credits": 0},
        "request": {"selection": {"policy": "client_estimate"}, "output_count": count},
        "next_actions": {"upload_input": "image-skill upload SOURCE --json"},
    }
    warning = "Nothing was uploaded, so the service checked nothing: for its own plan, name an uploaded asset."
    return local(request.label, data, None, warning)
