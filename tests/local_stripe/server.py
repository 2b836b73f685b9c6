"""The local Stripe as tests use it: a server on the loopback, and a hand on what happens behind it."""

import copy
import queue
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any, Final, Self

from tests.local_stripe import pages, paying, reversals, sessions, webhooks
from tests.local_stripe.api import Api, Asked, Reply
from tests.local_stripe.faults import Fault, Faults, How, When
from tests.local_stripe.handler import Loopback
from tests.local_stripe.reversals import Funds
from tests.local_stripe.store import Row, Store
from tests.local_stripe.webhooks import Delivery, Mode, Order, Post, Receiver

API_VERSION: Final = "2026-10-28.endive"
WEBHOOK_SECRET: Final = "whsec_local_stripe"
_LONGEST_DELAY: Final = 10.0


class LocalStripe:
    """A Stripe of one's own, from `with` to the end of its block.

    It speaks to the real library under `.url` with `.secret_key`, and takes the payer's, the bank's and Stripe's
    own part through the methods below. Each of them returns the object as it is afterwards.

    Events are delivered to `webhook_url`, or to `receiver(body, signature) -> status`, as `.delivery` says:
    `immediate` (the default), `manual` (by `deliver` and `deliver_all`) or `lost`. What a method here causes is
    delivered before it returns. What a request causes is delivered by a thread of this server, and
    `wait_until_delivered` waits for that; a `receiver` may not want another thread, and gets it by `deliver_all`.

    The clock is `time.time()`: where a test moves that, sessions expire.
    """

    def __init__(
        self,
        webhook_url: str | None = None,
        webhook_secret: str = WEBHOOK_SECRET,
        *,
        livemode: bool = False,
        receiver: Receiver | None = None,
        port: int = 0,
        secret_key: str | None = None,
        api_version: str = API_VERSION,
        hang_seconds: float = 5.0,
    ) -> None:
        self.secret_key = secret_key or f"sk_{'live' if livemode else 'test'}_{secrets.token_hex(12)}"
        self.webhook_secret = webhook_secret
        self._store = Store(livemode=livemode, api_version=api_version)
        self._faults = Faults()
        self._api = Api(self._store, self._faults, secret_key=self.secret_key)
        self._in_background = receiver is None
        if webhook_url is not None:
            receiver = webhooks.over_http(webhook_url, timeout_seconds=_LONGEST_DELAY)
        self._post = Post(receiver, webhook_secret)
        self._server = Loopback(port, self._respond, hang_seconds)
        self._store.base_url = self.url
        self._queue: queue.SimpleQueue[Row | None] = queue.SimpleQueue()
        serve = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._threads = (serve, threading.Thread(target=self._deliver_queued))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._queue.put(None)
        for thread in self._threads:
            thread.join(2 * _LONGEST_DELAY)

    # What is read.

    @property
    def url(self) -> str:
        """The address for `base_addresses={"api": ...}`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> list[Asked]:
        """All requests to the API, the failed and dropped ones too, the oldest first."""
        with self._store.lock:
            return list(self._api.requests)

    @property
    def calls(self) -> Counter[str]:
        """How often each `POST /v1/...` or `GET /v1/...` was called."""
        return Counter(f"{asked.method} {asked.path}" for asked in self.requests)

    def count(self, method: str, path: str) -> int:
        """Count the calls of a method to a path; `*` stands for anything."""
        found = [asked for asked in self.requests if asked.method == method and fnmatchcase(asked.path, path)]
        return len(found)

    @property
    def events(self) -> list[Row]:
        """All events, the oldest first."""
        with self._store.lock:
            return copy.deepcopy(list(self._store.of("event")))

    def object(self, object_id: str) -> Row:
        """Return an object of whatever kind as it is now. KeyError: nobody has this id."""
        with self._store.lock:
            found = self._store.find(object_id)
            if found is None:
                raise KeyError(object_id)
            return copy.deepcopy(found)

    # What the payer does.

    def pay(
        self,
        session_id: str,
        discount_percent: int = 0,
        tax_cents: int = 0,
        method: str = "card",
        currency: str | None = None,
        email: str | None = None,
    ) -> Row:
        """Pay an open session by `card`, or by `async`: complete at once, the money to come by `settle_async`.

        `email` is what the payer types for the receipt.
        """
        return self._act(
            lambda: paying.pay(
                self._store,
                session_id,
                discount_percent=discount_percent,
                tax_cents=tax_cents,
                method=method,
                currency=currency,
                email=email,
            )
        )

    def settle_async(self, session_id: str, *, ok: bool = True) -> Row:
        """Let the money of an async payment come, or fail."""
        return self._act(lambda: paying.settle(self._store, session_id, ok=ok))

    def expire(self, session_id: str) -> Row:
        """Close an open session, as its time being over would."""
        return self._act(lambda: sessions.expire(self._store, session_id))

    def foreign_session(self, amount_cents: int = 1000) -> Row:
        """Open a session that another product of the same account might have: nothing of ours is on it."""
        item = {"currency": "usd", "unit_amount": str(amount_cents), "product_data": {"name": "Another product"}}
        params: Row = {
            "mode": "payment",
            "success_url": "https://other.example/thanks",
            "line_items": [{"quantity": "1", "price_data": item}],
        }
        return self._act(lambda: sessions.open_session(self._store, params))

    def rewrite(self, object_id: str, **fields: Any) -> Row:
        """Change fields of an object without an event: what should never come, and must be seen when it does."""

        def change() -> Row:
            found = self._store.find(object_id)
            if found is None:
                raise KeyError(object_id)
            self._store.set(found, **fields)
            return found

        return self._act(change)

    # What Stripe and the banks do.

    def refund(self, payment_intent: str, cents: int, status: str = "succeeded") -> Row:
        """Give money back, as staff do in Stripe's dashboard."""
        return self._act(
            lambda: reversals.refund(self._store, reversals.charge_for(self._store, payment_intent), cents, status)
        )

    def update_refund(self, refund_id: str, status: str) -> Row:
        """Move a refund to another state."""
        return self._act(lambda: reversals.update_refund(self._store, refund_id, status))

    @property
    def refund_status(self) -> str:
        """The state in which refunds over the API begin; `pending` makes them wait for `update_refund`."""
        return self._store.refund_status

    @refund_status.setter
    def refund_status(self, status: str) -> None:
        self._store.refund_status = status

    def dispute(
        self, payment_intent: str, cents: int, status: str = "needs_response", reason: str = "fraudulent"
    ) -> Row:
        """Open a dispute. Stripe takes the money at once, except by an inquiry (`warning_...`)."""
        return self._act(
            lambda: reversals.dispute(
                self._store, reversals.charge_for(self._store, payment_intent), cents, status, reason=reason
            )
        )

    def update_dispute(self, dispute_id: str, status: str, funds: Funds | None = None) -> Row:
        """Move a dispute to another state, and its money: `withdrawn` or `reinstated`."""
        return self._act(lambda: reversals.update_dispute(self._store, dispute_id, status, funds))

    def early_fraud_warning(self, payment_intent: str) -> Row:
        """Warn of a payment."""
        return self._act(lambda: reversals.warn(self._store, reversals.charge_for(self._store, payment_intent)))

    def close_warning(self, warning_id: str) -> Row:
        """End a warning: it is no longer actionable."""
        return self._act(lambda: reversals.close_warning(self._store, warning_id))

    # What goes wrong.

    def fail(
        self,
        how: How,
        *,
        times: int = 1,
        method: str = "*",
        path: str = "/v1/*",
        when: When = "before",
        saved: bool = False,
    ) -> None:
        """Have the next matching calls answer with a status, `timeout` (no answer for `hang_seconds`) or `drop`.

        `before` or `after` their effect. `saved`: the failure is kept under the idempotency key, and comes again
        with it, as Stripe does with errors of calls that had begun.
        """
        self._faults.add(Fault(method, path, how, when, saved, times))

    def stop_failing(self) -> None:
        """Forget failures that have not happened yet."""
        self._faults.clear()

    # What is delivered.

    @property
    def delivery(self) -> Mode:
        """What becomes of new events: `immediate`, `manual` or `lost`."""
        return self._post.mode

    @delivery.setter
    def delivery(self, mode: Mode) -> None:
        self._post.mode = mode

    @property
    def deliveries(self) -> list[Delivery]:
        """All deliveries with the status of their answer; 0 stands for no answer."""
        return self._post.deliveries

    def deliver(
        self,
        event_id: str,
        times: int = 1,
        *,
        delay_seconds: float = 0.0,
        forged: bool = False,
        timestamp: int | None = None,
    ) -> list[int]:
        """Deliver an event, also a lost or a delivered one, and return the status of each answer.

        `forged`: signed with another secret. `timestamp`: when it claims to be signed; otherwise now.
        """
        event = self.object(event_id)
        self._server.stopping.wait(min(delay_seconds, _LONGEST_DELAY))
        moment = self._store.now if timestamp is None else timestamp
        return [self._post.deliver(event, timestamp=moment, forged=forged) for _ in range(times)]

    def deliver_all(self, order: Order = "given", seed: int = 0) -> list[int]:
        """Deliver once each what is neither taken nor lost: as given, `reversed`, or `shuffled` by a seed."""
        waiting = webhooks.ordered(self._post.waiting(self.events), order, seed)
        return [self._post.deliver(event, timestamp=self._store.now) for event in waiting]

    def wait_until_delivered(self, seconds: float = 10.0) -> None:
        """Wait for what requests have caused. TimeoutError: it is still under way."""
        if not self._post.wait(seconds):
            raise TimeoutError("webhooks are still under way")

    # How it works.

    def _act(self, change: Callable[[], Row]) -> Row:
        with self._store.lock:
            before = self._store.number_of("event")
            row = copy.deepcopy(change())
            new = self._events_after(before)
        for event in self._to_deliver(new):
            self._post.deliver(event, timestamp=self._store.now)
        return row

    def _respond(self, asked: Asked) -> Reply:
        with self._store.lock:
            before = self._store.number_of("event")
            reply = self._api.answer(asked) if asked.path.startswith("/v1/") else pages.answer(self._store, asked)
            new = self._events_after(before)
            # Begun before the answer is out, so that whoever has the answer can wait for the deliveries.
            waiting = self._to_deliver(new) if self._in_background else []
            self._post.begin(len(waiting))
        for event in waiting:
            self._queue.put(event)
        return reply

    def _events_after(self, number: int) -> list[Row]:
        return copy.deepcopy(list(self._store.of("event"))[number:])

    def _to_deliver(self, new: list[Row]) -> list[Row]:
        if self._post.mode == "lost":
            self._post.lose(new)
        return new if self._post.mode == "immediate" and self._post.receiver is not None else []

    def _deliver_queued(self) -> None:
        while (event := self._queue.get()) is not None:
            try:
                self._post.deliver(event, timestamp=self._store.now)
            finally:
                self._post.end()
