"""What the client takes from the environment of its process: addresses, folders, wishes."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from imageskill.cli.output import Failure

DEFAULT_BASE_URL = "https://api.image-skill.com"
DEFAULT_MEDIA_URL = "https://media.image-skill.com"
TOKEN = "IMAGE_SKILL_TOKEN"  # noqa: S105 - the name of a variable
BASE_URL = "IMAGE_SKILL_API_BASE_URL"
TELEMETRY = "IMAGE_SKILL_TELEMETRY"
TIMEOUT = "IMAGE_SKILL_TIMEOUT_SECONDS"
_WAIT_SECONDS = 300
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_telemetry_on() -> bool:
    """Say whether the service may record what was called, by whom, and how it went."""
    return os.environ.get(TELEMETRY, "").lower() not in ("off", "0", "false", "no")


def timeout_seconds() -> int:
    """Return how long an answer may take, in seconds: 300, or fewer where the environment says so."""
    text = os.environ.get(TIMEOUT, "")
    return min(int(text), _WAIT_SECONDS) if text.isdecimal() and int(text) else _WAIT_SECONDS


def folder(variable: str, otherwise: str) -> Path:
    """Return the client's folder under an XDG variable, or under the home folder. FILESYSTEM_FAILURE: no home."""
    named = os.environ.get(variable, "")
    if Path(named).is_absolute():
        return Path(named) / "image-skill"
    try:
        return Path.home() / otherwise / "image-skill"
    except RuntimeError:
        raise Failure("FILESYSTEM_FAILURE", f"There is no home folder; set {variable}") from None


def config_file() -> Path:
    """Return where tokens are kept."""
    return folder("XDG_CONFIG_HOME", ".config") / "config.json"


def calls_folder() -> Path:
    """Return where calls that have not ended are noted."""
    return folder("XDG_STATE_HOME", ".local/state") / "calls"


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address in lower case. INVALID_ARGUMENTS: it has none that will do."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        raise _unusable() from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or not host.isascii():
        raise _unusable()
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}" + (f":{port}" if port and port != default else "")


def base_url(given: str | None, saved: str | None) -> str:
    """Return the service's origin: the flag's, the environment's, the saved one, or the public one."""
    address = given or os.environ.get(BASE_URL) or saved or DEFAULT_BASE_URL
    origin = origin_of(address)
    rest = urlsplit(address.strip())
    if rest.path.strip("/") or rest.query or rest.fragment:
        raise _unusable()
    return origin


def is_open_to_readers(origin: str) -> bool:
    """Say whether a token sent there can be read on the way."""
    parts = urlsplit(origin)
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK


def _unusable() -> Failure:
    return Failure(
        "INVALID_ARGUMENTS",
        "The service's address must be an origin such as https://api.image-skill.com",
        fields={"--api-base-url": ["must be http or https with a host, without user, path or query"]},
    )
