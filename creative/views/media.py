"""`GET /a/ASSET_ID.EXT`: the bytes of a picture, whole or in part, and `/a/ASSET_ID-320.webp`: its thumbnail.

The unguessable id is the key; where pictures are private, a signature that ends is the second one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
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
from creative.storage import StorageError, Stream

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_THUMBNAIL_TYPE = "image/webp"
_REDIRECT_SECONDS = 3600
_REDIRECT_KEPT = 600
_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """How long an answer may be kept by the caller, and by caches between: 0 means not at all."""

    seconds: int
    private: bool = False

    def __str__(self) -> str:
        """Return it as `Cache-Control` has it."""
        if not self.seconds:
            return "no-store"
        return f"{'private' if self.private else 'public'}, max-age={self.seconds}, immutable"


class Media(View):
    """Serves a picture with its length, an ETag, 304 and single ranges; 410 once it is deleted."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Return the bytes, or say why there are none."""
        seconds = assets.seconds_open(name, request.GET.get("e", ""), request.GET.get("s", ""))
        if seconds is None:
            return _plain(403, "This address is not signed, or its time is over. Ask for the asset again.")
        found = assets.by_address(name)
        if found is None:
            return _plain(404, "No such picture.")
        if found.asset.deleted_at is not None:
            return _plain(410, "This picture was deleted.")
        kept = Kept(seconds, private=settings.MEDIA_PRIVATE)
        try:
            if found.width is not None:
                return _thumbnail(request, found.asset, found.width, kept)
            return _picture(request, found.asset, kept)
        except StorageError:
            away = _plain(503, "The picture cannot be read at this moment.")
            away["Retry-After"] = str(_RETRY_SECONDS)
            return away

    def http_method_not_allowed(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Refuse anything but reading."""
        return HttpResponseNotAllowed(["GET", "HEAD"])


def _picture(request: HttpRequest, asset: Asset, kept: Kept) -> HttpResponseBase:
    tag = f'"{asset.sha256}"'
    if _is_known(request, tag):
        unchanged = HttpResponseNotModified(headers={"Content-Length": str(asset.content_length)})
        return _with_headers(unchanged, tag, kept)
    handed = _handed_over(asset, kept)
    if handed is not None:
        return handed
    if request.method == "HEAD":
        return _head(asset, tag, kept)
    return _bytes_of(request, asset, tag, kept)


def _thumbnail(request: HttpRequest, asset: Asset, width: int, kept: Kept) -> HttpResponseBase:
    """Return a thumbnail, always whole. While it is not made, a page gets the picture itself, kept by nobody."""
    tag = f'"{asset.sha256}-{width}"'
    if asset.thumbnails_at is not None and _is_known(request, tag):
        return _with_headers(HttpResponseNotModified(), tag, kept)
    made = storage.stream(storage.thumbnail_key(asset.pk, width)) if asset.thumbnails_at is not None else None
    if made is None:
        return _bytes_of(request, asset, f'"{asset.sha256}"', Kept(0))
    response = StreamingHttpResponse(_Body(made), content_type=_THUMBNAIL_TYPE)
    response["Content-Length"] = str(made.length)
    return _with_headers(response, tag, kept, ranges="none")


def _handed_over(asset: Asset, kept: Kept) -> HttpResponseBase | None:
    """Return what lets the proxy or the bucket send the bytes; None: the service sends them."""
    path = storage.proxy_path(asset.storage_key)
    if path is not None and storage.has(asset.storage_key):
        response = HttpResponse(content_type=asset.mime_type)
        response["X-Accel-Redirect"] = path
        response["Cache-Control"] = str(kept)
        return _guarded(response)
    address = storage.redirect_address(asset.storage_key, mime_type=asset.mime_type, seconds=_REDIRECT_SECONDS)
    if address is None:
        return None
    response = HttpResponse(status=HTTPStatus.FOUND)
    response["Location"] = address
    response["Cache-Control"] = f"private, max-age={min(kept.seconds, _REDIRECT_KEPT)}"
    return _guarded(response)


def _head(asset: Asset, tag: str, kept: Kept) -> HttpResponseBase:
    if not storage.has(asset.storage_key):
        return _missing()
    response = HttpResponse(content_type=asset.mime_type)
    response["Content-Length"] = str(asset.content_length)
    return _with_headers(response, tag, kept)


def _missing() -> HttpResponse:
    return _plain(404, "The bytes of this picture are missing.")


def _is_known(request: HttpRequest, tag: str) -> bool:
    """Say whether the caller has these bytes; a tag that a proxy made weak on the way still names them."""
    tags = {known.removeprefix("W/") for known in parse_etags(request.headers.get("if-none-match", ""))}
    return not tags.isdisjoint({"*", tag})


def _bytes_of(request: HttpRequest, asset: Asset, tag: str, kept: Kept) -> HttpResponseBase:
    span = _span(request, asset)
    if span is None:
        response: HttpResponseBase = _plain(416, "No such range.")
        response["Content-Range"] = f"bytes */{asset.content_length}"
        return response
    start, end = span
    length = end - start + 1
    partial = length != asset.content_length
    part = storage.stream(asset.storage_key, start=start, length=length if partial else None)
    if part is None:
        return _missing()
    response = StreamingHttpResponse(_Body(part), status=206 if partial else 200, content_type=asset.mime_type)
    if partial:
        response["Content-Range"] = f"bytes {start}-{end}/{asset.content_length}"
    response["Content-Length"] = str(length)
    return _with_headers(response, tag, kept)


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


class _Body:
    """A stream that is closed with the answer, even where nobody reads it (a caller that is gone)."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        """Let the file or the connection go."""
        self._stream.close()


def _with_headers(response: HttpResponseBase, tag: str, kept: Kept, ranges: str = "bytes") -> HttpResponseBase:
    response["ETag"] = tag
    response["Accept-Ranges"] = ranges
    response["Cache-Control"] = str(kept)
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
