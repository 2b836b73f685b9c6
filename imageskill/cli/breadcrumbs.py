"""A note of each live call that costs something, kept from before it is sent until its end is known.

It holds the call and its idempotency key, mode 0600, and no token: whoever was cut off finds the key there, and
repeating the call with it joins the same job.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress

from imageskill.cli import private_files, surroundings
from imageskill.cli.output import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

KEY_LIFETIME_SECONDS = 23 * 3600
"""A key is good for 24 hours; repeating it later would be a new purchase."""

_LONGEST_CALL_SECONDS = 3600

_dropped: list[str] = []


def fingerprint(token: str) -> str:
    """Return what tells one token from another and gives none away."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def fresh_key(operation: str) -> str:
    """Return an idempotency key that nobody has used."""
    return f"{operation}-{time.time_ns() // 1_000_000}-{os.urandom(6).hex()}"


def path_of(key: str) -> Path:
    """Return where the note of a key lies."""
    return surroundings.calls_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def drop(key: str, token: str, call: dict[str, Any]) -> None:
    """Note a call before it is sent. FILESYSTEM_FAILURE: it cannot be noted."""
    path = path_of(key)
    before = private_files.read(path)
    # A key that is used again is as old as its first use.
    began = before["at"] if before.get("token") == fingerprint(token) and "at" in before else int(time.time())
    noted = {"idempotency_key": key, "token": fingerprint(token), "at": began, "pid": os.getpid()}
    private_files.write(path, {**call, **noted})
    _dropped.append(key)


def clear(key: str) -> None:
    """Forget a call whose end is known; a note that cannot go, or never was, keeps nothing from its end."""
    with suppress(OSError):
        path_of(key).unlink(missing_ok=True)
    if key in _dropped:
        _dropped.remove(key)


def of_this_process() -> list[str]:
    """Return the keys of the calls that this process has begun and not ended."""
    return list(_dropped)


def left() -> list[dict[str, Any]]:
    """Return the calls that have not ended, oldest first; what cannot be read is not among them."""
    folder = surroundings.calls_folder()
    found = []
    for path in folder.glob("*.json") if folder.is_dir() else ():
        try:
            call = private_files.read(path)
        except Failure:
            continue
        if isinstance(call.get("idempotency_key"), str) and isinstance(call.get("at"), int):
            found.append(call)
    return sorted(found, key=lambda call: int(call["at"]))


def state_of(call: dict[str, Any], token: str | None) -> str:
    """Return `running`, `expired`, `other_token` or `open`: whether a call can be taken up by this caller now."""
    age = time.time() - call["at"]
    if age > KEY_LIFETIME_SECONDS:
        return "expired"
    # Later than that, the number is likely another process's; joining a call that runs does no harm.
    if age < _LONGEST_CALL_SECONDS and call.get("pid") != os.getpid() and _is_alive(call.get("pid")):
        return "running"
    return "open" if token is not None and call.get("token") == fingerprint(token) else "other_token"


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0 or os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
