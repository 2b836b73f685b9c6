"""Statements on their way to the database: those that belong together go in one message.

A message to PostgreSQL costs its way there and back, whatever it holds; what is read together under a lock, or
written together before a commit, need not pay that for each statement. Each still sees what those before it did
and what others have committed by then, as when it is sent alone: what is read behind a lock in the same message is
read when the lock is had. The time is not: `Now()`, and what `inserted` dates, is when the message came,
which is before a lock in it was had; `clock` is asked at its turn. SQLite lives in this process, so there they run
one after the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from django.utils.duration import duration_microseconds

T = TypeVar("T")
U = TypeVar("U")

Rows = list[tuple[Any, ...]]
BETWEEN: Final = ";\n"
"""What stands between the statements of a message."""


@dataclass(frozen=True, slots=True)
class Statement(Generic[T]):
    """One statement with its values, and what becomes of its rows, or of the number of those that it changed.

    Without words it asks nothing, and tells what it can by itself.
    """

    sql: str
    values: Sequence[Any]
    told: Callable[[Rows, int], T]
    has_rows: bool = True

    def then(self, read: "Callable[[T], U]") -> "Statement[U]":
        """Return the same statement, telling what `read` makes of what it tells."""
        told = self.told
        return Statement(self.sql, self.values, lambda rows, count: read(told(rows, count)), self.has_rows)


def send(*statements: Statement[Any]) -> list[Any]:
    """Run statements in their order and return what each tells; what one tells is asked once all have run."""
    own = connections[DEFAULT_DB_ALIAS]
    with own.cursor() as cursor:
        if own.vendor == "postgresql" and len(statements) > 1:
            answers = _in_one(own, cursor, statements)
        else:
            answers = [_alone(cursor, statement) for statement in statements]
    return [statement.told(rows, count) for statement, (rows, count) in zip(statements, answers, strict=True)]


def ask(statement: Statement[T]) -> T:
    """Run one statement and return what it tells."""
    [told] = send(statement)
    answer: T = told
    return answer


def written(sql: str, *values: object, has_rows: bool = True) -> Statement[Rows]:
    """Return a statement that is written out; its values are those that a composed one takes."""
    own = connections[DEFAULT_DB_ALIAS]
    return Statement(sql, [adapted(own, value) for value in values], _rows, has_rows)


def clock() -> Statement[datetime]:
    """Return what reads the database's clock at the moment of its turn, also inside a transaction (UTC).

    SQLite has the clock of this process, which is read when all statements have run.
    """
    if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
        return Statement("SELECT clock_timestamp()", [], lambda rows, _: rows[0][0])
    # The process is the database: there is one clock.
    return Statement("", [], lambda *_: timezone.now(), has_rows=False)


def _rows(rows: Rows, _: int) -> Rows:
    return rows


def _alone(cursor: Any, statement: Statement[Any]) -> tuple[Rows, int]:  # noqa: ANN401 - Django's cursor
    if not statement.sql:
        return [], 0
    cursor.execute(statement.sql, statement.values)
    return _answer(cursor, statement)


def _in_one(
    own: BaseDatabaseWrapper,
    cursor: Any,  # noqa: ANN401 - Django's cursor
    statements: Sequence[Statement[Any]],
) -> list[tuple[Rows, int]]:
    with own.wrap_database_errors:
        # The driver writes each statement's values into it and keeps its parsed text; a whole it would parse anew.
        text = BETWEEN.join(cursor.mogrify(statement.sql, statement.values) for statement in statements)

    placed = BETWEEN.join(statement.sql for statement in statements)

    def merged(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:  # noqa: ANN401, FBT001 - Django's signature
        # Who looks may ask the database something of its own meanwhile.
        return execute(text, None, many, context) if sql is placed else execute(sql, values, many, context)

    # Whoever else looks at statements, as traces do, is shown placeholders, never what is written in their place.
    with own.execute_wrapper(merged):
        cursor.execute(placed, [value for statement in statements for value in statement.values])
    answers = [_answer(cursor, statements[0])]
    for statement in statements[1:]:
        if not cursor.nextset():
            raise AssertionError("the database answered fewer statements than it was sent")
        answers.append(_answer(cursor, statement))
    return answers


def _answer(cursor: Any, statement: Statement[Any]) -> tuple[Rows, int]:  # noqa: ANN401 - Django's cursor
    return (cursor.fetchall() if statement.has_rows else []), cursor.rowcount


def plain(value: Any) -> Any:  # noqa: ANN401 - as the driver takes it
    """Return what stands behind an enumeration: the driver looks for a type of the database behind each anew."""
    return value.value if isinstance(value, Enum) else value


def adapted(own: BaseDatabaseWrapper, value: object) -> object:
    """Return a value that is compared or reckoned with as this database's driver takes it. TypeError: None."""
    if value is None:
        raise TypeError("None is compared with IS NULL: that is another statement")
    if isinstance(value, datetime):
        return own.ops.adapt_datetimefield_value(value)
    if isinstance(value, timedelta):
        return value if own.features.has_native_duration_field else duration_microseconds(value)
    return plain(value)
