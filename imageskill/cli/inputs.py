"""What names a picture: an asset's id, an address of the service's own, another address, a path."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from imageskill.cli import calling, surroundings
from imageskill.cli.commands import Request, is_asset_id, parse
from imageskill.cli.output import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imageskill.cli.calling import Caller
    from imageskill.cli.output import Answer

_MEDIA_PATH = re.compile(r"/a/(image_[0-9a-z]+)(?:\.[0-9a-z]{1,5})?")


def is_address(text: str) -> bool:
    """Say whether the text is an address, of whatever scheme, and not a path."""
    return "://" in text[:16]


def asset_in(address: str) -> str:
    """Return the id that an address of a picture carries, empty where it carries none."""
    found = _MEDIA_PATH.fullmatch(urlsplit(address).path)
    return found[1] if found else ""


def is_own_host(address: str, origin: str) -> bool:
    """Say whether an address is at the service itself, or at the public service's media host."""
    try:
        host = surroundings.origin_of(address)
    except Failure:
        return False
    return host == origin or (origin == surroundings.DEFAULT_BASE_URL and host == surroundings.DEFAULT_MEDIA_URL)


def look_up(asset_id: str, caller: Caller) -> Answer:
    """Ask the service for an asset."""
    request = parse(["assets", "show", asset_id])
    if not isinstance(request, Request):
        raise Failure("INVALID_ARGUMENTS", "The asset's id is malformed")
    return calling.send(request, caller)


def owned(text: str, caller: Caller) -> str:
    """Return the id of the asset of the service's own that the text names, empty where it names none.

    Media may lie on a host that only the service knows: an address there is its own if the service says of the
    asset in it that this is its address.
    """
    if is_asset_id(text):
        return text
    asset_id = asset_in(text) if is_address(text) else ""
    if not asset_id or is_own_host(text, caller.origin):
        return asset_id
    if caller.token is None:
        return ""
    told: dict[str, Any] = look_up(asset_id, caller).data.get("asset") or {}
    return asset_id if told.get("url") == text else ""
