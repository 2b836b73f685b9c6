"""People by their addresses: found whatever the case, and by the index that keeps each address once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ADDRESS = "Ann_1@Example.com"


@pytest.fixture
def ann() -> User:
    User.objects.create_user("AnnX1@example.com")
    return User.objects.create_user(ADDRESS)


@pytest.mark.parametrize("typed", [ADDRESS, "ann_1@example.com", "ANN_1@EXAMPLE.COM"])
def test_a_person_is_found_whatever_the_case(ann: User, typed: str) -> None:
    assert User.objects.get_by_natural_key(typed) == ann


@pytest.mark.parametrize("typed", ["", "ann%@example.com", "ann_2@example.com", " ann_1@example.com", None])
def test_nobody_is_found_by_anything_else(ann: User, typed: str | None) -> None:
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key(typed)


def test_an_index_finds_a_person(ann: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        User.objects.get_by_natural_key(ADDRESS)
    (asked,) = queries.captured_queries
    explain, by_index = "EXPLAIN QUERY PLAN", "SEARCH accounts_user USING INDEX user_email_once"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            explain, by_index = "EXPLAIN", "Index Cond: (lower((email)::text) = "
            # Of two rows it reads the table, where it may.
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {asked['sql']}")
        plan = str(cursor.fetchall())
    assert "user_email_once" in plan
    assert by_index in plan
