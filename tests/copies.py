"""Copies of costly beginnings: each row and file that a making left behind, laid down again at once.

Hundreds of tests begin with the same studio, and making it takes more work than most of them do with it. A copy
is laid down only where it is what a new one would be: in an empty database and an empty folder, under the same
settings, with the usual providers, by the clock that everybody has, and so soon that what was "just now" still is.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import time_machine
from django.conf import UserSettingsHolder, settings
from django.core.files.storage import storages
from django.db import connection, transaction

from billing import quota
from billing.models import Mandate
from creative import prices, registry
from creative.providers import canvas
from creative.storage import DurableFolder
from tests import emptying

LASTS_SECONDS: Final = 45.0
"""A copy is not older, so that pages still say "now" and nothing has ended that lasts a minute."""
PERIOD_SECONDS: Final = 600
"""Nor is it of other ten minutes than the test: no hour, no day and no claim's code ends between them."""
_MODE: Final = 0o640
"""How `creative.storage` writes a file."""

Told = dict[str, Any]
"""What a making returns: plain values, for everything else is read from the database."""


@dataclass(frozen=True)
class _Kept:
    """What a making left behind."""

    told: Told
    until: float
    """When, by the monotonic clock, it is too old."""
    rows: Mapping[str, Any]
    """By table, as the database has them."""
    files: Mapping[str, bytes]
    mandates: Mapping[str, Mandate]
    """What this process then remembered of it."""


_kept: dict[Hashable, _Kept] = {}


def laid_down(name: Hashable, make: Callable[[], Told], *, lasts_seconds: float | None = None) -> Told:
    """Do what `make` does and return what it returns: by a copy of what it did before, where that is the same.

    A copy is not older than LASTS_SECONDS, or than `lasts_seconds` where minutes make no difference.
    """
    place = _circumstances(name)
    if place is None or not _is_empty():
        return make()
    for old in [other for other, kept in _kept.items() if time.monotonic() > kept.until]:
        del _kept[old]
    if place in _kept:
        _lay_down(_kept[place])
    else:
        _kept[place] = _keep(make, LASTS_SECONDS if lasts_seconds is None else lasts_seconds)
    return deepcopy(_kept[place].told)


def _circumstances(name: Hashable) -> Hashable | None:
    """Return all that a making hangs on besides the database; None: nothing like it may be kept."""
    is_usual = (
        isinstance(registry.provider("canvas"), canvas.Adapter)
        and settings.JOB_QUEUE == "tests.doubles.run_at_once"
        and isinstance(storages["media"], DurableFolder)
        and not any(_folder().glob("*"))
        and not time_machine.escape_hatch.is_travelling()
    )
    if not is_usual:
        return None
    return name, connection.in_atomic_block, int(time.time() // PERIOD_SECONDS), repr(_own_settings())


def _own_settings() -> dict[str, Any]:
    """Return the settings that differ from those of the suite, but for the folder, which each test has its own."""
    found: dict[str, Any] = {}
    holder = settings._wrapped
    while isinstance(holder, UserSettingsHolder):
        found = {name: value for name, value in vars(holder).items() if name.isupper()} | found
        holder = holder.default_settings
    return {name: found[name] for name in sorted(found) if name != "STORAGES"}


def _folder() -> Path:
    return Path(storages["media"].path(""))


@cache
def _tables() -> list[str]:
    return emptying.tables(connection)


def _is_empty() -> bool:
    return not emptying.filled(connection, _tables())


def _keep(make: Callable[[], Told], lasts_seconds: float) -> _Kept:
    until, known = time.monotonic() + lasts_seconds, {*quota._remembered}
    told = make()
    return _Kept(
        told=told,
        until=until,
        rows={table: _read(table) for table in emptying.filled(connection, _tables())},
        files={str(path.relative_to(_folder())): path.read_bytes() for path in _folder().rglob("*.*")},
        mandates={agent: mandate for agent, mandate in quota._remembered.items() if agent not in known},
    )


def _lay_down(kept: _Kept) -> None:
    with transaction.atomic():
        for table, rows in kept.rows.items():
            _write(table, rows)
    folder = _folder()
    for name, content in kept.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(_MODE)
    # What this process remembers of a making, for tests that count queries.
    prices.catalogue()
    quota._remembered.update(kept.mandates)


def _read(table: str) -> Any:
    """Return a table's rows as they are stored, without Django's or the driver's understanding of them."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{table}" TO STDOUT') as reading:
                return b"".join(reading)
        cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')  # noqa: S608 - ours
        columns = ", ".join(f'+"{column[0]}"' for column in cursor.description)
        # What is computed, be it by a mere plus, has no declared type that the driver would go by.
        cursor.execute(f'SELECT {columns} FROM "{table}"')  # noqa: S608 - ours
        return cursor.fetchall()


def _write(table: str, rows: Any) -> None:
    """Write rows as they were read. Numbers of rows go on behind them: sequences never go back while tests run."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{table}" FROM STDIN') as writing:
                writing.write(rows)
            return
        values = ", ".join(["%s"] * len(rows[0]))
        cursor.executemany(f'INSERT INTO "{table}" VALUES ({values})', rows)  # noqa: S608 - ours
