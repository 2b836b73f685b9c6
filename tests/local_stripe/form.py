"""Stripe's wire form: nested keys in a query or a form, as `line_items[0][price_data][currency]=usd`."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from tests.local_stripe.errors import invalid, unknown

Params = dict[str, Any]
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def decode(text: str) -> Params:
    """Return the nested parameters of a query or a form."""
    found: Params = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        match = _KEY.fullmatch(key)
        if match is None:
            raise invalid(key, f"Invalid parameter name: {key}")
        _put(found, [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])], value)
    return {name: _with_lists(name, value) for name, value in found.items()}


def _put(into: Params, steps: list[str], value: str) -> None:
    for number, step in enumerate(steps):
        name = step or str(len(into))
        if number == len(steps) - 1:
            into[name] = value
            return
        inner = into.setdefault(name, {})
        if not isinstance(inner, dict):
            raise invalid(steps[0], f"Invalid {steps[0]}: it is both a value and a hash")
        into = inner


def _with_lists(name: str, value: Any) -> Any:
    """Turn hashes with the keys 0, 1, 2 into lists; metadata may have such keys and stays a hash."""
    if not isinstance(value, dict) or name == "metadata":
        return value
    if value and all(key.isdigit() for key in value):
        return [_with_lists("", value[key]) for key in sorted(value, key=int)]
    return {key: _with_lists(key, inner) for key, inner in value.items()}


def only(params: Params, names: Iterable[str], within: str = "") -> Params:
    """Return the parameters, or refuse the first one that the endpoint does not have."""
    known = set(names)
    for name in params:
        if name not in known:
            raise unknown(f"{within}[{name}]" if within else name)
    return params


def integer(params: Params, name: str, within: str = "") -> int | None:
    """Return a whole number, or nothing where it was not sent."""
    told = params.get(name)
    if told is None:
        return None
    if not isinstance(told, str) or not re.fullmatch(r"-?\d{1,18}", told):
        param = f"{within}[{name}]" if within else name
        raise invalid(param, f"Invalid integer: {told}", "parameter_invalid_integer")
    return int(told)


def boolean(params: Params, name: str) -> bool:
    """Return a flag; one that was not sent is off."""
    told = params.get(name, "false")
    if told not in ("true", "false"):
        raise invalid(name, f"Invalid boolean: {told}")
    return bool(told == "true")


def text(params: Params, name: str) -> str | None:
    """Return a text, or nothing where it was not sent or is empty."""
    told = params.get(name)
    if told is not None and not isinstance(told, str):
        raise invalid(name, f"Invalid string: {told}")
    return told or None


def table(params: Params, name: str) -> Params:
    """Return a hash, an empty one where it was not sent."""
    told = params.get(name) or {}
    if not isinstance(told, dict):
        raise invalid(name, "Invalid object")
    return told


def metadata(params: Params) -> dict[str, str]:
    """Return the metadata, within Stripe's bounds; an empty value means no value."""
    told = table(params, "metadata")
    if len(told) > 50:
        raise invalid("metadata", "Metadata can have up to 50 keys")
    for key, value in told.items():
        if not isinstance(value, str):
            raise invalid(f"metadata[{key}]", "Metadata values must be strings")
        if len(key) > 40 or len(value) > 500:
            raise invalid(f"metadata[{key}]", "Metadata keys can have 40 characters, values 500")
    return {key: value for key, value in told.items() if value}
