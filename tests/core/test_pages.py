"""Pages of a list: bounded, by key, the same rows whatever comes in between."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Organization
from imageskill.core import ids, pagination
from imageskill.core.errors import ApiError
from tests.cast import Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def fill(count: int) -> list[str]:
    """Make rows; return their ids, newest first."""
    made = [Organization.objects.create(name="x", created_at=timezone.now()).pk for _ in range(count)]
    return sorted(made, reverse=True)


def page(query: str) -> tuple[list[str], str | None]:
    rows, cursor = pagination.page(Organization.objects.all(), QueryDict(query), prefix="org")
    return [row.pk for row in rows], cursor


@pytest.mark.parametrize(
    ("query", "limit"), [("", 20), ("limit=1", 1), ("limit=100", 100), ("limit=9&limit=7", 7)]
)
def test_a_limit_is_between_one_and_a_hundred(query: str, limit: int) -> None:
    assert pagination.limit_of(QueryDict(query)) == limit


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "101",
        "-1",
        "+1",
        "1.0",
        "1e1",
        "",
        "%20",
        "007",
        "000001234567",
        "000020",
        "9" * 5000,
        "٣",
        "²",
        "1_0",
    ],
)
def test_no_other_limit_passes(text: str, agent: Member) -> None:
    with pytest.raises(ApiError) as caught:
        pagination.limit_of(QueryDict(f"limit={text}"))
    assert caught.value.recovery == {"fields": {"limit": ["must be an integer between 1 and 100"]}}
    refused = agent.get(f"/v1/activity?limit={text}")
    assert (refused.code, refused.status, refused.exit_code) == ("INVALID_ARGUMENTS", 400, 2)


@pytest.mark.parametrize("count", [0, 1, 3, 6, 7])
def test_pages_hold_every_row_once_and_the_last_says_so(count: int) -> None:
    whole = fill(count)
    seen, cursor = page("limit=3")
    for _ in range(10):
        if cursor is None:
            break
        assert cursor == seen[-1]
        shown, cursor = page(f"limit=3&cursor={cursor}")
        assert shown
        seen += shown
    assert seen == whole
    assert cursor is None


def test_rows_that_come_in_between_move_nothing() -> None:
    whole = fill(5)
    first, cursor = page("limit=2")
    fill(4)
    rest, end = page(f"limit=10&cursor={cursor}")
    assert (first + rest, end) == (whole, None)


def test_rows_that_go_in_between_move_nothing() -> None:
    whole = fill(5)
    first, cursor = page("limit=2")
    Organization.objects.filter(pk=first[-1]).delete()
    assert page(f"limit=10&cursor={cursor}") == (whole[2:], None)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "org",
        "org_",
        "job_0hod1r617mc3htpzfv3cuso56",
        "org_ABC",
        "org_%00",
        "org_a.b",
        "org_" + "0" * 50,
        "%F0%9F",
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ApiError) as caught:
        page(f"cursor={cursor}")
    assert list(caught.value.recovery["fields"]) == ["cursor"]


def test_ids_sort_as_they_were_made_and_tell_nothing_of_the_next() -> None:
    start = datetime(2026, 3, 4, tzinfo=UTC)
    made = []
    for number in range(1000):
        with time_machine.travel(start + timedelta(milliseconds=number), tick=False):
            made += [ids.new_id("image"), ids.new_id("image")]
    assert len(set(made)) == len(made)
    assert [one[:17] for one in made] == sorted(one[:17] for one in made)
    assert len({one[-25:-20] for one in made}) > 1900
    assert all(ids.prefix_of(one) == "image" for one in made)


def test_every_prefix_is_read_back_and_nothing_else() -> None:
    for prefix in ids.PREFIXES:
        assert ids.prefix_of(ids.new_id(prefix)) == prefix
    for text in itertools.chain(("", "_", "job", "job_", "nope_0", "job_Ä", "job-0"), ids.PREFIXES):
        assert ids.prefix_of(text) is None
    with pytest.raises(ValueError, match="no registered id prefix"):
        ids.new_id("nope")
