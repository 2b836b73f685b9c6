import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization
from creative.models import Feedback
from imageskill.core import ids
from tests.cast import Answer, Member
from tests.feedback.reports import WHOLE, State, merged, moved, published, report, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def bare(answer: Answer) -> str:
    return re.sub(r"trace_[0-9a-z]+", "TRACE", answer.response.content.decode())


def test_a_report_is_read_back_with_what_became_of_it(agent: Member) -> None:
    row = row_of(report(agent, **WHOLE, evidence=["line 7"], dedupe_key="k"))
    moved(row, State.ACCEPTED, reason="", note="internal: ask the edit people")
    moved(row, State.FIXED, reason="The alpha channel stays.", resolved_in="1.4")
    shown = agent.get(f"/v1/feedback/{row.pk}")
    assert shown.body["command"] == "image-skill feedback show"
    assert shown.data["request"] == {"reference": row.pk, "reference_type": "feedback_id"}
    assert (shown.data["feedback_id"], shown.data["state"]) == (row.pk, "fixed")
    whole = shown.data["feedback"]
    assert {name: whole[name] for name in WHOLE} == WHOLE
    assert (whole["answer"], whole["resolved_in"], whole["dedupe_key"]) == ("The alpha channel stays.", "1.4", "k")
    assert [item["reference"] for item in whole["evidence"]] == ["line 7"]
    assert [(step["from_state"], step["state"], step["reason"]) for step in whole["history"]] == [
        ("received", "accepted", None),
        ("accepted", "fixed", "The alpha channel stays."),
    ]
    assert "internal" not in shown.response.content.decode()


def test_of_the_report_that_it_repeats_it_tells_staffs_words_only(agent: Member, stranger: Member) -> None:
    theirs = row_of(report(stranger, title="A strangers own words"))
    mine = row_of(report(agent, title="The same fault"))
    merged(mine, theirs, "Known already.")
    path = f"/v1/feedback/{mine.pk}"
    assert agent.get(path).data["feedback"]["known_as"] == {
        "title": None,
        "state": "received",
        "answer": None,
        "resolved_in": None,
    }
    published(theirs, "Lost backgrounds", "Being worked on.")
    moved(theirs, State.ACCEPTED, reason="For the stranger only.")
    told = agent.get(path)
    assert told.data["feedback"]["known_as"]["title"] == "Lost backgrounds"
    assert told.data["feedback"]["known_as"]["state"] == "accepted"
    assert "stranger" not in told.response.content.decode()
    assert agent.get(f"/v1/feedback/{theirs.pk}").status == 404


def test_the_list_is_paged_newest_first(agent: Member) -> None:
    made = [report(agent, title=f"Report {number}").data["feedback_id"] for number in range(5)]
    first = agent.get("/v1/feedback?limit=3")
    assert first.body["command"] == "image-skill feedback list"
    rest = agent.get(f"/v1/feedback?limit=3&cursor={first.data['next_cursor']}")
    assert [row["feedback_id"] for row in first.data["feedback"] + rest.data["feedback"]] == made[::-1]
    assert rest.data["next_cursor"] is None
    assert agent.get("/v1/feedback?cursor=job_1").code == "INVALID_ARGUMENTS"


@pytest.mark.parametrize("who", ["teammate", "stranger"])
def test_others_get_the_very_answer_of_something_missing(
    request: pytest.FixtureRequest, agent: Member, who: str
) -> None:
    feedback_id = report(agent).data["feedback_id"]
    other: Member = request.getfixturevalue(who)
    hidden = other.get(f"/v1/feedback/{feedback_id}")
    assert (hidden.status, hidden.exit_code) == (404, 1)
    assert bare(hidden) == bare(other.get(f"/v1/feedback/{ids.new_id('sig')}"))
    assert other.get("/v1/feedback").data["feedback"] == []
    for reference in ("sig_", "%00", "x" * 300, "job_1", feedback_id.upper(), f"{feedback_id}%0a"):
        assert agent.get(f"/v1/feedback/{reference}").status == 404


def test_what_it_reported_before_it_was_merged_stays_its_own(agent: Member) -> None:
    before = row_of(report(agent, **WHOLE, dedupe_key="k"))
    row = agent.row
    workspace = Organization.objects.create(name="A workspace", created_at=timezone.now())
    shell = row.organization
    row.organization, row.shell = workspace, shell
    row.save()
    assert agent.get(f"/v1/feedback/{before.pk}").ok
    assert len(agent.get("/v1/feedback").data["feedback"]) == 1
    again = report(agent, **WHOLE, dedupe_key="k")
    assert (again.data["feedback_id"], again.data["repeated"]) == (before.pk, True)
    after = report(agent, **WHOLE)
    assert row_of(after).organization_id == workspace.pk
    assert [found["feedback_id"] for found in after.data["similar"]] == [before.pk]


def test_more_reports_are_no_more_queries_and_reading_writes_nothing(agent: Member) -> None:
    first = report(agent, **WHOLE, evidence=["a"]).data["feedback_id"]

    def queries_of(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert agent.get(path).ok
        assert not [asked for asked in queries if asked["sql"].startswith(("UPDATE", "INSERT"))]
        return len(queries)

    paths = ("/v1/feedback", f"/v1/feedback/{first}")
    before = [queries_of(path) for path in paths]
    for number in range(6):
        report(agent, dedupe_key=str(number), evidence=["b", "c"])
    moved(Feedback.objects.get(pk=first), State.ACCEPTED)
    assert [queries_of(path) for path in paths] == before
    assert before == [2, 4]
