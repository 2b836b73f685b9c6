"""Empties the database after a test that commits: as Django's `flush`, yet only what holds rows.

`flush` truncates every table, and afterwards makes each content type and permission anew, which are always the
same. With some sixty tables that takes longer than most tests do.
"""

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

KEPT: Final = frozenset({ContentType._meta.db_table, Permission._meta.db_table})
"""What `flush` would put back as it was."""
_REFERRING: Final = """
    WITH RECURSIVE found(oid) AS (
        SELECT tgrelid FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text = ANY(%s)
        UNION SELECT conrelid FROM pg_constraint JOIN found ON confrelid = found.oid WHERE contype = 'f'
    ) SELECT oid::regclass::text FROM found
"""
"""Tables with a trigger of ours, which may forbid to delete, and all that refer to them."""


def tables(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the tables in which tests leave rows."""
    return sorted({*connection.introspection.django_table_names(only_existing=True, include_views=False)} - KEPT)


def empty(connection: BaseDatabaseWrapper) -> None:
    """Delete every row of a test, once whoever still writes has come to an end."""
    if connection.vendor == "postgresql":
        _empty_postgresql(connection, tables(connection))
    else:
        holding = filled(connection, tables(connection))
        commands = connection.ops.sql_flush(no_style(), holding) if holding else []
        connection.ops.execute_sql_flush(commands)


def filled(connection: BaseDatabaseWrapper, names: Iterable[str]) -> list[str]:
    """Return those of the tables that hold a row."""
    parts = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names]  # noqa: S608 - ours
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return [name for (name,) in cursor.fetchall()]


def _empty_postgresql(connection: BaseDatabaseWrapper, names: list[str]) -> None:
    """Delete rows, which is much quicker than a truncation of few; truncate what forbids it."""
    quoted = ", ".join(f'"{name}"' for name in names)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {quoted} IN ACCESS EXCLUSIVE MODE")
        holding = filled(connection, names)
        cursor.execute(_REFERRING, [holding])
        truncated = [name for (name,) in cursor.fetchall()]
        if truncated:
            cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in truncated))
        for name in {*holding} - {*truncated}:
            cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608 - ours


def after(case: TransactionTestCase) -> None:
    """Do for a test what `TransactionTestCase._fixture_teardown` does."""
    for name in case._databases_names(include_mirrors=False):
        empty(connections[name])
