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


def empty(connection: BaseDatabaseWrapper) -> None:
    """Delete every row of a test, once whoever still writes has come to an end."""
    tables = sorted({*connection.introspection.django_table_names(only_existing=True, include_views=False)} - KEPT)
    if connection.vendor == "postgresql":
        _empty_postgresql(connection, tables)
    else:
        filled = _filled(connection, tables)
        commands = connection.ops.sql_flush(no_style(), filled) if filled else []
        connection.ops.execute_sql_flush(commands)


def _filled(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> list[str]:
    parts = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in tables]  # noqa: S608 - ours
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return [name for (name,) in cursor.fetchall()]


def _empty_postgresql(connection: BaseDatabaseWrapper, tables: list[str]) -> None:
    """Delete rows, which is much quicker than a truncation of few; truncate what forbids it."""
    quoted = ", ".join(f'"{table}"' for table in tables)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {quoted} IN ACCESS EXCLUSIVE MODE")
        filled = _filled(connection, tables)
        cursor.execute(_REFERRING, [filled])
        truncated = [name for (name,) in cursor.fetchall()]
        if truncated:
            cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in truncated))
        for name in {*filled} - {*truncated}:
            cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608 - ours


def after(case: TransactionTestCase) -> None:
    """Do for a test what `TransactionTestCase._fixture_teardown` does."""
    for name in case._databases_names(include_mirrors=False):
        empty(connections[name])
