"""Callers: so many connections that are kept open, each sending its next request when the last one is answered.

One thread asks for all of them, so that the callers cost the machine little beside what they measure.
"""

import http.client
import json
import selectors
import socket
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_ANSWER_SECONDS = 60.0
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of one run: milliseconds of each answer, its statuses, and how long all took."""

    milliseconds: list[float]
    statuses: Counter[int]
    seconds: float
    received: int = 0
    """Bytes of all bodies."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.milliseconds) / self.seconds

    @property
    def median(self) -> float:
        """The median in milliseconds."""
        return statistics.median(self.milliseconds)

    @property
    def late(self) -> float:
        """The 99th percentile in milliseconds."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]

    def __str__(self) -> str:
        """Tell all of it in one line, and what did not succeed."""
        bad = {status: count for status, count in self.statuses.items() if status >= http.client.BAD_REQUEST}
        told = f"{self.rate:7.1f}/s, p50 {self.median:7.1f} ms, p99 {self.late:7.1f} ms"
        return f"{told}, {bad}" if bad else told


Ask = Callable[[int], bytes]
"""The next request of a connection, by its number."""


def request(method: str, path: str, body: object = None, **headers: str) -> bytes:
    """Return a request as it goes over the wire; underscores of header names are dashes."""
    data = json.dumps(body).encode() if body is not None else b""
    told = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(data)), **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {text}" for name, text in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + data


def always(data: bytes) -> Ask:
    """Return what asks for the same thing again and again."""
    return lambda _: data


@dataclass(slots=True)
class _Caller:
    number: int
    socket: socket.socket
    began: float = 0.0
    got: bytearray = field(default_factory=bytearray)
    needed: int = 0
    """How long the answer is, 0 until its head is there."""
    chunked: bool = False

    def send(self, data: bytes) -> None:
        self.got.clear()
        self.needed, self.began = 0, time.perf_counter()
        self.socket.sendall(data)

    def take(self) -> bool:
        """Read what is there; say whether the answer is complete."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the connection was closed within an answer")
        self.got += data
        if not self.needed:
            end = self.got.find(b"\r\n\r\n")
            if end >= 0:
                self.needed = end + 4 + _length(bytes(self.got[:end]))
                self.chunked = b"transfer-encoding: chunked" in bytes(self.got[:end]).lower()
        whole = self.got.endswith(_LAST_CHUNK) if self.chunked else len(self.got) >= self.needed
        return bool(self.needed) and whole


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def run(port: int, ask: Ask, *, connections: int, seconds: float, most: int = 1_000_000) -> Answers:
    """Ask for so long, or so often; return what came. TimeoutError: no answer for a minute."""
    selector = selectors.DefaultSelector()
    callers = [_Caller(n, socket.create_connection(("127.0.0.1", port), timeout=5)) for n in range(connections)]
    taken: list[float] = []
    statuses: Counter[int] = Counter()
    asked = received = 0
    began = time.perf_counter()
    for caller in callers[:most]:
        caller.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(caller.socket, selectors.EVENT_READ, caller)
        caller.send(ask(caller.number))
        asked += 1
    waiting = asked
    while waiting:
        ready = selector.select(_ANSWER_SECONDS)
        if not ready:
            raise TimeoutError("no answer for a minute")
        for key, _ in ready:
            caller = key.data
            if not caller.take():
                continue
            now = time.perf_counter()
            taken.append((now - caller.began) * 1000)
            statuses[int(caller.got[9:12])] += 1
            received += len(caller.got)
            if now - began < seconds and asked < most:
                caller.send(ask(caller.number))
                asked += 1
            else:
                waiting -= 1
    took = time.perf_counter() - began
    for caller in callers:
        caller.socket.close()
    selector.close()
    return Answers(taken, statuses, took, received)


class Client:
    """One caller of JSON, for what is not measured."""

    def __init__(self, port: int) -> None:
        """Take the port of the loopback."""
        self._port = port

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the envelope."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_SECONDS)
        data = json.dumps(body) if body is not None else None
        connection.request(method, path, data, {"content-type": "application/json", **headers})
        answer = connection.getresponse()
        told = answer.status, json.loads(answer.read() or b"{}")
        connection.close()
        return told

    def wait_until_up(self, path: str, *, seconds: float) -> None:
        """Return once a path is answered well. SystemExit: it is not, in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
            try:
                connection.request("GET", path)
                if connection.getresponse().status < http.client.BAD_REQUEST:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.2)
        raise SystemExit("The service did not start.")
