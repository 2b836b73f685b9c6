"""Keyset pagination over ids that sort by time: newest first, no COUNT, no offset."""

import re
from typing import Any, Protocol, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

from imageskill.core.errors import invalid_fields
from imageskill.core.ids import prefix_of

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 100
_LIMIT = re.compile(r"[1-9][0-9]{0,2}")


class Identified(Protocol):
    """A row with a public id."""

    pk: Any


M = TypeVar("M", bound=Model)


def limit_of(query: QueryDict) -> int:
    """Return the page size of a query (1 to 100, default 20)."""
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not _LIMIT.fullmatch(text) or int(text) > LARGEST_LIMIT:
        raise invalid_fields({"limit": [f"must be an integer between 1 and {LARGEST_LIMIT}"]})
    return int(text)


def page(rows: QuerySet[M], query: QueryDict, *, prefix: str) -> tuple[list[M], str | None]:
    """Return one page of `rows` ordered by descending id, and the cursor of the next page, if there is one.

    The cursor is the id of the last row shown; INVALID_ARGUMENTS if it is no id of `prefix`.
    """
    limit = limit_of(query)
    cursor = query.get("cursor")
    if cursor is not None:
        if prefix_of(cursor) != prefix:
            raise invalid_fields({"cursor": ["must be the next_cursor of an earlier page"]})
        rows = rows.filter(pk__lt=cursor)
    found = list(rows.order_by("-pk")[: limit + 1])
    shown = found[:limit]
    return shown, str(shown[-1].pk) if len(found) > limit else None
