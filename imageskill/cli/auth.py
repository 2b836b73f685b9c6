"""`auth status`, `auth save`, `auth logout`: the token on this machine. No call is made."""

from __future__ import annotations

import os

from imageskill.cli import calling, config, surroundings
from imageskill.cli.output import Answer, Failure, local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imageskill.cli.commands import Request

PREFIX_LENGTH = 12
_AGENT_TOKEN = "isk_r_"  # noqa: S105 - how one begins


def run(request: Request) -> Answer:
    """Show, keep or forget the token."""
    return {"auth status": _status, "auth save": _save, "auth logout": _logout}[request.command.words](request)


def _status(request: Request) -> Answer:
    caller = calling.caller_of(request)
    return local(request.label, told(caller), None, *caller.warnings)


def told(caller: calling.Caller) -> dict[str, Any]:
    """Return which token would be used and where it is from; of the token itself its public beginning."""
    path = surroundings.config_file()
    saved = config.record(config.load(), caller.origin)
    return {
        "api_base_url": caller.origin,
        "token_source": caller.source,
        "token_prefix": caller.token[:PREFIX_LENGTH] if caller.token else None,
        "config_path": str(path),
        "saved": bool(saved.get("token")),
        "agent_id": saved.get("agent_id") if caller.source == "config" else None,
        "claim_id": saved.get("claim_id"),
        "next": "image-skill whoami --json" if caller.token else "image-skill signup --help",
    }


def _save(request: Request) -> Answer:
    caller = calling.caller_of(request)
    token = caller.known_token
    if not token.startswith(_AGENT_TOKEN):
        raise Failure("INVALID_ARGUMENTS", "What came on stdin is no agent token; those begin with isk_r_")
    path, warnings = keep(caller.origin, token=token, agent_id=None)
    data = {
        "saved": True,
        "config_path": path,
        "token_prefix": token[:PREFIX_LENGTH],
        "api_base_url": caller.origin,
    }
    return local(request.label, data, None, *warnings, *_overruled())


def keep(origin: str, *, succeeds: bool = False, **values: str | None) -> tuple[str, list[str]]:
    """Save a token in one write, and return the config's path and warnings.

    Another token in its place stays in the config, because nothing else brings it back, unless the new one
    `succeeds` it: then the service ends the old one.
    """
    saved = config.record(config.load(), origin)
    before = saved.get("token")
    warnings = []
    if before and not succeeds and values.get("token") != before:
        values["previous_token"] = before
        warnings.append("Another token was saved for this service; it stays in the config as previous_token.")
    return config.save(origin, **values), warnings


def _overruled() -> list[str]:
    if not os.environ.get(surroundings.TOKEN):
        return []
    return ["IMAGE_SKILL_TOKEN is set and goes before the saved token; unset it."]


def _logout(request: Request) -> Answer:
    caller = calling.caller_of(request)
    had = bool(config.record(config.load(), caller.origin).get("token"))
    if had:
        config.save(caller.origin, token=None, agent_id=None, previous_token=None)
    data = {"removed": had, "config_path": str(surroundings.config_file()), "api_base_url": caller.origin}
    return local(request.label, data, None, *_overruled())
