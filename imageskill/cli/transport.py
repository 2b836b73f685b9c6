"""One exchange over HTTP: http.client, proxies as the environment names them, no redirects, everything bounded."""

from __future__ import annotations

import binascii
import http.client
import os
import socket
import ssl
from urllib.parse import unquote, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CONNECT_SECONDS = 30
_MOST_BYTES = 16 * 1024 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CHUNK = 64 * 1024


class NotSentError(Exception):
    """No connection came about, so the other side has not heard of the call."""


class LostError(Exception):
    """The connection broke before the answer was whole: the call may have been carried out."""


class TooSlowError(Exception):
    """No answer in the time there was: the call may have been carried out."""


class TooLongError(Exception):
    """The answer is longer than is accepted."""


class Reply:
    """Status, headers by their lower-case names, and the body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


def exchange(
    method: str,
    url: str,
    *,
    headers: dict[str, str],
    body: bytes | None = None,
    timeout: float,
    most_bytes: int = _MOST_BYTES,
    write: Callable[[bytes], object] | None = None,
    dial: Callable[[str, int], socket.socket] | None = None,
) -> Reply:
    """Send one request and return the reply.

    `timeout` are the seconds without a sign of life. `write` takes the body of a 2xx answer as it comes, and the
    reply's body stays empty. `dial` opens the connection in place of the system's resolver; no proxy is used then.
    """
    proxy = proxy_for(urlsplit(url).scheme, urlsplit(url).hostname or "") if dial is None else ""
    connection, target, extra = _connection(url, proxy)
    try:
        _connect(connection, url, None if proxy else dial or _dialled)
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.request(method, target, body, {**headers, **extra})
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        streams = write is not None and 200 <= answer.status < 300  # noqa: PLR2004 - HTTP's word for success
        kept = _read(answer, most_bytes, write if streams else None)
    except TimeoutError:
        raise TooSlowError from None
    except (OSError, http.client.HTTPException) as error:
        raise LostError(type(error).__name__) from None
    finally:
        connection.close()
    return Reply(answer.status, told, kept)


def _connect(
    connection: http.client.HTTPConnection, url: str, dial: Callable[[str, int], socket.socket] | None
) -> None:
    parts = urlsplit(url)
    try:
        if dial is None:
            # To a proxy, and through it where http.client was told of a tunnel.
            connection.connect()
            return
        made = dial(connection.host, connection.port)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            made = ssl.create_default_context().wrap_socket(made, server_hostname=connection.host)
        connection.sock = made
    except ssl.SSLCertVerificationError:
        raise NotSentError("its certificate could not be verified") from None
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise NotSentError(_reason(error)) from None


def _dialled(host: str, port: int) -> socket.socket:
    # A host as text would have the interpreter load its tables of international names.
    return socket.create_connection((host.encode("ascii"), port), timeout=_CONNECT_SECONDS)  # type: ignore[arg-type] # bytes too


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return (
        "it has no address" if isinstance(error, (socket.gaierror, UnicodeError)) else "no connection came about"
    )


def _read(answer: http.client.HTTPResponse, most_bytes: int, write: Callable[[bytes], object] | None) -> bytes:
    kept = bytearray()
    length = 0
    while chunk := answer.read(_CHUNK):
        length += len(chunk)
        if length > most_bytes:
            raise TooLongError
        if write is None:
            kept += chunk
        else:
            write(chunk)
    announced = answer.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) != length:
        raise LostError("IncompleteRead")
    return bytes(kept)


def _connection(url: str, proxy: str) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """Return the connection, the request's target, and headers for a proxy."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    if not proxy:
        return kind(host, parts.port, timeout=_CONNECT_SECONDS), target, {}
    via = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    extra = {}
    if via.username:
        known = f"{unquote(via.username)}:{unquote(via.password or '')}".encode()
        extra = {"proxy-authorization": "Basic " + binascii.b2a_base64(known, newline=False).decode()}
    connection = kind(via.hostname or "", via.port or 80, timeout=_CONNECT_SECONDS)
    if secure:
        connection.set_tunnel(host, parts.port or 443, extra)
        return connection, target, {}
    return connection, url, extra


def proxy_for(scheme: str, host: str) -> str:
    """Return the proxy that the environment names for a host, empty for none; the loopback never has one."""
    if host in _LOOPBACK:
        return ""
    names = [f"{scheme}_proxy", "all_proxy"]
    # Behind a web server's CGI, HTTP_PROXY is a header of whoever calls.
    names += [f"{scheme.upper()}_PROXY"] if scheme != "http" or "REQUEST_METHOD" not in os.environ else []
    proxy = next((os.environ[name] for name in names if os.environ.get(name)), "")
    excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for name in (part.strip().lstrip(".").lower() for part in excepted.split(",")):
        if name == "*" or (name and (host == name or host.endswith("." + name))):
            return ""
    return proxy
