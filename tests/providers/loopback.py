"""A server on the loopback that stands for a provider: what it is asked, and answers as bad as a network's."""

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_LARGEST = 128 * 1024 * 1024
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; the names of its headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or what is done instead of a whole one."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """The whole body is announced; half of it is sent, and the connection is closed."""
    cut_after: int | None = None
    """The same after so many bytes; at 0 nothing is sent but the head."""
    dropped: bool = False
    """The connection is closed without an answer."""
    silent: bool = False
    """No answer comes while the server lives."""
    drip_seconds: float | None = None
    """The body comes byte by byte, with so long a pause before each."""
    endless: bool = False
    """The body is repeated without an announced length until the client hangs up."""


class Loopback:
    """A server on 127.0.0.1, from `with` to the end of its block; a subclass answers in `route`.

    `seen` holds every request, the unanswered ones too, the oldest first.
    """

    def __init__(self) -> None:
        self.seen: list[Asked] = []
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def route(self, request: Asked) -> Reply:
        """Answer a request; of two that come at the same moment, one waits."""
        raise NotImplementedError

    @property
    def base(self) -> str:
        """The server's address, without a slash at its end."""
        return f"http://{self.host}"

    @property
    def host(self) -> str:
        """The host and the port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_LONGEST_WAIT_SECONDS)

    def _answer(self, request: Asked) -> Reply:
        with self._lock:
            self.seen.append(request)
            return self.route(request)


class _Server(ThreadingHTTPServer):
    """Serves each request in a thread that is waited for at the end."""

    daemon_threads = False

    def __init__(self, owner: Loopback) -> None:
        self.owner = owner
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up before their answer: they are part of the tests."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    # HTTP/1.0 closes each connection, so that no idle one keeps the server from ending.
    protocol_version = "HTTP/1.0"
    timeout = 10
    server: _Server

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_PUT(self) -> None:
        self._respond()

    def do_DELETE(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep quiet."""

    def _respond(self) -> None:
        parts = urlsplit(self.path)
        length = min(int(self.headers.get("Content-Length") or 0), _LARGEST)
        headers = {name.lower(): text for name, text in self.headers.items()}
        reply = self.server.owner._answer(
            Asked(self.command, parts.path, parts.query, headers, self.rfile.read(length))
        )
        if reply.silent:
            self.server.stopping.wait(_LONGEST_WAIT_SECONDS)
        if reply.silent or reply.dropped:
            return
        self.send_response(reply.status)
        for name, text in reply.headers.items():
            self.send_header(name, text)
        if not reply.endless:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        if reply.endless:
            while not self.server.stopping.is_set():
                self.wfile.write(reply.body)
        elif reply.drip_seconds is not None:
            for number in range(len(reply.body)):
                if self.server.stopping.wait(reply.drip_seconds):
                    return
                self.wfile.write(reply.body[number : number + 1])
        elif reply.cut:
            self.wfile.write(reply.body[: len(reply.body) // 2])
        else:
            self.wfile.write(reply.body[: reply.cut_after])
