"""Reading the webhook inbox as staff does: a page of events, one of them, and its body without secrets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core import signing

from billing.models import StripeEvent
from billing.staff_acts import OTHER_KIND_OF_MONEY
from imageskill.core.secret_text import is_secret

PAGE: Final = 50
STATES: Final = ("received", "failed", "processed", "ignored")
REMOVED: Final = "[removed]"
_SALT: Final = "webhook-events"
_HIDDEN: Final = frozenset(
    {
        "client_secret",
        "url",
        "receipt_url",
        "hosted_invoice_url",
        "invoice_pdf",
        "email",
        "phone",
        "name",
        "address",
    }
)
"""What a body may hold that opens something, or names a payer."""


@dataclass(frozen=True, slots=True)
class Events:
    """A page of events, newest first, and the cursor of the older ones; empty where there are none."""

    rows: tuple[StripeEvent, ...]
    older: str


def page(*, state: str = "", kind: str = "", cursor: str = "") -> Events:
    """Return events of a state and of a type (or of all types that begin so), from a cursor on."""
    rows = StripeEvent.objects.defer("payload").order_by("-pk")
    rows = rows.filter(state=state) if state in STATES else rows
    rows = rows.filter(type__startswith=kind) if kind else rows
    after = _read(cursor)
    rows = rows.filter(pk__lt=after) if after is not None else rows
    found = list(rows[: PAGE + 1])
    older = signing.dumps(found[PAGE - 1].pk, salt=_SALT) if len(found) > PAGE else ""
    return Events(tuple(found[:PAGE]), older)


def _read(cursor: str) -> int | None:
    try:
        return int(signing.loads(cursor, salt=_SALT)) if cursor else None
    except signing.BadSignature:
        return None


def find(event_id: str) -> StripeEvent | None:
    """Return a stored event by Stripe's id; None: there is none."""
    return StripeEvent.objects.filter(event_id=event_id).first()


def can_replay(event: StripeEvent) -> bool:
    """Say whether an event can be processed anew: not one of the other kind of money."""
    return event.outcome != OTHER_KIND_OF_MONEY


def body(event: StripeEvent) -> str:
    """Return an event's body as indented JSON, without secrets and the payer's data; empty: forgotten."""
    if event.payload is None:
        return ""
    return json.dumps(_shown(event.payload), indent=2, sort_keys=True, ensure_ascii=True)


def _shown(value: Any, name: str = "") -> Any:  # noqa: ANN401 - any JSON
    if value is not None and name in _HIDDEN:
        return REMOVED
    if isinstance(value, Mapping):
        return {key: _shown(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shown(inner) for inner in value]
    return REMOVED if isinstance(value, str) and is_secret(value) else value
