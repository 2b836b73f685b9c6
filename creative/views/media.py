"""`GET /a/ASSET_ID.EXT`: the bytes of a picture, whole or in part. The unguessable id is the key."""

import re
from collections.abc import Iterator
from typing import IO

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from django.views import View

from creative import assets, storage
from creative.models import Asset

_CHUNK = 128 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_MAX_AGE = 86_400


class Media(View):
    """Serves a picture with its length, an ETag, 304 and single ranges; 410 once it is deleted."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Return the bytes."""
        asset = assets.by_address(name)
        if asset is None:
            return _plain(404, "No such picture.")
        if asset.deleted_at is not None:
            return _plain(410, "This picture was deleted.")
        if _is_known(request, asset):
            unchanged = HttpResponseNotModified(headers={"Content-Length": str(asset.content_length)})
            return _with_headers(unchanged, asset)
        return _bytes_of(request, asset)

    def http_method_not_allowed(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Refuse anything but reading."""
        return HttpResponseNotAllowed(["GET", "HEAD"])


def _is_known(request: HttpRequest, asset: Asset) -> bool:
    """Say whether the caller has these bytes; a tag that a proxy made weak on the way still names them."""
    tags = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("if-none-match", ""))}
    return not tags.isdisjoint({"*", f'"{asset.sha256}"'})


def _bytes_of(request: HttpRequest, asset: Asset) -> HttpResponseBase:
    span = _span(request, asset)
    if span is None:
        response: HttpResponseBase = _plain(416, "No such range.")
        response["Content-Range"] = f"bytes */{asset.content_length}"
        return response
    file = storage.open_read(asset.storage_key)
    if file is None:
        return _plain(404, "The bytes of this picture are missing.")
    start, end = span
    partial = (start, end) != (0, asset.content_length - 1)
    response = StreamingHttpResponse(
        _Part(file, start, end - start + 1), status=206 if partial else 200, content_type=asset.mime_type
    )
    if partial:
        response["Content-Range"] = f"bytes {start}-{end}/{asset.content_length}"
    response["Content-Length"] = str(end - start + 1)
    return _with_headers(response, asset)


def _span(request: HttpRequest, asset: Asset) -> tuple[int, int] | None:
    """Return the first and the last byte to send; None where the asked range holds none."""
    whole = (0, asset.content_length - 1)
    asked = request.headers.get("range", "")
    condition = request.headers.get("if-range")
    match = _RANGE.fullmatch(asked.strip())
    if match is None or not any(match.groups()) or condition not in (None, f'"{asset.sha256}"'):
        return whole  # several ranges, or words we do not know, are answered with everything
    first, last = match.groups()
    if not first:
        wanted = int(last[:12])
        return (max(0, asset.content_length - wanted), whole[1]) if wanted else None
    start = int(first[:12])
    end = min(int(last[:12]), whole[1]) if last else whole[1]
    return (start, end) if start <= end else None


class _Part:
    """A part of a file, closed with the answer even where nobody reads it (HEAD, a caller that is gone)."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        file.seek(start)
        self._file = file
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        while self._left > 0 and (chunk := self._file.read(min(_CHUNK, self._left))):
            self._left -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def _with_headers(response: HttpResponseBase, asset: Asset) -> HttpResponseBase:
    response["ETag"] = f'"{asset.sha256}"'
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = f"public, max-age={_MAX_AGE}, immutable"
    return _guarded(response)


def _guarded(response: HttpResponseBase) -> HttpResponseBase:
    """Add what keeps a picture a picture, wherever a browser meets it."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "none"
    return response


def _plain(status: int, words: str) -> HttpResponse:
    response = HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    _guarded(response)
    return response
