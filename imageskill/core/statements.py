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
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

from imageskill.core.messages import Rows, Statement, adapted, ask, plain

if TYPE_CHECKING:
    AnyField = Field[Any, Any]
else:
    AnyField = Field

M = TypeVar("M", bound=Model)
T = TypeVar("T")


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

    def converted(self, rows: Rows, _: int = 0) -> Rows:
        if not self._converters:
            return rows
        return list(map(tuple, self._compiler.apply_converters(rows, self._converters)))

    def first(self, rows: Rows, _: int) -> Any:  # noqa: ANN401 - an object of its model
        made = self.objects(rows[:1])
        return made[0] if made else None

    def objects(self, rows: Rows, _: int = 0) -> list[Any]:
        made = []
        for row in self.converted(rows):
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
    return adapted(own, value) if blank.column is None else plain(blank.column.get_db_prep_save(value, own))


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

    def rows(self, **given: object) -> Rows:
        """Return the rows as tuples, converted as the columns' fields have it."""
        return ask(self.asked_rows(**given))

    def all(self, **given: object) -> list[M]:
        """Return the rows as objects, with what `select_related` names."""
        return ask(self.asked(**given))

    def first(self, **given: object) -> M | None:
        """Return the first of them, or None."""
        return ask(self.asked_first(**given))

    def asked_rows(self, **given: object) -> Statement[Rows]:
        """Return the statement behind `rows`, to be sent with others."""
        return self._asked(given, _Shape.converted)

    def asked(self, **given: object) -> Statement[list[M]]:
        """Return the statement behind `all`, to be sent with others."""
        return self._asked(given, _Shape.objects)

    def asked_first(self, **given: object) -> Statement[M | None]:
        """Return the statement behind `first`, to be sent with others."""
        return self._asked(given, _Shape.first)

    def _asked(self, given: dict[str, object], told: Callable[[_Shape, Rows, int], T]) -> Statement[T]:
        own = connections[DEFAULT_DB_ALIAS]
        text, values = self._text(own, given)
        if text.shape is None:
            raise TypeError("this statement returns no rows")
        return Statement(text.sql, text.filled(own, values), partial(told, text.shape))


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
        return ask(self.asked(**given))

    def asked(self, **given: object) -> Statement[int]:
        """Return the statement behind `run`, to be sent with others."""
        own = connections[DEFAULT_DB_ALIAS]
        text, values = self._text(own, given)
        return Statement(text.sql, text.filled(own, values), _count, has_rows=False)


def _count(_: Rows, count: int) -> int:
    return count
