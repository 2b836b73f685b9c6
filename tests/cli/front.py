"""A way to the service that can be disturbed: each call takes the next of the disturbances that a test has set."""

import http.client
import json
import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

PASS = "pass"
DROP = "drop"
"""The service answers, and the answer is lost."""
HOLD = "hold"
"""The service answers, and the answer does not come before the test is over."""
SILENCE = "silence"
"""The call never reaches the service, and nobody answers."""


@dataclass(frozen=True)
class Call:
    """A call as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """What the front answers by itself."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    missing: int = 0
    """How many bytes more are announced than come before the connection ends."""


class Front:
    """The disturbed way; `calls` are those that came, `url` where it listens."""

    def __init__(self, port: int) -> None:
        self.calls: list[Call] = []
        self.next: list[str | Reply] = []
        self.over, self.held = threading.Event(), threading.Event()
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                front.answer(self, port)

            do_POST = do_DELETE = do_GET  # noqa: N815 - the library's names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def secure(self, context: ssl.SSLContext) -> None:
        """Listen over TLS, as localhost."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http://127.0.0.1", "https://localhost")

    def disturb(self, disturbances: Iterable[str | Reply]) -> None:
        """Set what happens to the next calls; those after them pass."""
        self.next = list(disturbances)

    def answer(self, handler: BaseHTTPRequestHandler, port: int) -> None:
        raw = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = json.loads(raw) if headers.get("content-type") == "application/json" else None
        self.calls.append(Call(handler.command, handler.path, headers, body))
        what = self.next.pop(0) if self.next else PASS
        reply = what if isinstance(what, Reply) else None
        if reply is None and what != SILENCE:
            reply = forwarded(handler.command, handler.path, raw, headers, port)
        if what in (HOLD, SILENCE):
            self.held.set()
            self.over.wait(120)
        if reply is None or what in (DROP, HOLD):
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in (*reply.headers, ("Content-Length", str(len(reply.body) + reply.missing))):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.body)
        handler.close_connection = handler.close_connection or reply.missing > 0


def forwarded(method: str, path: str, body: bytes, headers: dict[str, str], port: int) -> Reply:
    """Return what the service answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        kept = {name: value for name, value in headers.items() if name not in ("host", "content-length")}
        connection.request(method, path, body or None, kept)
        answer = connection.getresponse()
        dropped = ("content-length", "transfer-encoding", "connection", "server", "date")
        told = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in dropped)
        return Reply(answer.status, answer.read(), told)
    finally:
        connection.close()
