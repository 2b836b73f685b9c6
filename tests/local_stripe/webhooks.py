"""Webhooks: events signed as Stripe signs them, delivered once, twice, late, in another order, or never."""

import hashlib
import hmac
import http.client
import json
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from tests.local_stripe.store import Row

Mode = Literal["immediate", "manual", "lost"]
Order = Literal["given", "reversed", "shuffled"]
Receiver = Callable[[bytes, str], int]
"""Takes the raw body and the header Stripe-Signature; returns the status of its answer."""
UNREACHABLE = 0


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """Return the header Stripe-Signature of a body."""
    signed = hmac.new(secret.encode(), b"%d.%b" % (timestamp, body), hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={signed}"


def body_of(event: Row) -> bytes:
    """Return an event's body as it goes over the wire."""
    return json.dumps(event, indent=2).encode()


def over_http(url: str, timeout_seconds: float) -> Receiver:
    """Return a receiver that posts to an address on this machine; 0 stands for no answer."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError(f"webhooks are delivered to this machine only, not to {url}")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    def post(body: bytes, signed: str) -> int:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signed}
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return UNREACHABLE
        else:
            return answer.status
        finally:
            connection.close()

    return post


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, and what the receiver answered."""

    event_id: str
    type: str
    status: int


class Post:
    """The post office: delivers events and remembers what became of them."""

    def __init__(self, receiver: Receiver | None, secret: str) -> None:
        self.receiver = receiver
        self.secret = secret
        self.mode: Mode = "immediate"
        self._changed = threading.Condition()
        self._deliveries: list[Delivery] = []
        self._lost: set[str] = set()
        self._under_way = 0

    @property
    def deliveries(self) -> list[Delivery]:
        """Return all deliveries so far."""
        with self._changed:
            return list(self._deliveries)

    def deliver(self, event: Row, *, timestamp: int, forged: bool = False) -> int:
        """Deliver an event once, and return the status of the answer."""
        if self.receiver is None:
            raise RuntimeError("this local Stripe was given no receiver of webhooks")
        body = body_of(event)
        secret = f"{self.secret}_of_somebody_else" if forged else self.secret
        status = self.receiver(body, signature(body, secret, timestamp))
        with self._changed:
            self._deliveries.append(Delivery(event["id"], event["type"], status))
        return status

    def lose(self, events: Iterable[Row]) -> None:
        """Have these events never arrive, unless they are delivered by name."""
        with self._changed:
            self._lost.update(event["id"] for event in events)

    def waiting(self, events: Iterable[Row]) -> list[Row]:
        """Return the events that are neither lost nor taken by the receiver."""
        with self._changed:
            taken = {done.event_id for done in self._deliveries if 200 <= done.status < 300}
            return [event for event in events if event["id"] not in taken | self._lost]

    def begin(self, number: int = 1) -> None:
        """Note that deliveries are under way."""
        with self._changed:
            self._under_way += number

    def end(self) -> None:
        """Note that a delivery has ended."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until no delivery is under way; tell whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._under_way == 0, timeout=seconds)


def ordered(events: list[Row], order: Order, seed: int) -> list[Row]:
    """Return the events in the order they are to be delivered."""
    if order == "reversed":
        return events[::-1]
    if order == "shuffled":
        return random.Random(seed).sample(events, len(events))  # noqa: S311 - an order, no secret
    return events
