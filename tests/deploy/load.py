"""Callers of a deployment: they create and read until they are told to stop, and note every answer."""

import http.client
import itertools
import json
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

HOST = "images.example"
# As the proxy in front says it.
_FORWARDED = {"host": HOST, "x-forwarded-proto": "https", "content-type": "application/json"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Told:
    """An answer, or what came instead of one."""

    method: str
    path: str
    status: int
    body: Any
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return str(self.body.get("text", "")) if isinstance(self.body, dict) else ""

    @property
    def code(self) -> str:
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error["code"]) if error else ""


@dataclass
class Line:
    """A way to the service: a port, as the proxy in front would come."""

    port: int
    address: str = "203.0.113.7"

    def call(self, method: str, path: str, body: object = None, *, token: str = "", **headers: str) -> Told:
        """Call once, on a connection of its own; a broken connection is status 0."""
        sent = {**_FORWARDED, "x-forwarded-for": self.address}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=150)
        began = time.monotonic()
        try:
            connection.request(
                method, path, body if body is None or isinstance(body, str) else json.dumps(body), sent
            )
            answer = connection.getresponse()
            raw = answer.read()
            status, got = answer.status, {name.lower(): value for name, value in answer.getheaders()}
        except (OSError, http.client.HTTPException) as error:
            raw, status, got = json.dumps({"broken": repr(error)}).encode(), 0, {}
        finally:
            connection.close()
        return Told(method, path, status, _json(raw), time.monotonic() - began, got)

    def post_form(self, path: str, fields: dict[str, str], page: Told) -> Told:
        """Send a form as a browser does that has just loaded its page."""
        cookie = page.headers["set-cookie"].partition(";")[0]
        sent = {"content_type": "application/x-www-form-urlencoded", "cookie": cookie, "origin": f"https://{HOST}"}
        return self.call("POST", path, urlencode(fields), **sent)

    def sign_up(self) -> str:
        """Sign an agent up with a mailbox of its own, and return its token."""
        name = f"load-{next(_numbers)}-{time.time_ns()}"
        body = {"agent_name": name, "runtime": "tests", "human_email": f"{name}@gmail.com"}
        told = self.call("POST", "/v1/agent-signups", body)
        assert told.status in (200, 201), told
        return str(told.body["data"]["token"])


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return {"text": raw.decode(errors="replace")}


@dataclass
class Load:
    """Some agents that call all the time. A create that was not answered well is repeated with its key."""

    line: Line
    tokens: list[str]
    answers: list[Told] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    _ending: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        for token in self.tokens:
            for work in (self._create, self._read):
                self._threads.append(threading.Thread(target=work, args=(token,), daemon=True))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(200)
        assert not any(thread.is_alive() for thread in self._threads)

    def after(self, count: int) -> None:
        """Return once so many more answers than now have come, or after a minute."""
        wanted, end = len(self.answers) + count, time.monotonic() + 60
        while len(self.answers) < wanted and time.monotonic() < end:
            time.sleep(0.02)

    def until_made(self, count: int) -> None:
        """Return once so many pictures are made, or after a minute."""
        end = time.monotonic() + 60
        while sum(self.made.values()) < count and time.monotonic() < end:
            time.sleep(0.02)

    def _create(self, token: str) -> None:
        while not self._ending.is_set():
            key = f"load-{next(_numbers)}"
            for _ in range(200):
                body = {"prompt": f"A boat, {key}"}
                told = self.line.call("POST", "/v1/create", body, token=token, idempotency_key=key)
                self.answers.append(told)
                if told.status in (200, 202):
                    self.made[token] += 1
                    break
                # Refused for a while, or broken off: the same call, with the same key.
                time.sleep(0.2)

    def _read(self, token: str) -> None:
        for path in itertools.cycle(["/v1/whoami", "/v1/quota", "/v1/jobs", "/healthz", "/v1/models"]):
            if self._ending.is_set():
                return
            self.answers.append(self.line.call("GET", path, token="" if path == "/healthz" else token))
            time.sleep(0.02)

    def bad(self) -> list[Told]:
        """Return every answer that is none of 200 and 202."""
        return [told for told in self.answers if told.status not in (200, 202)]


def held_socket() -> socket.socket:
    """Return a listening socket on a free port of loopback, as image-skill-web.socket is held."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    held.listen(2048)
    return held
