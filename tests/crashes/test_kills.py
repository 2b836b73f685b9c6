"""kill -9 at each commit of a create, again and again: nothing is lost, nothing is charged for nothing."""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tests import migrated
from tests.environment import REPOSITORY, for_tests

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
ROUNDS = 8
KEYS = {"SECRET_KEY": "s" * 50, "IDENTITY_KEY": "i" * 50, "BASE_URL": "http://testserver"}


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """A database that nobody else uses: a file, or a new one on the server of the test."""
    if connection.vendor != "postgresql":
        yield f"sqlite:///{migrated.copy_to(tmp_path / 'crashes.sqlite3')}"
        return
    name = f"crashes_{uuid.uuid4().hex}"
    given = settings.DATABASES["default"]
    address = f"{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated.template()}"')
    yield f"postgres://{address}/{name}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def told(database_url: str, tmp_path: Path) -> dict[str, Any]:
    """What the nursery found."""
    run = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "tests.crashes.nursery", str(ROUNDS)],
        cwd=REPOSITORY,
        env=for_tests(
            tmp_path,
            **KEYS,
            DATABASE_URL=database_url,
            DJANGO_SETTINGS_MODULE="imageskill.settings",
            EMAIL_URL="memorymail://",
            JOB_LEASE_SECONDS="2",
            JOB_RUNNER="threads",
            SIGNUPS_PER_HOUR="100000",
            PREVIEW_DAILY_BUDGET_CREDITS="1000000",
        ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_a_create_that_is_killed_anywhere_leaves_the_books_right(told: dict[str, Any]) -> None:
    # On a free thread the attempt is committed with the job; a job that waits for its turn is taken later.
    assert told["commits"]["at once"] >= 3
    assert told["commits"]["in turn"] == told["commits"]["at once"] + 1
    assert set(told["signals"]) == {signal.SIGKILL}
    at_once, in_turn = 2 * told["commits"]["at once"] + 2, 2 * (told["commits"]["in turn"] - 2)
    assert len(told["signals"]) == ROUNDS * at_once + ROUNDS // 2 * in_turn
    assert told["quiet"]
    assert told["offences"] == []
    for point, left in zip(told["points"], told["left"], strict=True):
        assert set(left["states"]) <= {"completed", "failed"}, (point, left)
        assert left["open_holds"] == 0, (point, left)
        # What was delivered is charged; a repeat with the same key ends with one picture, charged once.
        assert left["charged"] == left["pictures"] == left["readable"], (point, left)
        assert left["again"] == 200, (point, left)
        assert (left["charged_after"], left["remaining"]) == (1, 49), (point, left)
