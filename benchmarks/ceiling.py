"""How many write transactions a second a database keeps: the limit of whatever writes durably.

Each is as small as can be: one row of the caller's own is updated and committed. A create has four of them, so a
quarter of this is the most that any bookkeeping could reach.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

PER_CREATE = 4
"""Job and hold; running and the attempt; stored; done and settled."""


def rate(database_url: str, *, callers: int, seconds: float) -> float:
    """Return write transactions a second of so many callers at once."""
    begin = _on_sqlite if database_url.startswith("sqlite") else _on_postgresql
    begin(database_url, -1)
    counts = [0] * callers
    end = time.monotonic() + seconds

    def call(number: int) -> None:
        once, close = begin(database_url, number)
        while time.monotonic() < end:
            once()
            counts[number] += 1
        close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def _on_postgresql(url: str, number: int) -> tuple[Callable[[], object], Callable[[], None]]:
    connection = psycopg.connect(url)
    with suppress(psycopg.errors.DuplicateTable):
        connection.execute("CREATE TABLE bench_ceiling (id integer PRIMARY KEY, n integer)")
        connection.commit()
    connection.rollback()
    connection.execute("INSERT INTO bench_ceiling VALUES (%s, 0) ON CONFLICT DO NOTHING", [number])
    connection.commit()

    def once() -> None:
        connection.execute("UPDATE bench_ceiling SET n = n + 1 WHERE id = %s", [number])
        connection.commit()

    return once, connection.close


def _on_sqlite(url: str, number: int) -> tuple[Callable[[], object], Callable[[], None]]:
    path = url.partition("///")[2]
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS bench_ceiling (id integer PRIMARY KEY, n integer)")
    connection.execute("INSERT OR IGNORE INTO bench_ceiling VALUES (?, 0)", [number])

    def once() -> None:
        # One at a time, as the service's writers take turns: SQLite's own waiting is a guess.
        with _turn:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE bench_ceiling SET n = n + 1 WHERE id = ?", [number])
            connection.execute("COMMIT")

    return once, connection.close


_turn = threading.Lock()
