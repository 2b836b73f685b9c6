"""Public ids: `prefix_` + 11 base-36 digits of microseconds + random digits, so that they sort by time.

A picture's id is the key to its bytes, so `image` carries 129 fresh random bits besides the time; the
others carry 72. Nothing increments, so no id tells the next.
"""

import secrets
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models

PREFIXES = frozenset(
    [
        "agt",
        "org",
        "usr",
        "tok",
        "claim",
        "inv",
        "job",
        "image",
        "evt",
        "usage",
        "sig",
        "quote",
        "payatt",
        "receipt",
        "credit_event",
        "hold",
        "reversal",
        "adj",
        "share",
        "trace",
    ]
)
MAX_LENGTH = 48
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TIME_DIGITS = 11
_RANDOM_DIGITS = 14
_PICTURE_RANDOM_DIGITS = 25
PICTURE_DIGITS = _TIME_DIGITS + _PICTURE_RANDOM_DIGITS
"""How many digits a picture's id has after its prefix."""


def _base36(number: int, digits: int) -> str:
    out = []
    for _ in range(digits):
        number, digit = divmod(number, 36)
        out.append(_DIGITS[digit])
    return "".join(reversed(out))


def new_id(prefix: str) -> str:
    """Return a fresh id of a registered prefix."""
    if prefix not in PREFIXES:
        raise ValueError(f"{prefix!r} is no registered id prefix")
    digits = _PICTURE_RANDOM_DIGITS if prefix == "image" else _RANDOM_DIGITS
    moment = _base36(time.time_ns() // 1000, _TIME_DIGITS)
    return f"{prefix}_{moment}{_base36(secrets.randbelow(36**digits), digits)}"


def moment_digits(moment: datetime) -> str:
    """Return what every id made at an instant has after its prefix, so that ids can be compared with a time."""
    return _base36(max(0, int(moment.timestamp() * 1_000_000)), _TIME_DIGITS)


def prefix_of(reference: str) -> str | None:
    """Return the registered prefix of a well-formed id, else None."""
    prefix, _, rest = reference.rpartition("_")
    if prefix not in PREFIXES or len(reference) > MAX_LENGTH or not rest or set(rest) - set(_DIGITS):
        return None
    return prefix


if TYPE_CHECKING:
    TextColumn = models.CharField[str, str]
else:
    TextColumn = models.CharField


class PublicIdField(TextColumn):
    """A text column that fills itself with a fresh id of its prefix; in migrations it is a plain CharField."""

    def __init__(self, prefix: str = "", **kwargs: Any) -> None:  # noqa: ANN401 - Django's field options
        """Take the id's prefix and Django's field options."""
        self.prefix = prefix
        kwargs.setdefault("max_length", MAX_LENGTH)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)

    def get_default(self) -> str:
        """Return a fresh id."""
        return new_id(self.prefix)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        """Describe the column without this class, so that migrations import nothing of the house."""
        name, _path, args, kwargs = super().deconstruct()
        return name or "", "django.db.models.CharField", args, kwargs


def reference_field(**kwargs: Any) -> TextColumn:  # noqa: ANN401 - Django's field options
    """Return a column that holds the public id of something on a higher floor."""
    return TextColumn(max_length=MAX_LENGTH, **kwargs)
