"""A database that answers is not yet one that takes what is written: a standby, or one whose disk is full."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from imageskill.site import health

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.both_databases,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lies on the disk of the pictures"),
]


def test_one_that_only_reads_is_not_fit() -> None:
    assert health.database_answers()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
        assert not health.database_answers()


def test_it_is_asked_for_room_now_and_then_and_not_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_room_until", 0.0)
    asked = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as captured:
            assert health.database_answers()
        asked.append(sum("generate_series" in one["sql"] for one in captured.captured_queries))
    assert asked == [1, 0, 0]


def test_asking_for_room_writes_a_file() -> None:
    """The bytes that PostgreSQL wrote outside of its memory, as it tells them itself."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {health._NEEDS_ROOM}")
        assert any("temp read=" in line and "written=" in line for (line,) in cursor.fetchall())
