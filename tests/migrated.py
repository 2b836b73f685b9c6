"""A database with every migration applied, made once a run: each worker, and each service begun, takes a copy.

Applying them takes seconds of a processor, and a run needs the outcome some twenty times. Tests of a first start
begin without one.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from django.db import connection
from psycopg import sql

from tests.environment import REPOSITORY

DATABASE: Final = "imageskill.sqlite3"
"""What a service calls its database, in its DATA_DIR."""
FOLDER: Final = Path(os.environ["DATA_DIR"]) / "migrated"
"""Of the run: its workers share it."""
_FILE: Final = FOLDER / DATABASE
_NOTE: Final = FOLDER / "postgresql"
"""Holds the name of PostgreSQL's database, once that is whole."""


@contextmanager
def _alone() -> Iterator[None]:
    """Let the workers of the run in one after the other."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=REPOSITORY,
        env={**os.environ, "DATABASE_URL": database_url, "DATA_DIR": str(FOLDER)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def copy_to(path: Path) -> Path:
    """Lay a migrated SQLite database down as the new file `path`, whose folder is made; return `path`."""
    with _alone():
        if not _FILE.exists():
            making = _FILE.with_name("making.sqlite3")
            _migrate(f"sqlite:///{making}")
            making.rename(_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_FILE, path)
    return path


def template() -> str:
    """Return the name of a migrated PostgreSQL database, beside the one of the tests' settings, to be copied."""
    with _alone():
        if not _NOTE.exists():
            name = f"test_{connection.settings_dict['NAME']}_migrated"
            _drop(name)
            _execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            _migrate(_address(name))
            _NOTE.write_text(name)
        return _NOTE.read_text()


def forget() -> None:
    """Drop what `template` made; files go with the folder of the run."""
    if _NOTE.exists():
        _drop(_NOTE.read_text())
        _NOTE.unlink()


def _address(name: str) -> str:
    """Return the address of a database on the server of the tests."""
    given = {key: quote(str(value), safe="") for key, value in connection.settings_dict.items()}
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{name}"


def _drop(name: str) -> None:
    _execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _execute(statement: sql.Composed) -> None:
    with psycopg.connect(_address("postgres"), autocommit=True) as reached:
        reached.execute(statement)
