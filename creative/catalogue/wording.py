"""Says in plain words what a parameter's schema asks for: `an integer between 0 and 4294967295`."""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]


def expectation(schema: Schema) -> str:
    """Return what a value must be, to stand after `must be`."""
    if "anyOf" in schema:
        return ", or ".join(expectation(option) for option in schema["anyOf"])
    if "enum" in schema:
        return f"one of {listed(schema['enum'])}"
    if "x-pixel-size" in schema:
        return _pixel_size(schema["x-pixel-size"])
    kind = schema.get("type")
    if kind in {"integer", "number"}:
        return _number("an integer" if kind == "integer" else "a number", schema)
    if kind == "object":
        fields = schema.get("properties", {})
        return "an object with " + " and ".join(f"{name} ({expectation(fields[name])})" for name in fields)
    return {"boolean": "true or false", "string": "a string"}.get(str(kind), "valid")


def listed(values: Sequence[object]) -> str:
    """Return the values as a list for a sentence."""
    return ", ".join(str(value) for value in values)


def _number(noun: str, schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        noun = f"{noun} between {low} and {high}"
    elif low is not None:
        noun = f"{noun} of at least {low}"
    elif high is not None:
        noun = f"{noun} of at most {high}"
    return f"{noun} in steps of {schema['multipleOf']}" if "multipleOf" in schema else noun


def _pixel_size(rule: Schema) -> str:
    return (
        f"{'auto or ' if rule['auto'] else ''}WIDTHxHEIGHT, both multiples of {rule['multiple_of']} and "
        f"at most {rule['max_side']}, no longer than {rule['max_ratio']}:1, with {rule['min_pixels']} to "
        f"{rule['max_pixels']} pixels"
    )
