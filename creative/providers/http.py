"""One way to speak HTTP with providers: bounded, to known hosts only, never twice where both could be paid."""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from json import loads
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import requests
from django.utils import timezone
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from creative.providers.base import Failure, ProviderError
from imageskill.core.units import forbid_inside

CONNECT_SECONDS: Final = 5.0
MOST_JSON_BYTES: Final = 64 * 1024 * 1024
"""A 4K PNG in base64 passes 25 MB, and an answer may carry several."""
_CHUNK: Final = 64 * 1024
_REPEATS: Final = 2
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 20.0
_TOO_MANY: Final = 429
_REDIRECTS: Final = range(300, 400)
_FAULTS: Final = range(500, 600)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Kind(StrEnum):
    """How an exchange failed."""

    CONNECT = "connect"
    """No connection was made, so nothing was sent."""
    TIMEOUT = "timeout"
    """No answer came in time."""
    CUT = "cut"
    """The connection broke."""
    TOO_LARGE = "too_large"
    """The answer is larger than anything that was asked for."""
    REDIRECT = "redirect"
    """The answer sends the caller elsewhere; nobody goes there."""
    MALFORMED = "malformed"
    """The answer is not what it claims to be."""
    FORBIDDEN = "forbidden"
    """The address is none that this service calls; nothing was sent."""


class TransportError(Exception):
    """An exchange that gave no answer. `sent`: the request may have reached the provider."""

    def __init__(self, kind: Kind, *, sent: bool) -> None:
        """Say how it failed; the message names neither the address nor what was sent."""
        super().__init__(f"the exchange with the provider failed: {kind}")
        self.kind = kind
        self.sent = sent


class Deadline:
    """The moment by which a call must be over, by a clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        """Begin to count."""
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. ProviderError TIMED_OUT: none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise ProviderError(Failure.TIMED_OUT, "The provider gave no picture before the job's deadline.")
        return left

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the end."""
        time.sleep(min(seconds, self.left()))


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - what a provider sends is anything
        """Return the decoded body. TransportError MALFORMED: it is no JSON."""
        try:
            return loads(self.body)
        except (ValueError, RecursionError) as error:
            raise TransportError(Kind.MALFORMED, sent=True) from error

    @property
    def retry_after_seconds(self) -> float | None:
        """How long the provider asks to be left alone; None where it says nothing that can be read."""
        for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
            told = self.headers.get(name, "")
            if told.isascii() and told.replace(".", "", 1).isdigit():
                return float(told) * unit
        return _seconds_until(self.headers.get("retry-after", ""))


def _seconds_until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - timezone.now()).total_seconds())


class Client:
    """Speaks with one provider. It keeps no connection of a call, so one serves every thread."""

    def __init__(self, *, key_headers: Mapping[str, str], api_hosts: tuple[str, ...]) -> None:
        """Take the headers that carry the key, and the exact hosts (`host` or `host:port`) that get them."""
        self._key_headers = dict(key_headers)
        self._api_hosts = frozenset(api_hosts)

    def trusts(self, url: str) -> bool:
        """Say whether an address is at exactly one of the provider's own hosts, by https (or on loopback)."""
        parts = _split(url)
        return parts is not None and parts.netloc in self._api_hosts

    def request(
        self,
        method: str,
        url: str,
        *,
        deadline: Deadline,
        json: object = None,
        fields: Mapping[str, str] | None = None,
        files: Iterable[tuple[str, tuple[str, bytes, str]]] | None = None,
        headers: Mapping[str, str] | None = None,
        most_bytes: int = MOST_JSON_BYTES,
        read_seconds: float | None = None,
        repeatable: bool = False,
        is_final: Callable[[Answer], bool] = lambda _: False,
    ) -> Answer:
        """Ask the provider's API, with the key, and return the answer whatever its status.

        Repeated at most twice, with growing pauses: when no connection was made or the provider refused by 429
        without working (unless the answer `is_final`, as of an empty account), and only of a `repeatable` request
        also after a fault of theirs or a broken exchange.
        TransportError: no answer. ProviderError TIMED_OUT: the deadline passed.
        """
        if not self.trusts(url):
            raise TransportError(Kind.FORBIDDEN, sent=False)
        body: dict[str, Any] = {"json": json, "data": fields, "files": list(files) if files else None}
        together = {**self._key_headers, **(headers or {})}
        for repeat in range(_REPEATS + 1):
            pause = _FIRST_PAUSE_SECONDS * 2**repeat
            try:
                answer = _exchange(method, url, together, body, deadline, most_bytes, read_seconds)
            except TransportError as error:
                if repeat == _REPEATS or not _may_repeat(error, repeatable=repeatable):
                    raise
            else:
                pause = answer.retry_after_seconds or pause
                limited = answer.status == _TOO_MANY and not is_final(answer)
                busy = limited or (repeatable and answer.status in _FAULTS)
                if repeat == _REPEATS or not busy or pause > min(_LONGEST_PAUSE_SECONDS, deadline.left()):
                    return answer
            deadline.pause(pause)
        raise AssertionError("unreachable")

    def download(self, url: str, *, suffixes: tuple[str, ...], deadline: Deadline, most_bytes: int) -> Answer:
        """Fetch a result without the key, from a host that equals a suffix or ends with a dot and it.

        TransportError: no answer, or an address elsewhere.
        """
        parts = _split(url)
        if parts is None:
            raise TransportError(Kind.FORBIDDEN, sent=False)
        host = (parts.hostname or "").lower()
        known = any(host == suffix or host.endswith(f".{suffix}") for suffix in suffixes)
        if not (known or parts.netloc in self._api_hosts):
            raise TransportError(Kind.FORBIDDEN, sent=False)
        if known and host not in _LOOPBACK and parts.port not in (None, 443):
            raise TransportError(Kind.FORBIDDEN, sent=False)
        for repeat in range(_REPEATS + 1):
            try:
                answer = _exchange("GET", url, {}, {}, deadline, most_bytes, None)
            except TransportError as error:
                if repeat == _REPEATS or not _may_repeat(error, repeatable=True):
                    raise
            else:
                if repeat == _REPEATS or answer.status not in _FAULTS:
                    return answer
            deadline.pause(_FIRST_PAUSE_SECONDS * 2**repeat)
        raise AssertionError("unreachable")


def _may_repeat(error: TransportError, *, repeatable: bool) -> bool:
    if error.kind is Kind.CONNECT:
        return True
    return repeatable and error.kind in (Kind.TIMEOUT, Kind.CUT)


def _split(url: str) -> SplitResult | None:
    """Return the parts of an https address without user info (http on loopback), None for any other."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if "@" in parts.netloc or "\\" in parts.netloc or not parts.hostname or port == 0:
        return None
    is_secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return parts if is_secure else None


class _PublicAdapter(HTTPAdapter):
    """Refuses a name that leads into a private network, whoever's name it is."""

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 - as its parent
        **kwargs: Any,  # noqa: ANN401 - as its parent
    ) -> requests.Response:
        parts = urlsplit(str(request.url))
        if parts.hostname not in _LOOPBACK:
            _refuse_private(str(parts.hostname), parts.port or 443)
        return super().send(request, *args, **kwargs)


def _refuse_private(host: str, port: int) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransportError(Kind.CONNECT, sent=False) from error
    if any(not ipaddress.ip_address(address[0]).is_global for *_, address in found):
        raise TransportError(Kind.FORBIDDEN, sent=False)


def _exchange(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: Mapping[str, Any],
    deadline: Deadline,
    most_bytes: int,
    read_seconds: float | None,
) -> Answer:
    """Send one request and read its whole answer, within the deadline and the size."""
    forbid_inside("calling a provider")
    left = deadline.left()
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", _PublicAdapter())
        session.mount("http://", _PublicAdapter())
        timeout = (min(CONNECT_SECONDS, left), min(read_seconds or left, left))
        sent = False
        try:
            # A connection that was never made is told apart from one that broke: only the first is surely free.
            response = session.request(
                method, url, headers=dict(headers), timeout=timeout, allow_redirects=False, stream=True, **body
            )
            sent = True
            with response:
                if response.status_code in _REDIRECTS:
                    raise TransportError(Kind.REDIRECT, sent=True)
                data = _read(response, deadline, most_bytes)
        except requests.exceptions.ConnectTimeout as error:
            raise TransportError(Kind.CONNECT, sent=False) from error
        except requests.exceptions.Timeout as error:
            raise TransportError(Kind.TIMEOUT, sent=True) from error
        except requests.exceptions.ConnectionError as error:
            if not sent and _was_never_connected(error):
                raise TransportError(Kind.CONNECT, sent=False) from error
            raise TransportError(Kind.TIMEOUT if "timed out" in str(error) else Kind.CUT, sent=True) from error
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError) as error:
            raise TransportError(Kind.CUT, sent=True) from error
    return Answer(response.status_code, {name.lower(): text for name, text in response.headers.items()}, data)


def _was_never_connected(error: requests.exceptions.ConnectionError) -> bool:
    reason = error.args[0] if error.args else None
    cause = getattr(reason, "reason", reason)
    return type(cause).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def _still_in_time(deadline: Deadline) -> None:
    """Raise TIMED_OUT as what it is by now: a call that was sent, and may have been worked on."""
    try:
        deadline.left()
    except ProviderError as error:
        raise ProviderError(error.failure, error.message, exposed=True) from None


def _read(response: requests.Response, deadline: Deadline, most_bytes: int) -> bytes:
    """Return the body, read in pieces: a drip cannot outlive the deadline, nor a flood the memory."""
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most_bytes:
        raise TransportError(Kind.TOO_LARGE, sent=True)
    pieces: list[bytes] = []
    size = 0
    # What has come is looked at as it comes: waiting for a full chunk would let a drip outlive the deadline.
    while piece := response.raw.read1(_CHUNK, decode_content=True):
        size += len(piece)
        if size > most_bytes:
            raise TransportError(Kind.TOO_LARGE, sent=True)
        pieces.append(piece)
        _still_in_time(deadline)
    if announced.isdigit() and not response.headers.get("content-encoding") and size < int(announced):
        raise TransportError(Kind.CUT, sent=True)
    return b"".join(pieces)
