"""`upload`: a local file, or what an address holds, read on this machine and sent as bytes."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import socket
import stat
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from imageskill.cli import calling, inputs, surroundings, transport
from imageskill.cli.commands import Request, parse
from imageskill.cli.output import Answer, Failure
from imageskill.cli.private_files import filesystem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from imageskill.cli.calling import Caller

MOST_BYTES = 20 * 1024 * 1024
_HOPS = 4
_REDIRECTS = (301, 302, 303, 307, 308)
_DIAL_SECONDS = 30
_KINDS = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif")


class Source:
    """A picture's bytes, and what the service is told of where they are from."""

    __slots__ = ("data", "filename", "kind", "mime_type", "origin")

    def __init__(self, data: bytes, kind: str, filename: str | None, origin: str | None) -> None:
        self.data, self.kind, self.filename, self.origin = data, kind, filename, origin
        self.mime_type = sniffed(data)


def run(request: Request) -> Answer:
    """Upload what the argument names."""
    caller = calling.caller_of(request)
    return send(request, read(request.options["source"], caller.origin), caller)


def upload(named: str, caller: Caller) -> Answer:
    """Upload what a path or an address names, for another command."""
    request = parse(["upload", "--", named])
    if not isinstance(request, Request):
        raise Failure("INVALID_ARGUMENTS", "The input must not be empty")
    return send(request, read(named, caller.origin), caller)


def send(request: Request, source: Source, caller: Caller) -> Answer:
    """Send the bytes; never a path, and of an address its host only."""
    request.body = {
        "content_base64": base64.b64encode(source.data).decode(),
        "mime_type": source.mime_type,
        "content_length": len(source.data),
        "sha256": hashlib.sha256(source.data).hexdigest(),
        "source_kind": source.kind,
        "filename": source.filename,
        "remote_origin": source.origin,
    }
    return calling.send(request, caller)


def read(named: str, origin: str) -> Source:
    """Return the picture under a path or an address.

    FILESYSTEM_FAILURE: no such file. INVALID_ARGUMENTS: no http(s), or an address that is not fetched from.
    INPUT_POLICY_DENIED: it is no picture, or too long.
    """
    source = _fetched(named, origin) if inputs.is_address(named) else _opened(named)
    if source.mime_type is None:
        raise _denied("This is no PNG, JPEG, WebP, GIF or AVIF; nothing was sent")
    return source


def _denied(message: str) -> Failure:
    return Failure("INPUT_POLICY_DENIED", message, allowed_mime_types=_KINDS, max_bytes=MOST_BYTES)


def _opened(named: str) -> Source:
    try:
        # A pipe or a device would keep the client waiting.
        with os.fdopen(os.open(named, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise filesystem("The input is no regular file")
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise filesystem("The input could not be read", error) from None
    if len(data) > MOST_BYTES:
        raise _denied("The file is longer than 20 MiB; nothing was sent")
    return Source(data, "local_path", Path(named).name, None)


def _fetched(address: str, origin: str) -> Source:
    """Follow an address over at most three redirects, each checked anew."""
    here = address
    for _ in range(_HOPS):
        parts = urlsplit(here)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise Failure("INVALID_ARGUMENTS", "An input's address must be http or https, with a host and no user")
        reply = _get(here, origin)
        if reply.status not in _REDIRECTS:
            break
        here = urljoin(here, reply.headers.get("location", ""))
    if reply.status != 200:  # noqa: PLR2004 - HTTP's OK: all of it
        raise Failure("INVALID_ARGUMENTS", f"The input's address answers HTTP {reply.status}")
    name = unquote(urlsplit(address).path).rpartition("/")[2]
    return Source(reply.body, "remote_url", name or None, surroundings.origin_of(address))


def _get(address: str, origin: str) -> transport.Reply:
    parts = urlsplit(address)
    proxied = transport.proxy_for(parts.scheme, parts.hostname or "")
    try:
        return transport.exchange(
            "GET",
            address,
            headers={"user-agent": "image-skill", "accept": "image/*"},
            timeout=surroundings.timeout_seconds(),
            most_bytes=MOST_BYTES,
            dial=None if proxied else dialling(origin),
        )
    except transport.TooLongError:
        raise _denied("What the address holds is longer than 20 MiB; nothing was sent") from None
    except transport.TooSlowError:
        raise Failure("TIMEOUT", "The input's address gave no answer in time", retryable=True) from None
    except (transport.NotSentError, transport.LostError, ValueError):
        raise Failure(
            "SERVICE_UNAVAILABLE", "The input's address cannot be fetched", reason="input_network"
        ) from None


def dialling(origin: str) -> Callable[[str, int], socket.socket]:
    """Return what connects to an input's host: to the very address that was checked.

    Whoever makes an agent upload an address must not thereby read this machine's network: private addresses are
    fetched only for a service that runs on this machine itself, link-local ones never.
    """
    is_local = (urlsplit(origin).hostname or "") in ("127.0.0.1", "localhost", "::1")

    def dial(host: str, port: int) -> socket.socket:
        problem: OSError = OSError("no address")
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            found = ipaddress.ip_address(str(address[0]).partition("%")[0])
            found = getattr(found, "ipv4_mapped", None) or found
            if not (found.is_global or (is_local and not found.is_link_local)) or found.is_multicast:
                raise Failure(
                    "INVALID_ARGUMENTS", "The input's address is one of a private network; nothing was fetched"
                )
            try:
                return socket.create_connection((str(found), port), timeout=_DIAL_SECONDS)
            except OSError as error:
                problem = error
        raise problem

    return dial


def sniffed(data: bytes) -> str | None:
    """Return the kind of picture that the first bytes are of, None for no picture that is taken."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis") else None
