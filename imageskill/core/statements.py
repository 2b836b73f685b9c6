"""Statements that Django composes once a process, for what every create asks.

Composing a query took the ORM several times as long as the database needs to answer it. These are written as
querysets too, with a `Blank` where a value comes in; their text is kept, and each run only fills the blanks. What
they return and change is what the queryset returns and changes.

A blank that is a column's new value is prepared by the column's own field at each run, as Django prepares it. All
others take text, whole numbers, instants and durations; never None, which SQL compares to nothing. A list behind
`__in` is one blank an element, so its statement is kept for each length. A column that decides each time whether
it may be looked up by, as those behind the veil do, is asked when a statement is composed, so none is looked up by
it here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone
from django.utils.duration import duration_microseconds

if TYPE_CHECKING:
    AnyField = Field[Any, Any]
else:
    AnyField = Field

M = TypeVar("M", bound=Model)


class Blank(Expression):
    """The place of a value in a statement; where it is reckoned with, `ExpressionWrapper` gives it a type."""

    def __init__(self, name: str) -> None:
        """Name it as the runs do."""
        super().__init__()
        self.name = name
        self.column: AnyField | None = None
        """Whose new value it is, if it is one."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ANN401 - Django's signature
        """Return a placeholder, and itself as the value."""
        return "%s", [self]


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement's text, and its values with the blanks among them."""

    sql: str
    values: tuple[Any, ...]
    shape: "_Shape | None" = None
    """Of what it returns, where it returns rows."""

    def filled(self, own: BaseDatabaseWrapper, given: Mapping[str, object]) -> list[Any]:
        return [_filled(own, value, given) if isinstance(value, Blank) else value for value in self.values]


class _Shape:
    """How the rows of a query become values, and these objects: as Django's own ModelIterable does it."""

    def __init__(self, compiler: SQLCompiler) -> None:
        self._compiler = compiler
        self._converters = compiler.get_converters([column for column, *_ in compiler.select])
        kind: dict[str, Any] | None = compiler.klass_info
        if kind is not None:
            self._model: type[Model] = kind["model"]
            self._own = slice(kind["select_fields"][0], kind["select_fields"][-1] + 1)
            self._names = [column.target.attname for column, *_ in compiler.select[self._own]]
            self._beside = _populators(kind, compiler.select, DEFAULT_DB_ALIAS)

    def converted(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if not self._converters:
            return rows
        return list(map(tuple, self._compiler.apply_converters(rows, self._converters)))

    def objects(self, rows: Iterable[tuple[Any, ...]]) -> list[Any]:
        made = []
        for row in rows:
            one = self._model.from_db(DEFAULT_DB_ALIAS, self._names, row[self._own])
            for populator in self._beside:
                populator.populate(row, one)
            made.append(one)
        return made


# Its stubs know the signature of a later Django.
_populators: Callable[..., list[Any]] = get_related_populators


def _named(blanks: Iterable[Blank | list[Blank]]) -> set[str]:
    return {one.name for blank in blanks for one in (blank if isinstance(blank, list) else [blank])}


def _filled(own: BaseDatabaseWrapper, blank: Blank, given: Mapping[str, object]) -> Any:  # noqa: ANN401 - as the driver takes it
    value = given[blank.name]
    return _adapted(own, value) if blank.column is None else _plain(blank.column.get_db_prep_save(value, own))


def _plain(value: Any) -> Any:  # noqa: ANN401 - as the driver takes it
    """Return what stands behind an enumeration: the driver looks for a type of the database behind each anew."""
    return value.value if isinstance(value, Enum) else value


def _adapted(own: BaseDatabaseWrapper, value: object) -> object:
    """Return a value that is compared or reckoned with as this database's driver takes it."""
    if value is None:
        raise TypeError("None is compared with IS NULL: that is another statement")
    if isinstance(value, datetime):
        return own.ops.adapt_datetimefield_value(value)
    if isinstance(value, timedelta):
        return value if own.features.has_native_duration_field else duration_microseconds(value)
    return _plain(value)


class _Composed:
    """What select and update share: one text for each database and each length of the lists."""

    def __init__(self, compose: Callable[..., Any]) -> None:
        self._compose = compose
        self._texts: dict[tuple[object, ...], _Text] = {}

    def _text(self, own: BaseDatabaseWrapper, given: dict[str, object]) -> tuple[_Text, dict[str, object]]:
        lists = {name: value for name, value in sorted(given.items()) if isinstance(value, tuple)}
        shape = (own.vendor, *(len(value) for value in lists.values()))
        text = self._texts.get(shape)
        if text is None:
            blanks: dict[str, Blank | list[Blank]] = {name: Blank(name) for name in given}
            blanks |= {
                name: [Blank(f"{name}.{number}") for number in range(len(value))] for name, value in lists.items()
            }
            text = self._made(own, self._compose(**blanks))
            if {value.name for value in text.values if isinstance(value, Blank)} != _named(blanks.values()):
                raise TypeError("a blank was taken for a value: a list of keys is compared as `relation__pk__in`")
            self._texts[shape] = text
        for name, value in lists.items():
            given |= {f"{name}.{number}": one for number, one in enumerate(value)}
        return text, given

    def _made(self, own: BaseDatabaseWrapper, composed: Any) -> _Text:  # noqa: ANN401 - what `compose` returns is the subclass's own
        raise NotImplementedError


class Select(_Composed, Generic[M]):
    """The rows of a queryset, given as a function of its blanks; a tuple stands for the list behind `__in`."""

    def __init__(self, compose: Callable[..., QuerySet[M, Any]]) -> None:
        """Keep the function; the first run composes."""
        super().__init__(compose)

    def _made(self, own: BaseDatabaseWrapper, composed: QuerySet[M, Any]) -> _Text:
        compiler = composed.query.get_compiler(connection=own)
        sql, values = compiler.as_sql()
        return _Text(sql, tuple(values), _Shape(compiler))

    def rows(self, **given: object) -> list[tuple[Any, ...]]:
        """Return the rows as tuples, converted as the columns' fields have it."""
        return self._read(given)[1]

    def all(self, **given: object) -> list[M]:
        """Return the rows as objects, with what `select_related` names."""
        shape, rows = self._read(given)
        return shape.objects(rows)

    def first(self, **given: object) -> M | None:
        """Return the first of them, or None."""
        shape, rows = self._read(given)
        found: list[M] = shape.objects(rows[:1])
        return found[0] if found else None

    def _read(self, given: dict[str, object]) -> tuple[_Shape, list[tuple[Any, ...]]]:
        own = connections[DEFAULT_DB_ALIAS]
        text, values = self._text(own, given)
        if text.shape is None:
            raise TypeError("this statement returns no rows")
        with own.cursor() as cursor:
            cursor.execute(text.sql, text.filled(own, values))
            return text.shape, text.shape.converted(cursor.fetchall())


class Update(_Composed):
    """An update of a queryset: a function of its blanks that returns the queryset and the columns' new values."""

    def __init__(self, compose: Callable[..., tuple[QuerySet[Any, Any], dict[str, object]]]) -> None:
        """Keep the function; the first run composes."""
        super().__init__(compose)

    def _made(self, own: BaseDatabaseWrapper, composed: tuple[QuerySet[Any, Any], dict[str, object]]) -> _Text:
        rows, changes = composed
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(changes)
        for column, _, value in query.values:
            if isinstance(value, Blank):
                value.column = column
        compiler = query.get_compiler(connection=own)
        sql, values = compiler.as_sql()
        return _Text(sql, tuple(values))

    def run(self, **given: object) -> int:
        """Change the rows and return how many there were."""
        own = connections[DEFAULT_DB_ALIAS]
        text, values = self._text(own, given)
        with own.cursor() as cursor:
            cursor.execute(text.sql, text.filled(own, values))
            return int(cursor.rowcount)


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
    if not rows:
        return
    own = connections[DEFAULT_DB_ALIAS]
    table = _table(own, type(rows[0]), with_key=rows[0].pk is not None)
    values: list[Any] = []
    groups = [_group(own, table, row, clock or {}, values) for row in rows]
    is_keyed = table.key not in table.fields and len(rows) == 1
    returning = f" RETURNING {_quoted(own, table.key)}" if is_keyed else ""
    with own.cursor() as cursor:
        cursor.execute(f"{table.head}{', '.join(groups)}{returning}", values)
        if is_keyed:
            rows[0].pk = cursor.fetchone()[0]
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as save() leaves it


def save(row: Model, *columns: str) -> None:
    """Write these columns of a row, as `save(update_fields=columns)` does.

    LookupError: the table has no such column, or no such row any more.
    """
    own = connections[DEFAULT_DB_ALIAS]
    table = _table(own, type(row), with_key=True)
    fields = [field for field in table.fields if field.attname in columns]
    if len(fields) != len(columns):
        raise LookupError(f"{type(row).__name__} has not all of {', '.join(columns)}")
    changes = ", ".join(f"{_quoted(own, field)} = %s" for field in fields)
    name = own.ops.quote_name(row._meta.db_table)  # noqa: SLF001 - Django's documented name
    with own.cursor() as cursor:
        cursor.execute(
            f"UPDATE {name} SET {changes} WHERE {_quoted(own, table.key)} = %s",  # noqa: S608 - our own names
            [*(_of(own, field, row) for field in fields), _of(own, table.key, row)],
        )
        if cursor.rowcount != 1:
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
            values.append(_adapted(own, timezone.now() + later))
    return f"({', '.join(places)})"


def _of(own: BaseDatabaseWrapper, field: AnyField, row: Model, *, add: bool = False) -> Any:  # noqa: ANN401 - as the driver takes it
    return _plain(field.get_db_prep_save(field.pre_save(row, add), own))


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
