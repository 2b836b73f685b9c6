"""The part of Stripe's HTTP API that is spoken: routes, keys of idempotency, failures on demand."""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qs

from tests.local_stripe import form, reading, reversals, sessions
from tests.local_stripe.errors import RefusalError
from tests.local_stripe.faults import Fault, Faults
from tests.local_stripe.form import Params
from tests.local_stripe.store import Row, Store

_CONFLICT: Final = (
    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
    "Try using a key other than '{key}' if you meant to execute a different request."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    authorization: str = ""
    idempotency_key: str = ""
    version: str = ""

    @property
    def fields(self) -> dict[str, list[str]]:
        """Return the parameters as they stand on the wire."""
        return parse_qs(f"{self.query}&{self.body}", keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or what is done instead of one."""

    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: tuple[object, ...]
    reply: Reply


Act = Callable[[Store, str, Params], Row]


def _get(kind: str) -> Act:
    def act(store: Store, object_id: str, params: Params) -> Row:
        form.only(params, ("expand",))
        return store.get(kind, object_id)

    return act


def _list(kind: str, url: str, *filters: str) -> Act:
    def act(store: Store, _: str, params: Params) -> Row:
        return reading.page(store, kind, url, params, filters)

    return act


def _lines(store: Store, session_id: str, params: Params) -> Row:
    form.only(params, reading.PAGING)
    store.get(sessions.KIND, session_id, "session")
    return reading.lines(store, session_id)


def _expire(store: Store, session_id: str, params: Params) -> Row:
    form.only(params, ("expand",))
    return sessions.expire(store, session_id)


_SESSIONS: Final = "/v1/checkout/sessions"
ROUTES: Final[tuple[tuple[str, str, Act], ...]] = (
    ("POST", _SESSIONS, lambda store, _, params: sessions.open_session(store, params)),
    ("GET", _SESSIONS, _list(sessions.KIND, _SESSIONS, "payment_intent", "status")),
    ("GET", f"{_SESSIONS}/*", _get(sessions.KIND)),
    ("POST", f"{_SESSIONS}/*/expire", _expire),
    ("GET", f"{_SESSIONS}/*/line_items", _lines),
    ("GET", "/v1/payment_intents/*", _get("payment_intent")),
    ("GET", "/v1/charges/*", _get("charge")),
    ("POST", "/v1/refunds", lambda store, _, params: reversals.ask_refund(store, params)),
    ("GET", "/v1/refunds", _list("refund", "/v1/refunds", "charge", "payment_intent")),
    ("GET", "/v1/refunds/*", _get("refund")),
    ("GET", "/v1/disputes", _list("dispute", "/v1/disputes", "charge", "payment_intent")),
    ("GET", "/v1/disputes/*", _get("dispute")),
    ("GET", "/v1/radar/early_fraud_warnings/*", _get(reversals.WARNING)),
    ("GET", "/v1/events", _list("event", "/v1/events", "type", "types")),
    ("GET", "/v1/events/*", _get("event")),
)


class Api:
    """Answers requests, one at a time: two with one key cannot both be the first."""

    def __init__(self, store: Store, faults: Faults, *, secret_key: str) -> None:
        self.store = store
        self.faults = faults
        self.secret_key = secret_key
        self.requests: list[Asked] = []
        self._kept: dict[str, _Kept] = {}

    def answer(self, asked: Asked) -> Reply:
        """Answer a request, or fail as was asked for."""
        with self.store.lock:
            self.requests.append(asked)
        fault = self.faults.take(asked.method, asked.path)
        if fault is not None and fault.when == "before":
            return self._failed(fault, asked)
        reply = self._answer(asked)
        return reply if fault is None else self._failed(fault, asked)

    def _failed(self, fault: Fault, asked: Asked) -> Reply:
        if isinstance(fault.how, str):
            return Reply(hang=fault.how == "timeout", drop=True)
        reply = _error(RefusalError("Asked for by the test.", status=fault.how))
        if fault.saved and fault.when == "before" and asked.idempotency_key:
            with self.store.lock:
                self._kept.setdefault(asked.idempotency_key, _Kept(_fingerprint(asked), reply))
        return reply

    def _answer(self, asked: Asked) -> Reply:
        if asked.authorization != f"Bearer {self.secret_key}":
            return _error(RefusalError("Invalid API Key provided.", status=401))
        key = asked.idempotency_key if asked.method == "POST" else ""
        with self.store.lock:
            kept = self._kept.get(key) if key else None
            if kept is not None:
                return self._again(kept, asked)
            reply = self._first(asked)
            # As with Stripe, a request that was refused before it began leaves its key free.
            if key and reply.status < 400:
                self._kept[key] = _Kept(_fingerprint(asked), reply)
            return reply

    def _again(self, kept: _Kept, asked: Asked) -> Reply:
        if kept.fingerprint != _fingerprint(asked):
            message = _CONFLICT.format(key=asked.idempotency_key)
            return _error(RefusalError(message, kind="idempotency_error"))
        return replace(kept.reply, headers={**kept.reply.headers, "Idempotent-Replayed": "true"})

    def _first(self, asked: Asked) -> Reply:
        request_id = f"req_{secrets.token_hex(7)}"
        try:
            act, object_id = _route(asked)
            params = form.decode(asked.query if asked.method == "GET" else asked.body)
            sessions.expire_due(self.store)
            self.store.request = {"id": request_id, "idempotency_key": asked.idempotency_key or None}
            told = act(self.store, object_id, params)
            if told["object"] != "list":
                told = reading.present(self.store, told, params)
        except RefusalError as error:
            return _error(error, request_id)
        finally:
            self.store.request = {"id": None, "idempotency_key": None}
        return _reply(200, told, request_id, asked)


def _route(asked: Asked) -> tuple[Act, str]:
    if len(asked.idempotency_key) > 255:
        raise RefusalError("Idempotency keys are at most 255 characters long.", kind="idempotency_error")
    for method, pattern, act in ROUTES:
        found = re.fullmatch(pattern.replace("*", "([^/]+)"), asked.path)
        if method == asked.method and found:
            return act, found[1] if found.groups() else ""
    raise RefusalError(f"Unrecognized request URL ({asked.method}: {asked.path}).", status=404)


def _fingerprint(asked: Asked) -> tuple[object, ...]:
    return asked.method, asked.path, sorted(asked.fields.items())


def _error(error: RefusalError, request_id: str = "") -> Reply:
    return _reply(error.status, error.body(), request_id or f"req_{secrets.token_hex(7)}")


def _reply(status: int, told: dict[str, Any], request_id: str, asked: Asked | None = None) -> Reply:
    headers = {"Content-Type": "application/json", "Request-Id": request_id}
    if asked is not None and asked.idempotency_key:
        headers |= {"Idempotency-Key": asked.idempotency_key, "Original-Request": request_id}
    if asked is not None and asked.version:
        headers["Stripe-Version"] = asked.version
    return Reply(status, json.dumps(told, indent=2).encode(), headers)
