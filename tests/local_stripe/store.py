"""What the local Stripe remembers: its objects in the order they came, and the events that tell of them."""

import copy
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

from tests.local_stripe.errors import no_such

Row = dict[str, Any]


class Store:
    """All objects, behind one lock. Whoever reads or changes them holds it."""

    def __init__(self, *, livemode: bool, api_version: str) -> None:
        self.livemode = livemode
        self.api_version = api_version
        self.lock = threading.RLock()
        self.base_url = ""
        self.refund_status = "succeeded"
        self.request: Row = {"id": None, "idempotency_key": None}
        self.line_items: dict[str, list[Row]] = {}
        self.intent_data: dict[str, Row] = {}
        self._rows: dict[str, dict[str, Row]] = {}

    @property
    def now(self) -> int:
        """Return the time as Stripe tells it; a travelling clock of a test moves it too."""
        return int(time.time())

    def new(self, kind: str, prefix: str, **fields: Any) -> Row:
        """Make and keep an object of a kind."""
        row = {
            "id": f"{prefix}_{secrets.token_hex(12)}",
            "object": kind,
            "created": self.now,
            "livemode": self.livemode,
            **fields,
        }
        self._rows.setdefault(kind, {})[row["id"]] = row
        return row

    def get(self, kind: str, object_id: str, param: str = "id") -> Row:
        """Return an object, or refuse an id that nobody has."""
        row = self._rows.get(kind, {}).get(object_id)
        if row is None:
            raise no_such(kind, object_id, param)
        return row

    def of(self, kind: str, **fields: Any) -> Iterator[Row]:
        """Return the objects of a kind whose fields have these values, the oldest first."""
        for row in list(self._rows.get(kind, {}).values()):
            if all(row.get(name) == value for name, value in fields.items()):
                yield row

    def number_of(self, kind: str) -> int:
        """Return how many objects of a kind there are."""
        return len(self._rows.get(kind, {}))

    def find(self, object_id: str) -> Row | None:
        """Return the object of whatever kind that has the id."""
        return next((rows[object_id] for rows in self._rows.values() if object_id in rows), None)

    def emit(self, event_type: str, about: Row, previous: Row | None = None) -> None:
        """Tell of an object as it is now."""
        data: Row = {"object": copy.deepcopy(about)}
        if previous is not None:
            data["previous_attributes"] = previous
        self.new(
            "event",
            "evt",
            api_version=self.api_version,
            data=data,
            pending_webhooks=1,
            request=dict(self.request),
            type=event_type,
        )

    def set(self, row: Row, **fields: Any) -> Row:
        """Change an object and return what the changed fields were."""
        previous = {name: row.get(name) for name, value in fields.items() if row.get(name) != value}
        row.update(fields)
        return previous
