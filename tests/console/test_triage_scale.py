"""The triage reads a hundred thousand reports as it reads thirty: the same queries, each by an index."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Agent
from creative.feedback import alike, attached, changelog, inbox, triage
from creative.feedback.vocabulary import LEVELS, TYPES
from creative.models import Feedback, FeedbackEvidence, FeedbackTerm
from imageskill.console.feedback import listing, reading
from imageskill.console.feedback.listing import Place
from tests import copies
from tests.console.desk import desk, make_agent, make_report, many

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FULL = 20_000
FEW = 3_000
"""Rows that one step may look at: a count ends at a thousand, and one row in three of a tab may be passed over."""


def full() -> Feedback:
    """Return the newest of twenty thousand reports, which are made once and then laid down again."""
    told = copies.laid_down(
        "twenty thousand reports", lambda: {"newest": fill(make_agent()).pk}, lasts_seconds=copies.PERIOD_SECONDS
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE creative_feedback")
        cursor.execute("ANALYZE creative_feedbackterm")
    return Feedback.objects.get(pk=told["newest"])


def fill(agent: Agent) -> Feedback:
    """Make an inbox of twenty thousand: every state, type and severity, with terms, the newest one returned."""
    states = [state for state in triage.State.values if state != "duplicate"]
    now = timezone.now()
    Feedback.objects.bulk_create(
        [
            Feedback(
                organization=agent.organization,
                agent=agent,
                state="received" if at % 3 else states[at % len(states)],
                type=TYPES[at % 5],
                severity=LEVELS[at % 4],
                title=f"Report {at}",
                command_key=f"command-{at % 50}",
                error_code="TIMEOUT",
                quality_score=10,
                is_weak=True,
                priority=at % 977,
                public_title="Known" if at % 399 == 3 else "",
                snoozed_at=now if at % 200 == 7 else None,
                triaged_at=now if at % 2 else None,
                state_changed_at=now,
                trace_id="trace_0",
                created_at=now - timedelta(days=at % 20),
                last_reported_at=now,
            )
            for at in range(FULL)
        ],
        batch_size=1_000,
    )
    ids = list(Feedback.objects.values_list("pk", flat=True))
    FeedbackTerm.objects.bulk_create(
        [
            FeedbackTerm(feedback_id=pk, term=word, of=3)
            for at, pk in enumerate(ids)
            for word in ("background", f"word{at % 90}", f"rare{at}")
        ],
        batch_size=1_000,
    )
    return make_report(agent, command_key="command-7", error_code="TIMEOUT")


def asked_by(doing: Callable[[], Any]) -> list[str]:
    """Return the queries that reading something takes."""
    with CaptureQueriesContext(connection) as queries:
        doing()
    return [str(query["sql"]) for query in queries.captured_queries]


def run(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("%", "%%"), None)
        return list(cursor.fetchall())


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a plan's steps, as PostgreSQL tells them."""
    return [plan, *(found for part in plan.get("Plans", []) for found in nodes(part))]


def wide_steps(sql: str) -> list[str]:
    """Return the steps of a query that look at more rows than a page and its counts need."""
    if connection.vendor == "postgresql":
        (row,) = run(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        told = row[0][0] if isinstance(row[0], list) else json.loads(row[0])[0]
        return [
            f"{step['Node Type']} looked at {looked}: {sql[:90]}"
            for step in nodes(told["Plan"])
            if (
                looked := int((step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) * step["Actual Loops"])
            )
            > FEW
        ]
    plan = [str(row[-1]) for row in run(f"EXPLAIN QUERY PLAN {sql}")]
    # A key's own order is no search; it serves only where every row counts. An index of a part holds little else.
    whole = re.compile(r"SCAN creative_feedback(term)?\b(?! USING (COVERING )?INDEX feedback_asleep)")
    if "WHERE" not in sql.replace("WHERE TRUE", ""):
        whole = re.compile(r"SCAN creative_feedback(term)?$")
    found = [step for step in plan if whole.match(step) or "TEMP B-TREE" in step]
    allowed = sql.count("WHERE TRUE")  # the count of everything, which ends at a thousand
    return [f"{step}: {sql[:90]}" for step in found[allowed:]]


def scans(doing: Callable[[], Any]) -> list[str]:
    """Return every wide step of every query that reading something takes."""
    return [step for sql in asked_by(doing) for step in wide_steps(sql)]


def test_a_whole_table_that_is_read_would_be_found() -> None:
    full()
    assert scans(lambda: list(Feedback.objects.filter(title="x")))


def test_nothing_of_the_triage_reads_a_whole_table_of_twenty_thousand() -> None:
    newest = full()
    assert alike.suggested(newest)
    assert alike.search("background word7", without="sig_0")
    first = listing.read(Place("new", "bug_report")).rows[-1].row
    fixed = changelog.fixed()[0][-1].cursor
    doings: dict[str, Callable[[], Any]] = {
        "the numbers": inbox.numbers,
        "the counts": inbox.counts,
        "the types of new": lambda: inbox.types_of("new"),
        "the types of done": lambda: inbox.types_of("done"),
        "the types of the snoozed": lambda: inbox.types_of("snoozed"),
        "new of a type": lambda: triage.page("new", limit=30, type_word="bug_report"),
        "the next page": lambda: triage.page("new", limit=30, type_word="bug_report", after=first),
        "a type of nothing": lambda: triage.page("new", limit=30, type_word="praise"),
        "all of a type": lambda: triage.page("all", limit=30, type_word="praise"),
        "the snoozed": lambda: triage.page("snoozed", limit=30),
        "what is alike": lambda: alike.suggested(newest),
        "the search": lambda: alike.search("background word7", without=newest.pk),
        "what is attached": lambda: attached.to([newest]),
        "the known": changelog.known,
        "the changelog": changelog.fixed,
        "earlier fixes": lambda: changelog.fixed(after=fixed),
    }
    assert {name: found for name, doing in doings.items() if (found := scans(doing))} == {}


def test_one_report_is_read_without_reading_the_others() -> None:
    newest = full()
    wide = scans(lambda: reading.one(newest.pk))
    # What few rows belong to it may be sorted.
    assert [step for step in wide if not step.startswith("USE TEMP B-TREE")] == []


def test_counts_end_at_a_thousand_and_agree_with_what_is_there() -> None:
    agent = make_agent()
    many(agent, inbox.MOST_COUNTED + 20)
    many(agent, 5, state="fixed", type="question")
    many(agent, 3, snoozed_at=timezone.now())
    made = make_report(agent, severity="critical", state="regressed")
    old = timezone.now() - timedelta(days=9)
    Feedback.objects.filter(pk=made.pk).update(triaged_at=timezone.now(), created_at=old)
    with CaptureQueriesContext(connection) as queries:
        counts = inbox.counts()
    assert len(queries) == 1
    most = inbox.MOST_COUNTED + 1
    assert counts == {"new": most, "needs_proof": 0, "accepted": 0, "snoozed": 3, "done": 5, "all": most}
    assert inbox.types_of("done") == {word: 5 if word == "question" else 0 for word in TYPES}
    numbers = inbox.numbers()
    assert (numbers.by_severity["critical"], numbers.by_severity["medium"]) == (1, most)
    assert numbers.first_look_seconds is not None
    assert 9 * 86_400 <= numbers.first_look_seconds < 9 * 86_400 + 60
    page = listing.read(Place("new"))
    assert [tab.count for tab in page.tabs] == ["1,000+", "0", "0", "3", "5", "1,000+"]


def test_what_is_open_for_over_a_week_is_counted_and_what_sleeps_or_is_done_is_not() -> None:
    agent, old = make_agent(), timezone.now() - timedelta(days=8)
    make_report(agent)
    for state, asleep in (("received", None), ("fixed", None), ("accepted", old), ("regressed", None)):
        make_report(agent, state=state, snoozed_at=asleep, created_at=old)
    assert inbox.numbers().too_long == 2


def queries_of(doing: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        doing()
    return len(queries)


def test_the_pages_ask_as_often_for_thirty_reports_as_for_three() -> None:
    client = desk()
    agent = make_agent()
    row = make_report(agent)
    for at in range(2):
        make_report(agent, f"Alike {at}", state="duplicate", canonical=row)

    def look() -> None:
        assert client.get("/console/feedback").status_code == 200
        assert client.get(f"/console/feedback/{row.pk}").status_code == 200

    look()
    few = queries_of(look)
    for at in range(27):
        made = make_report(make_agent(f"agent-{at}"), f"Alike {at}", state="duplicate", canonical=row)
        FeedbackEvidence.objects.create(
            feedback=made, reference=f"note {at}", kind="note", is_known=False, added_at=timezone.now()
        )
        make_report(agent, f"More {at}")
    assert queries_of(look) == few


def test_the_arithmetic_of_the_priority_adds_up(agent_row: Feedback) -> None:
    item = reading.one(agent_row.pk)
    assert item is not None
    assert item.priority.total == agent_row.priority
    assert item.priority.recency > 0


@pytest.fixture
def agent_row() -> Feedback:
    return make_report(make_agent(), reports=40, credits_affected=99)
