"""Examples for the description, taken from the walk: each operation's first success, and a refusal of some."""

import json
import re
from collections.abc import Iterable
from typing import Any

from tests.documents.walk import Said

REFUSED = {"POST /v1/create": "BUDGET_CAP_EXCEEDED", "GET /v1/whoami": "AUTH_REQUIRED"}
LONGEST = 6_000
_SECRET = re.compile(r"isk_([rc])_[0-9A-Za-z]+")


def taken_from(said: Iterable[Said]) -> dict[str, dict[str, Any]]:
    """Return the examples: operation -> `request` and `answers` by HTTP status."""
    found: dict[str, dict[str, Any]] = {}
    for one in said:
        status = str(one.answer.status)
        wanted = REFUSED.get(one.operation) == one.answer.code if not one.answer.ok else status == "200"
        example = found.setdefault(one.operation, {"request": None, "answers": {}})
        if not wanted or status in example["answers"]:
            continue
        example["answers"][status] = cut(masked(one.answer.body))
        if one.answer.ok:
            example["request"] = masked(one.request)
    return dict(sorted(found.items()))


def masked(value: Any) -> Any:
    """Return the value without secrets and without the address of the test's service."""
    text = _SECRET.sub(r"isk_\1_...", json.dumps(value)).replace("http://testserver", "BASE_URL")
    return json.loads(text)


def cut(value: Any) -> Any:
    """Return a long answer with one object in each list."""
    return _first(value) if len(json.dumps(value)) > LONGEST else value


def _first(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _first(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_first(value[0])]
    return value


def shape_of(value: Any) -> Any:
    """Return what two examples of the same call have in common: names and kinds, not values."""
    if isinstance(value, dict):
        return {name: shape_of(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return "null" if value is None else "number" if isinstance(value, int | float) else type(value).__name__
