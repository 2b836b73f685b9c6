"""Adding rows and saving columns of rows, as Django's `save` does, in statements that can be sent together.

No signal is sent; the house has none. What is written is what each field's `pre_save` and `get_db_prep_save` make.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model
from django.utils import timezone

from imageskill.core.messages import Rows, Statement, adapted, ask, plain

if TYPE_CHECKING:
    AnyField = Field[Any, Any]
else:
    AnyField = Field


@dataclass(frozen=True, slots=True)
class _Table:
    """What an insert and a save need to know of a table."""

    fields: tuple[AnyField, ...]
    key: AnyField
    head: str
    """`INSERT INTO` with the columns, and `VALUES`."""


_tables: Final[dict[tuple[object, ...], _Table]] = {}


def insert(*rows: Model, clock: Mapping[str, timedelta] | None = None) -> None:
    """Add rows of one table in one statement, as `save(force_insert=True)` adds each.

    A key that the database gives is set on a row that comes alone. `clock` names columns that the database dates
    as it writes: so much later than its own now.
    """
    if rows:
        ask(inserted(*rows, clock=clock))


def inserted(*rows: Model, clock: Mapping[str, timedelta] | None = None) -> Statement[None]:
    """Return the statement behind `insert`, to be sent with others. ValueError: there are no rows."""
    if not rows:
        raise ValueError("an insert adds at least one row")
    own = connections[DEFAULT_DB_ALIAS]
    table = _table(own, type(rows[0]), with_key=rows[0].pk is not None)
    values: list[Any] = []
    groups = [_group(own, table, row, clock or {}, values) for row in rows]
    is_keyed = table.key not in table.fields and len(rows) == 1
    returning = f" RETURNING {_quoted(own, table.key)}" if is_keyed else ""
    sql = f"{table.head}{', '.join(groups)}{returning}"
    return Statement(sql, values, partial(_added, rows), has_rows=is_keyed)


def _added(rows: tuple[Model, ...], keys: Rows, _: int) -> None:
    if keys:
        rows[0].pk = keys[0][0]
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as save() leaves it


def save(row: Model, *columns: str) -> None:
    """Write these columns of a row, as `save(update_fields=columns)` does.

    LookupError: the table has no such column, or no such row any more.
    """
    ask(saved(row, *columns))


def saved(row: Model, *columns: str) -> Statement[None]:
    """Return the statement behind `save`, to be sent with others; it raises when it is told what it changed."""
    own = connections[DEFAULT_DB_ALIAS]
    table = _table(own, type(row), with_key=True)
    fields = [field for field in table.fields if field.attname in columns]
    if len(fields) != len(columns):
        raise LookupError(f"{type(row).__name__} has not all of {', '.join(columns)}")
    changes = ", ".join(f"{_quoted(own, field)} = %s" for field in fields)
    name = own.ops.quote_name(row._meta.db_table)  # noqa: SLF001 - Django's documented name
    sql = f"UPDATE {name} SET {changes} WHERE {_quoted(own, table.key)} = %s"  # noqa: S608 - our own names
    values = [*(_of(own, field, row) for field in fields), _of(own, table.key, row)]
    return Statement(sql, values, partial(_changed, row), has_rows=False)


def _changed(row: Model, _: Rows, count: int) -> None:
    if count != 1:
        raise LookupError(f"{type(row).__name__} {row.pk} is not there")


def _group(
    own: BaseDatabaseWrapper, table: _Table, row: Model, clock: Mapping[str, timedelta], values: list[Any]
) -> str:
    """Return a row's placeholders, and add its values."""
    places = []
    for field in table.fields:
        later = clock.get(field.attname)
        if later is None:
            places.append("%s")
            values.append(_of(own, field, row, add=True))
        elif own.vendor == "postgresql":
            places.append("statement_timestamp() + %s")
            values.append(later)
        else:
            # The process is the database: there is one clock.
            places.append("%s")
            values.append(adapted(own, timezone.now() + later))
    return f"({', '.join(places)})"


def _of(own: BaseDatabaseWrapper, field: AnyField, row: Model, *, add: bool = False) -> Any:  # noqa: ANN401 - as the driver takes it
    return plain(field.get_db_prep_save(field.pre_save(row, add), own))


def _quoted(own: BaseDatabaseWrapper, field: AnyField) -> str:
    return own.ops.quote_name(str(field.column))


def _table(own: BaseDatabaseWrapper, kind: type[Model], *, with_key: bool) -> _Table:
    table = _tables.get((own.vendor, kind, with_key))
    if table is None:
        meta = kind._meta  # noqa: SLF001 - Django's documented name
        fields = tuple(field for field in meta.concrete_fields if with_key or field is not meta.auto_field)
        columns = ", ".join(_quoted(own, field) for field in fields)
        head = f"INSERT INTO {own.ops.quote_name(meta.db_table)} ({columns}) VALUES "  # noqa: S608 - our own names
        table = _Table(fields, meta.pk, head)
        _tables[own.vendor, kind, with_key] = table
    return table
