"""A connection that only reads: whatever would write is refused before it reaches the database."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection

# Several statements may come in one message.
_WRITES: Final = re.compile(
    r'(?:\A|;)\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+"?(\w+)',
    re.IGNORECASE,
)
_SESSIONS: Final = "django_session"


class WriteRefusedError(Exception):
    """A page that should only look would have written."""


@contextmanager
def only() -> Iterator[None]:
    """Let nothing be written by this thread but its session."""
    with connection.execute_wrapper(_look):
        yield


def _look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: ANN401, FBT001 - Django's
    for found in _WRITES.finditer(str(sql)):
        if found[1] != _SESSIONS:
            raise WriteRefusedError(f"writes {found[1]}")
    return execute(sql, params, many, context)
