"""`POST /v1/upload`: a picture from outside becomes an asset."""

import binascii
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from accounts.permissions import caller
from creative import upload
from creative.presenters.uploads import upload_json
from creative.upload import Declared
from imageskill.core import body, secret_text
from imageskill.core.api import ApiView
from imageskill.core.fields import TextField, WholeField
from imageskill.core.network import client_network

BODY_LIMIT = 28 * 1024 * 1024
"""A picture of 20 MiB in base64, and the fields beside it."""

_LONGEST_NAME = 255
_SHORTEST_PICTURE = 60
"""Characters of base64: no picture of any kind is smaller."""
_SOURCES = ("local_path", "remote_url")


class BytesField(serializers.Field):  # type: ignore[type-arg] # its stubs take four types that are all bytes
    """Bytes in base64 as RFC 4648 has it: no line breaks, nothing behind the padding."""

    default_error_messages = {
        "required": "is required",
        "null": "must not be null",
        "invalid": "must be a string",
        "blank": "must not be empty",
        "base64": "must be base64 without line breaks or a data: prefix",
    }

    def to_internal_value(self, data: object) -> bytes:
        """Return the bytes."""
        if not isinstance(data, str):
            self.fail("invalid")
        if not data:
            self.fail("blank")
        try:
            return binascii.a2b_base64(data, strict_mode=True)
        except ValueError:
            self.fail("base64")

    def to_representation(self, value: object) -> object:
        """Bytes are only taken, never told."""
        raise NotImplementedError


class Upload(ApiView):
    """`POST /v1/upload`."""

    command = "image-skill upload"
    grant = "asset.upload"
    body_limit = BODY_LIMIT

    class Input(serializers.Serializer[Any]):
        content_base64 = BytesField()
        mime_type = TextField(required=False, allow_null=True, max_length=100)
        content_length = WholeField(required=False, allow_null=True, min_value=0)
        sha256 = TextField(required=False, allow_null=True, max_length=64)
        source_kind = TextField(required=False, allow_null=True, allow_blank=True, max_length=64)
        filename = TextField(required=False, allow_null=True, allow_blank=True, max_length=1024)
        remote_origin = TextField(required=False, allow_null=True, allow_blank=True, max_length=2048)

    def post(self, request: Request) -> HttpResponse:
        """Keep a picture as the caller's own; nothing is charged."""
        plain = request._request  # noqa: SLF001 - the plain request below DRF's, its body unread
        with upload.admitted(otherwise=lambda: body.drain(plain)):
            return self.keep(request)

    def keep(self, request: Request) -> HttpResponse:
        """Read the body, keep the picture, tell the asset."""
        data = self.validated(self.named(self.read(request)))
        uploaded = upload.take(
            caller(request),
            data=data.pop("content_base64"),
            declared=Declared(data.get("mime_type"), data.get("content_length"), _lower(data.get("sha256"))),
            network=client_network(request._request),  # noqa: SLF001 - the plain request below DRF's
        )
        self.warnings += uploaded.warnings
        told = upload_json(
            uploaded,
            source_kind=self.source_of(data.get("source_kind")),
            filename=name_of(data.get("filename")),
            remote_origin=origin_of(data.get("remote_origin")),
        )
        return self.answer(told)

    def named(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return the body with its bytes under their name.

        The client's contract does not name the field that carries them, so a client may call it otherwise: it is
        understood while only one unknown field is long enough to be a picture.
        """
        if "content_base64" in raw:
            return raw
        unknown = set(raw) - set(self.Input().fields)
        able = [name for name in unknown if isinstance(raw[name], str) and len(raw[name]) >= _SHORTEST_PICTURE]
        if len(able) != 1:
            return raw
        return {("content_base64" if name == able[0] else name): value for name, value in raw.items()}

    def source_of(self, kind: str | None) -> str:
        """Return where the client says that it had the bytes from; a word of its own is ignored with a warning."""
        if kind and kind not in _SOURCES:
            self.warnings.append("An unknown source_kind is ignored.")
        return kind if kind in _SOURCES else _SOURCES[0]

    def is_repeatable(self, request: Request) -> bool:
        """Say yes: an upload charges nothing, however often it is sent."""
        return True


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None


def name_of(filename: str | None) -> str | None:
    """Return the last part of a file's name without control characters; None for none, or for a secret."""
    last = (filename or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = "".join(character for character in last if character.isprintable())[:_LONGEST_NAME]
    return None if not plain or secret_text.is_secret(plain) else plain


def origin_of(address: str | None) -> str | None:
    """Return scheme, host and port of a web address, never its path, query or user; None where it is none."""
    try:
        parts = urlsplit(address or "")
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host.isascii() or secret_text.is_secret(host):
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "") if host else None
