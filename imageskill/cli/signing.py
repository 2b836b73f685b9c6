"""The commands that make secrets: signup, auth rotate, claim request, claim collect.

Each finds out whether it could save before it calls, so that no token is made that then has nowhere to go.
"""

from __future__ import annotations

import os

from imageskill.cli import auth, calling, config, surroundings
from imageskill.cli.output import Answer, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imageskill.cli.calling import Caller
    from imageskill.cli.commands import Request


def run(request: Request) -> Answer:
    """Run the command."""
    steps = {
        "signup": _sign_up,
        "auth rotate": _rotate,
        "claim request": _request_claim,
        "claim collect": _collect,
    }
    return steps[request.command.words](request, calling.caller_of(request))


def _sign_up(request: Request, caller: Caller) -> Answer:
    saves = bool(request.options.get("save"))
    body = request.body if request.body is not None else {}
    body |= {"return_token": True, "return_claim_secret": saves}
    if saves:
        config.check_writable()
    answer = calling.send(request, caller)
    if not answer.envelope["ok"]:
        return answer
    claim = answer.data.get("claim") or {}
    secret = claim.pop("claim_secret", None)
    kept = {"claim_id": claim.get("claim_id"), "claim_secret": secret}
    return _hand_over(request, caller, answer, saves=saves, **kept)


def _rotate(request: Request, caller: Caller) -> Answer:
    saves = bool(request.options.get("save")) or caller.source == "config"
    if saves:
        config.check_writable()
    answer = calling.send(request, caller)
    if not answer.envelope["ok"]:
        return answer
    return _hand_over(request, caller, answer, saves=saves, succeeds=True)


def _request_claim(request: Request, caller: Caller) -> Answer:
    saves = not request.options.get("no_save")
    if saves:
        config.check_writable()
        if request.body is not None:
            request.body["return_claim_secret"] = True
    answer = calling.send(request, caller)
    claim = answer.data.get("claim") or {}
    secret = claim.pop("claim_secret", None)
    if secret:
        path = config.save(caller.origin, claim_id=claim.get("claim_id"), claim_secret=secret)
        answer.data["storage"] = {"claim_secret_saved": True, "config_path": path}
    return answer


def _collect(request: Request, caller: Caller) -> Answer:
    saved = config.record(config.load(), caller.origin)
    body = request.body if request.body is not None else {}
    named = body.setdefault("claim_id", saved.get("claim_id"))
    if request.options.get("secret_stdin"):
        body["claim_secret"] = calling.line_of_stdin().strip()
    elif named == saved.get("claim_id"):
        body["claim_secret"] = saved.get("claim_secret")
    if not body.get("claim_id") or not body.get("claim_secret"):
        raise Failure(
            "INVALID_ARGUMENTS",
            "No claim is saved for this service: name one with --claim-id and --secret-stdin",
            required_flags=["--claim-id", "--secret-stdin"],
            suggested_command="image-skill claim request --contact CONTACT --json",
        )
    config.check_writable()
    answer = calling.send(request, caller)
    if answer.data.get("token") is None:
        return answer
    kept = {"claim_id": None, "claim_secret": None}
    return _hand_over(request, caller, answer, saves=True, succeeds=True, **kept)


def _hand_over(
    request: Request, caller: Caller, answer: Answer, *, saves: bool, succeeds: bool = False, **kept: str | None
) -> Answer:
    """Save a token that was just made, or tell it this once; one that could not be saved is told."""
    data: dict[str, Any] = answer.data
    token = str(data.get("token"))
    shown = (token,) if request.options.get("show_token") or not saves else ()
    storage: dict[str, Any] = {"saved": False, "config_path": None, "reason": "It is saved with --save only."}
    if saves:
        # A rotated token is the same agent's, and its answer names none.
        values = kept | ({"agent_id": data["agent_id"]} if data.get("agent_id") else {})
        try:
            path, warnings = auth.keep(caller.origin, succeeds=succeeds, token=token, **values)
        except Failure as failure:
            failed = answer.fail(failure)
            failed.shown = (token,)
            return failed
        storage = {"saved": True, "config_path": path, "reason": None}
        if os.environ.get(surroundings.TOKEN):
            warnings.append("IMAGE_SKILL_TOKEN is set and goes before the saved token; unset it.")
        answer.envelope["warnings"] += warnings
    if not shown:
        data |= {"token": None, "token_presented": False}
    data["storage"] = storage
    answer.shown = shown
    return answer
