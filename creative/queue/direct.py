"""A connection of its own to PostgreSQL, for what cannot go through a pooler: LISTEN, and the worker's queue."""

from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

_LIBPQ_SCHEME = "postgresql"


def parameters() -> dict[str, Any]:
    """Return how to connect: DATABASE_DIRECT_URL, or the address of the service's own connections."""
    if settings.DATABASE_DIRECT_URL:
        address = settings.DATABASE_DIRECT_URL.partition("://")[2]
        return dict(conninfo_to_dict(f"{_LIBPQ_SCHEME}://{address}"))
    given = dict(connection.get_connection_params())
    given.pop("cursor_factory", None)
    given.pop("context", None)
    return given
