"""A worker's jobs wait for a connection of the pool while others crowd for it: they are not failed for that."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.environment import for_tests

REPOSITORY = Path(__file__).resolve().parents[2]
TELL = (
    "import django; django.setup()\n"
    "from django.db import connection\n"
    "from creative.queue import procrastinate\n"
    "before = connection.pool.timeout\n"
    "procrastinate._be_patient()\n"
    "print(before, connection.pool.timeout)\n"
    "connection.close_pool()\n"
)


@pytest.mark.both_databases
@pytest.mark.skipif(connection.vendor != "postgresql", reason="workers need PostgreSQL")
def test_a_worker_waits_longer_for_a_connection_than_a_caller_does(tmp_path: Path) -> None:
    told = for_tests(
        tmp_path,
        DATABASE_URL=settings.DATABASE_URL,
        DJANGO_SETTINGS_MODULE="imageskill.settings",
        SECRET_KEY="k" * 60,
        IDENTITY_KEY="i" * 60,
    )
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", TELL],
        cwd=REPOSITORY,
        env=told,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    before, after = map(float, done.stdout.split())
    assert before == 5
    assert after == 60
