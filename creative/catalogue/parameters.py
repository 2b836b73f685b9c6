"""Checks a caller's `model_parameters` against the model's schema, and completes them with the defaults.

Everything fails closed: an unknown name, a name that is visible but not executable yet, a value of the
wrong type. Types are strict: `true` and `1.0` are no integers, and no number is infinite.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.protocols import Validator

from creative.catalogue.entries import ModelEntry
from creative.catalogue.frozen import thaw
from creative.catalogue.wording import expectation, listed

Errors = dict[str, list[str]]
"""Path of a field -> plain messages, as `recovery.fields` shows them."""

PREFIX = "model_parameters"

_UNKNOWN_NAMES_SHOWN = 10
"""A body with thousands of unknown names must not get an answer thousands of times its size."""
_NAME_CHARACTERS_SHOWN = 64
_PIXEL_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True)
class Completed:
    """The parameters of a call, defaults included, and the names that a default filled."""

    parameters: dict[str, object]
    defaults_applied: tuple[str, ...]


def validate(
    entry: ModelEntry, supplied: Mapping[str, object], *, complete: Mapping[str, object] | None = None
) -> Errors:
    """Return what is wrong with the supplied parameters; an empty dict when nothing is.

    `complete` is what the call will be made with; it decides the rules between parameters (a compression
    needs a format that has one). Without it the model's defaults complete the supplied ones.
    """
    whole = complete if complete is not None else {**entry.defaults, **supplied}
    unknown = [name for name in supplied if name not in entry.properties]
    errors = {_path(name): [_unknown_name(entry, name)] for name in unknown[:_UNKNOWN_NAMES_SHOWN]}
    for name in entry.properties:
        message = _fault(entry, name, supplied[name], whole) if name in supplied else None
        if message:
            errors[_path(name)] = [message]
    return errors


def complete(entry: ModelEntry, supplied: Mapping[str, object]) -> Completed:
    """Return valid parameters with the model's defaults for those that are absent."""
    absent = tuple(name for name in entry.defaults if name not in supplied)
    return Completed({**thaw(entry.defaults), **supplied}, absent)


def accepts(entry: ModelEntry, name: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether the value fits the schema of the parameter, which must exist."""
    return _validator(entry, name).is_valid(value)


def executable_names(entry: ModelEntry) -> list[str]:
    """Return the names that a caller may send today."""
    return [name for name, schema in entry.properties.items() if schema["x-executable"]]


def _path(name: str) -> str:
    return f"{PREFIX}.{name[:_NAME_CHARACTERS_SHOWN]}"


def _unknown_name(entry: ModelEntry, name: str) -> str:
    if name == entry.controls.output_count.parameter:
        return "is set by output_count"
    if name in entry.fixed_controls:
        return f"is fixed for {entry.id} and cannot be changed"
    return f"is no parameter of {entry.id}; allowed are {listed(executable_names(entry))}"


def _fault(entry: ModelEntry, name: str, value: object, whole: Mapping[str, object]) -> str | None:
    schema = entry.properties[name]
    if not schema["x-executable"]:
        return "is visible for planning but not executable yet"
    if not accepts(entry, name, value):
        return f"must be {expectation(schema)}"
    rule: Any = schema.get("x-requires")
    if rule is None or value not in rule.get("when", (value,)):
        return None
    for other, allowed in rule["needs"].items():
        if whole.get(other) not in allowed:
            subject = f"{value} " if "when" in rule else ""
            return f"{subject}needs {other} to be {' or '.join(map(str, allowed))}"
    return None


def _is_integer(_checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_checker: object, value: object) -> bool:
    return _is_integer(_checker, value) or (isinstance(value, float) and math.isfinite(value))


def _pixel_size(
    _validator: Validator, rule: Mapping[str, Any], value: object, _schema: object
) -> Iterator[ValidationError]:
    """Judge WIDTHxHEIGHT by the rule's divisor, longest side, ratio and number of pixels."""
    if value == "auto" and rule["auto"]:
        return
    match = _PIXEL_SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        yield ValidationError("is no size")
        return
    short, long = sorted(int(side) for side in match.groups())
    if short % rule["multiple_of"] or long % rule["multiple_of"] or long > rule["max_side"]:
        yield ValidationError("has a side that is not possible")
    if long > short * rule["max_ratio"]:
        yield ValidationError("is too long for its width")
    if not rule["min_pixels"] <= short * long <= rule["max_pixels"]:
        yield ValidationError("has too few or too many pixels")


_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
_StrictValidator: type[Validator] = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, validators={"x-pixel-size": _pixel_size}, type_checker=_TYPES
)


@lru_cache(maxsize=1024)
def _validator(entry: ModelEntry, name: str) -> Validator:
    """Compile the schema of one parameter, once for each entry."""
    schema = thaw(entry.properties[name])
    _StrictValidator.check_schema(schema)
    return _StrictValidator(schema)
