"""Staff finds who signs in with an address by the index that keeps addresses apart, whatever their case."""

import pytest
from django.db import connection
from django.db.models import QuerySet

from accounts import staff
from accounts.models import User
from imageskill.console.people import finding
from tests.pages.people import make_user, make_workspace

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def plan_of(rows: QuerySet[User]) -> str:
    """Return how the database finds rows when it need not read so few that any way is good."""
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    sql, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(explain + sql, values)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_an_address_is_found_by_the_index_of_lower_case() -> None:
    assert "user_email_once" in plan_of(staff.with_address("Ada@Example.com"))
    assert "user_email_once" not in plan_of(User.objects.filter(email__iexact="Ada@Example.com"))


@pytest.mark.parametrize("typed", ["ada@example.com", "ADA@EXAMPLE.COM", "Ada@example.com"])
def test_whatever_the_case_of_either(typed: str) -> None:
    ada = make_user("Ada@example.com")
    make_user("bo@example.com")
    make_workspace(ada)
    assert list(staff.with_address(typed)) == [ada]
    assert [hit.detail for hit in finding.find(typed).hits] == [f"owner is {ada.email}"]
