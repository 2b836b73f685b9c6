"""Staff reads a hundred thousand reports as it reads ten."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from creative.feedback import snoozing, triage
from creative.models import Feedback
from tests.cast import Member
from tests.feedback.reports import State, report, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def many(agent: Member, number: int, state: str = State.RECEIVED) -> None:
    """Make so many reports of one state with priorities that repeat."""
    now, row = timezone.now(), agent.row
    Feedback.objects.bulk_create(
        Feedback(
            organization=row.organization,
            agent=row,
            state=state,
            title=f"Report {place}",
            quality_score=10,
            is_weak=True,
            priority=place % 7,
            trace_id="trace_0",
            created_at=now,
            last_reported_at=now,
        )
        for place in range(number)
    )


def test_a_tab_is_read_page_by_page_most_pressing_first_and_regressed_before_all(agent: Member) -> None:
    many(agent, 20)
    many(agent, 5, State.REGRESSED)
    many(agent, 3, State.ACCEPTED)
    seen: list[Feedback] = []
    for _ in range(10):
        page = triage.page("new", limit=4, after=seen[-1] if seen else None)
        seen += page
        if len(page) < 4:
            break
    assert len({row.pk for row in seen}) == len(seen) == 25
    expected = sorted(seen, key=lambda row: (row.state == State.REGRESSED, row.priority, row.pk), reverse=True)
    assert [row.pk for row in seen] == [row.pk for row in expected]


def test_tabs_are_counted_in_two_queries_and_the_snoozed_are_apart(agent: Member) -> None:
    many(agent, 4)
    many(agent, 2, State.FIXED)
    row = row_of(report(agent))
    snoozing.snooze(feedback_id=row.pk, version="1.4")
    with CaptureQueriesContext(connection) as queries:
        found = triage.counts()
    assert len(queries) == 2
    assert found == {"new": 4, "needs_proof": 0, "accepted": 0, "done": 2, "snoozed": 1, "all": 7}
    assert [row.pk for row in triage.page("snoozed", limit=5)] == [row.pk]
    assert len(triage.page("all", limit=100)) == 7
    assert row.pk not in {found.pk for found in triage.page("new", limit=100)}


@pytest.mark.parametrize("tab", ["new", "accepted", "done"])
def test_a_page_of_a_tab_is_read_from_its_index_without_sorting(agent: Member, tab: str) -> None:
    for state in triage.TABS[tab]:
        if state != State.DUPLICATE:
            many(agent, 1_500, state)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE creative_feedback")
    first = triage.page(tab, limit=20)
    with CaptureQueriesContext(connection) as queries:
        triage.page(tab, limit=20, after=first[-1])
    (asked,) = queries.captured_queries
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {asked['sql']}")
        plan = str(cursor.fetchall())
    assert "feedback_to_triage" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
