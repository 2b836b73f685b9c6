"""What may be seen of a column, how its values are shown, and what rows are called."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin.utils import quote, unquote
from django.db import models

from imageskill.core.ids import PublicIdField, prefix_of

if TYPE_CHECKING:
    Field = models.Field[Any, Any]
else:
    Field = models.Field

_TIME_OF_PICTURE: Final = len("image_") + 11
"""As much of a picture's id tells when it was made; what follows is the key to its bytes."""
_OPENS_OR_PROVES: Final = ("sha256", "digest", "secret", "seed", "password", "_key", "_url", "chain_head")
_FREE: Final = (models.TextField, models.JSONField, models.BinaryField)
_WITHOUT_PLURAL: Final = ("feedback", "evidence")


def hides_by_itself(field: Field) -> bool:
    """Say whether a column is of those that are shown only where an admin says so by name."""
    return isinstance(field, _FREE) or any(mark in field.name for mark in _OPENS_OR_PROVES)


def opens_a_picture(value: object) -> bool:
    """Say whether a value is the id of a picture."""
    return prefix_of(str(value)) == "image"


def short(value: object) -> str:
    """Return as much of a picture's id as opens nothing."""
    return f"{str(value)[:_TIME_OF_PICTURE]}…"


def plainly(value: object) -> str:
    """Return how a value is shown: to the second, in words, or as JSON."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def id_prefix_of(field: Field) -> str:
    """Return the prefix of the public ids that a column holds; empty where it holds none."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field.prefix if isinstance(field, PublicIdField) else ""


def in_address(key: object) -> str:
    """Return a key as an address has it: as it is, and only where Django would misread it in Django's way."""
    text = str(key)
    return text if unquote(text) == text else quote(text)


def plural_of(name: str) -> str:
    """Return what many of a table's rows are called."""
    if name.endswith(_WITHOUT_PLURAL):
        return name
    if name.endswith("y") and name[-2] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch")) else f"{name}s"
