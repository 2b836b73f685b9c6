"""`unit_of_work`: the one way to open a transaction that writes.

It takes its turn on SQLite (one writer at a time, first come first served), tries again when the database
broke a deadlock, and knows that it is open, so that nothing inside of it waits for a network.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from datetime import datetime
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.messages import ask, clock

P = ParamSpec("P")
T = TypeVar("T")

_TRIES = 4
_CONFLICT_SQLSTATES = {"40001", "40P01"}
_open: ContextVar[bool] = ContextVar("unit_of_work_open", default=False)


class LostCommitError(OperationalError):
    """The database went away at the commit: whether it was done, nobody knows."""


class StaleReadError(Exception):
    """What a unit of work read before its locks has changed meanwhile: it starts again."""


class _Turns:
    """A lock that serves its waiters in the order they came."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        gate.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


_turns = _Turns()


def unit_of_work(work: Callable[P, T]) -> Callable[P, T]:
    """Run `work` in one transaction; inside another unit it joins that one.

    The database's own conflicts (deadlock, serialization, a busy SQLite file) and stale reads are tried again
    three times from the start, so `work` must hold nothing of a first try; then SERVICE_UNAVAILABLE is raised.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if _open.get():
            return work(*args, **kwargs)
        for left in range(_TRIES - 1, -1, -1):
            worked = False
            try:
                with _turn(), transaction.atomic(durable=True):
                    token = _open.set(True)
                    try:
                        done = work(*args, **kwargs)
                        worked = True
                        return done
                    finally:
                        _open.reset(token)
            except (OperationalError, InterfaceError, StaleReadError) as error:
                if isinstance(error, InterfaceError) or (
                    isinstance(error, OperationalError) and not _is_conflict(error)
                ):
                    if worked:
                        raise LostCommitError(*error.args) from error
                    raise
                if left:
                    time.sleep(random.uniform(0.005, 0.05) * (_TRIES - left))  # noqa: S311 - only spreads the tries
        raise ApiError(ErrorCode.SERVICE_UNAVAILABLE, retry_after_seconds=1)

    return run


def _turn() -> AbstractContextManager[None]:
    return _turns if connection.vendor == "sqlite" else nullcontext()


def _is_conflict(error: OperationalError) -> bool:
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    return sqlstate in _CONFLICT_SQLSTATES or (connection.vendor == "sqlite" and "locked" in str(error))


def forbid_inside(what: str) -> None:
    """Raise where slow work (`what`) is about to start while a transaction is open."""
    if _open.get():
        raise RuntimeError(f"{what} inside a unit of work would hold its locks while waiting")


def release_connection() -> None:
    """Give this thread's connection back before it waits for something slow; a transaction keeps its own.

    A pool has fewer connections than there are threads: who waits must not keep one from those that work. On
    SQLite each thread has the file open for itself: nobody lacks it, and opening it anew reads the whole schema.
    """
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        connection.close()


def database_now() -> datetime:
    """Return the database's clock at this very moment, also inside a transaction (UTC)."""
    return ask(clock())
