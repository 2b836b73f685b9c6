"""Deeply immutable JSON: what the catalogue holds cannot be changed by whoever is handed a piece of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


def freeze(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value with read-only mappings for objects and tuples for arrays."""
    if isinstance(value, dict):
        return MappingProxyType({name: freeze(item) for name, item in value.items()})
    if isinstance(value, list):
        return tuple(freeze(item) for item in value)
    return value


def thaw(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a fresh copy of a frozen value as plain dicts and lists, fit for `json.dumps`."""
    if isinstance(value, Mapping):
        return {name: thaw(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [thaw(item) for item in value]
    return value
