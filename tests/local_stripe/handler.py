"""HTTP on the loopback: hands requests to the API or to the pages."""

import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.local_stripe.api import Asked, Reply

_LARGEST = 1_000_000


class Loopback(ThreadingHTTPServer):
    """A server on 127.0.0.1 whose threads are all waited for at its end."""

    daemon_threads = False

    def __init__(self, port: int, answer: Callable[[Asked], Reply], hang_seconds: float) -> None:
        self.answer = answer
        self.hang_seconds = hang_seconds
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up before their answer: they are part of the tests."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    # HTTP/1.0 closes each connection, so that no idle one keeps the server from ending.
    protocol_version = "HTTP/1.0"
    timeout = 10
    server: Loopback

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_DELETE(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep quiet."""

    def _respond(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _LARGEST)
        parts = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=parts.path,
            query=parts.query,
            body=self.rfile.read(length).decode(),
            authorization=self.headers.get("Authorization", ""),
            idempotency_key=self.headers.get("Idempotency-Key", ""),
            version=self.headers.get("Stripe-Version", ""),
        )
        reply = self.server.answer(asked)
        if reply.hang:
            self.server.stopping.wait(self.server.hang_seconds)
        if reply.drop:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
