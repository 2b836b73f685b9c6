"""`assets show` and `assets get`: by id with a token, by one of the service's own addresses without."""

from __future__ import annotations

from imageskill.cli import calling, inputs, surroundings, transport
from imageskill.cli.commands import is_asset_id
from imageskill.cli.loading import part
from imageskill.cli.output import Answer, Failure, local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imageskill.cli.calling import Caller
    from imageskill.cli.commands import Request

_PARTIAL = 206


def run(request: Request) -> Answer:
    """Say what an asset is; for `assets get`, download it."""
    target = None
    if "output" in request.options:
        target = part("files").Target(request.options["output"], overwrite=bool(request.options.get("overwrite")))
        target.check()
    caller = calling.caller_of(request)
    answer = _describe(request, caller)
    if target is None or not answer.envelope["ok"]:
        return answer
    asset = answer.data["asset"]
    try:
        written = target.fetch([asset])
    except Failure as failure:
        return answer.fail(failure)
    answer.envelope["data"] = {**answer.data, "file": written[0]}
    return answer


def _describe(request: Request, caller: Caller) -> Answer:
    """Return the asset as the service knows it, or as its address shows it where no token is at hand."""
    named = request.options["asset"]
    if is_asset_id(named):
        caller.known_token  # noqa: B018 - raises where there is none
        return calling.send(request, caller)
    asset_id = inputs.owned(named, caller) if inputs.is_address(named) else ""
    if not asset_id:
        raise Failure(
            "INVALID_ARGUMENTS",
            "Only an asset's id, or an address of this service's own pictures, can be looked at",
            suggested_command="image-skill upload SOURCE --json",
        )
    if caller.token is not None:
        answer = inputs.look_up(asset_id, caller)
        answer.envelope["command"] = request.label
        # Pictures are public under their address: whose they are matters only to what else is told.
        if answer.error_code != "ASSET_NOT_FOUND":
            return answer
    return local(request.label, _data(named, asset_id, _seen(named)))


def _data(address: str, asset_id: str, seen: dict[str, Any]) -> dict[str, Any]:
    asset = {"asset_id": asset_id, "job_id": None, "url": address, **seen, "width": None, "height": None}
    request = {"reference": asset_id, "reference_type": "asset_url"}
    return {"request": request, "asset": {**asset, "source": "asset_url"}}


def _seen(address: str) -> dict[str, Any]:
    """Ask the address itself for kind and length, with its first byte."""
    try:
        reply = transport.exchange(
            "GET", address, headers={"range": "bytes=0-0"}, timeout=surroundings.timeout_seconds()
        )
    except (transport.NotSentError, transport.LostError, transport.TooSlowError, transport.TooLongError):
        raise Failure("SERVICE_UNAVAILABLE", "The picture's address cannot be reached", retryable=True) from None
    if reply.status not in (200, _PARTIAL):
        raise Failure("ASSET_NOT_FOUND", "No such asset, or it was deleted")
    total = reply.headers.get("content-range", "").rpartition("/")[2] or reply.headers.get("content-length", "")
    return {
        "mime_type": reply.headers.get("content-type"),
        "content_length": int(total) if total.isdecimal() else None,
    }
