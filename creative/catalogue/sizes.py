"""The size that a call's pictures are expected to have, from its complete parameters."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from creative.catalogue.entries import ModelEntry, SizeKind, SizeRule

_TEXT = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


def expected_size(entry: ModelEntry, parameters: Mapping[str, object]) -> Size | None:
    """Return the expected size, or None where it depends on the input or the provider does not say."""
    rule = entry.size
    if rule.kind is SizeKind.NAMED:
        return _named(rule, parameters.get(rule.parameter))
    if rule.kind is SizeKind.TEXT:
        return _text(parameters.get(rule.parameter))
    if rule.kind is SizeKind.RATIO:
        return _ratio(parameters.get(rule.parameter), parameters.get(rule.long_side_parameter))
    return None


def _named(rule: SizeRule, value: object) -> Size | None:
    if isinstance(value, Mapping):
        return Size(value["width"], value["height"])
    found = rule.sizes.get(value) if rule.sizes and isinstance(value, str) else None
    return Size(*found) if found else None


def _text(value: object) -> Size | None:
    match = _TEXT.fullmatch(value) if isinstance(value, str) else None
    return Size(int(match[1]), int(match[2])) if match else None


def _ratio(value: object, long_side: object) -> Size | None:
    """Keep the longer side and round the shorter one, halves to even."""
    if not isinstance(value, str) or not isinstance(long_side, int):
        return None
    across, down = (Fraction(side) for side in value.split(":"))
    short_side = round(long_side * min(across, down) / max(across, down))
    return Size(long_side, short_side) if across >= down else Size(short_side, long_side)
