"""Reading a request's body: bounded, drained when it is too long, and strict about what JSON it is."""

import json
import re
from typing import Any, NoReturn

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest

from imageskill.core.errors import ApiError, ErrorCode

_CHUNK = 64 * 1024
_DRAIN_LIMIT = 64 * 1024 * 1024
_DEEPEST = 40
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def read_json(request: HttpRequest, *, limit: int) -> dict[str, Any]:
    """Return the body as a JSON object of at most `limit` bytes; an empty body is an empty object."""
    try:
        raw = _read(request, limit)
    except OSError:
        # Django and the servers tell a caller that hung up, or chunks that are none, as this.
        raise ApiError(ErrorCode.MALFORMED_JSON, "The body broke off.") from None
    if not raw.strip():
        return {}
    if request.content_type != "application/json":
        raise ApiError(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            "Send the body as JSON, with the header content-type: application/json.",
            required_header="content-type: application/json",
        )
    return _parse(raw)


def drain(request: HttpRequest) -> None:
    """Read a body to its end and keep nothing of it, so that a caller who is still sending hears the answer."""
    source, length = _source(request), 0
    try:
        while (chunk := source.read(_CHUNK)) and length <= _DRAIN_LIMIT:
            length += len(chunk)
    except OSError:
        return


def _source(request: HttpRequest) -> Any:  # noqa: ANN401 - whatever can be read
    if isinstance(request, WSGIRequest) and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        # Django reads only what content-length announces; a chunked body ends by itself.
        return request.environ["wsgi.input"]
    return request


def _read(request: HttpRequest, limit: int) -> bytearray:
    source = _source(request)
    kept = bytearray()
    length = 0
    while chunk := source.read(_CHUNK):
        length += len(chunk)
        if length <= limit:
            kept += chunk
        elif length > _DRAIN_LIMIT:
            break
    if length > limit:
        raise ApiError(
            ErrorCode.PAYLOAD_TOO_LARGE, f"The body may be at most {limit} bytes long.", limit_bytes=limit
        )
    return kept


def _parse(raw: bytearray) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
        raw.clear()  # a long body lies in the memory twice while it is read, not three times
        body = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_repeats)
        too_deep = _depth_over(body, _DEEPEST)
    except _RepeatedNameError:
        raise ApiError(
            ErrorCode.MALFORMED_JSON, "The body names a field twice, so it can be read in two ways."
        ) from None
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise ApiError(ErrorCode.MALFORMED_JSON, "The body is no valid JSON in UTF-8.") from None
    if too_deep:
        raise ApiError(ErrorCode.MALFORMED_JSON, f"The body is nested deeper than {_DEEPEST} levels.")
    if not isinstance(body, dict):
        raise ApiError(ErrorCode.MALFORMED_JSON, "The body must be one JSON object.")
    path = _forbidden_text(body)
    if path is not None:
        raise ApiError(
            ErrorCode.INVALID_ARGUMENTS,
            f"{path} must not hold NUL characters or lone surrogates",
            fields={path: ["must not hold NUL characters or lone surrogates"]},
        )
    return body


class _RepeatedNameError(Exception):
    """An object names a field twice: which of the two counts, parsers do not agree on."""


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise _RepeatedNameError
    return named


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _depth_over(value: object, left: int) -> bool:
    if isinstance(value, dict):
        return left == 0 or any(_depth_over(item, left - 1) for item in value.values())
    if isinstance(value, list):
        return left == 0 or any(_depth_over(item, left - 1) for item in value)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("a number is out of range")
    return False


def _forbidden_text(value: object, path: str = "") -> str | None:
    """Return the dotted path of the first string that no database can hold, if there is one."""
    if isinstance(value, str):
        # Plain text, such as a picture of 28 MB in base64, is looked through a hundred times faster this way.
        is_forbidden = "\x00" in value if value.isascii() else _FORBIDDEN.search(value) is not None
        return (path or "body") if is_forbidden else None
    if isinstance(value, dict):
        for key, item in value.items():
            if _forbidden_text(key) is not None:
                return path or "body"
            found = _forbidden_text(item, f"{path}.{key}" if path else key)
            if found is not None:
                return found
    if isinstance(value, list):
        for index, item in enumerate(value):
            found = _forbidden_text(item, f"{path}[{index}]")
            if found is not None:
                return found
    return None
