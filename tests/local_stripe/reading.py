"""Reading: one object or a page of them, with what the caller asked to have expanded."""

import copy
from collections.abc import Sequence
from typing import Any, Final

from tests.local_stripe import form
from tests.local_stripe.errors import invalid
from tests.local_stripe.form import Params
from tests.local_stripe.store import Row, Store

PAGING: Final = ("created", "ending_before", "expand", "limit", "starting_after")
_COMPARED: Final = {
    "gt": lambda moment, bound: moment > bound,
    "gte": lambda moment, bound: moment >= bound,
    "lt": lambda moment, bound: moment < bound,
    "lte": lambda moment, bound: moment <= bound,
}


def present(store: Store, row: Row, params: Params) -> Row:
    """Return an object as it is told, with the asked expansions."""
    told = copy.deepcopy(row)
    for path in _paths(params):
        _expand(store, told, path.split("."), path)
    return told


def _paths(params: Params) -> list[str]:
    told = params.get("expand") or []
    if not isinstance(told, list) or not all(isinstance(path, str) for path in told):
        raise invalid("expand", "Invalid array")
    return told


def _expand(store: Store, row: Row, steps: Sequence[str], path: str) -> None:
    name, rest = steps[0], steps[1:]
    if name == "line_items" and row["object"] == "checkout.session":
        row[name] = lines(store, row["id"])
        return
    if name not in row or not isinstance(row[name], str | dict | list | None):
        raise invalid("expand", f"This property cannot be expanded ({path}).")
    for inner in row[name] if isinstance(row[name], list) else [row[name]]:
        found = inner
        if isinstance(inner, str):
            kept = store.find(inner)
            if kept is None:
                raise invalid("expand", f"This property cannot be expanded ({path}).")
            row[name] = found = copy.deepcopy(kept)
        if rest and found is not None:
            _expand(store, found, rest, path)


def lines(store: Store, session_id: str) -> Row:
    """Return the line items of a session."""
    items = copy.deepcopy(store.line_items[session_id])
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return {"object": "list", "data": items, "has_more": False, "url": url}


def page(store: Store, kind: str, url: str, params: Params, filters: Sequence[str] = ()) -> Row:
    """Return a page of the objects of a kind, the newest first."""
    form.only(params, (*PAGING, *filters))
    rows = [row for row in store.of(kind) if _is_asked_for(row, params, filters)][::-1]
    limit = form.integer(params, "limit")
    limit = 10 if limit is None else limit
    if not 1 <= limit <= 100:
        raise invalid("limit", "Invalid integer: a page has 1 to 100 objects", "parameter_invalid_integer")
    rows, more = _window(store, kind, rows, params, limit)
    data = {"object": "list", "url": url, "has_more": more, "data": copy.deepcopy(rows)}
    for path in _paths(params):
        _expand(store, data, path.split("."), path)
    return data


def _window(store: Store, kind: str, rows: list[Row], params: Params, limit: int) -> tuple[list[Row], bool]:
    after, before = form.text(params, "starting_after"), form.text(params, "ending_before")
    known = [row["id"] for row in store.of(kind)][::-1]
    if after is not None:
        store.get(kind, after, "starting_after")
        older = set(known[known.index(after) + 1 :])
        rows = [row for row in rows if row["id"] in older]
    if before is not None:
        store.get(kind, before, "ending_before")
        newer = set(known[: known.index(before)])
        rows = [row for row in rows if row["id"] in newer]
        return rows[-limit:], len(rows) > limit
    return rows[:limit], len(rows) > limit


def _is_asked_for(row: Row, params: Params, filters: Sequence[str]) -> bool:
    for name in filters:
        wanted = params.get(name)
        if name == "types" and wanted is not None:
            if row["type"] not in wanted:
                return False
        elif wanted is not None and row.get(name) != wanted:
            return False
    return _is_in_time(row["created"], params.get("created"))


def _is_in_time(moment: int, told: Any) -> bool:
    if told is None:
        return True
    if not isinstance(told, dict):
        return moment == form.integer({"created": told}, "created")
    form.only(told, _COMPARED, "created")
    bounds = {name: form.integer(told, name, "created") for name in told}
    return all(bound is not None and _COMPARED[name](moment, bound) for name, bound in bounds.items())
