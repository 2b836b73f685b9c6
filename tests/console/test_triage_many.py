"""One act on many reports: a look first, then each by itself, and what became of each."""

import pytest
from django.test import Client

from accounts.models import Agent
from creative.feedback import bulk, triage
from creative.models import Feedback
from imageskill.core.events import System
from tests.console.desk import desk, make_agent, make_report, many
from tests.pages.people import said

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
SERVICE = System("feedback")


@pytest.fixture
def client() -> Client:
    return desk()


@pytest.fixture
def agent() -> Agent:
    return make_agent()


def sent(*rows: Feedback) -> list[str]:
    """Return picked reports as the preview's form sends them."""
    return [f"{row.pk}:{row.state}" for row in rows]


def states() -> list[str]:
    return list(Feedback.objects.order_by("pk").values_list("state", flat=True))


def test_a_look_says_how_many_and_why_some_are_skipped_and_changes_nothing(client: Client, agent: Agent) -> None:
    rows = [make_report(agent, f"Open {at}") for at in range(3)]
    fixed = make_report(agent, "Fixed", state="fixed")
    page = client.get(
        "/console/feedback/many", {"act": "decline", "pick": [row.pk for row in (*rows, fixed)], "tab": "all"}
    ).content.decode()
    assert "Decline: 3 reports" in page
    assert "1 will be skipped" in page
    assert "fixed does not become declined" in page
    assert states() == ["received"] * 3 + ["fixed"]


def test_all_of_a_tab_and_type_are_taken_up_to_a_bound(client: Client, agent: Agent) -> None:
    many(agent, bulk.MOST + 5)
    many(agent, 3, type="question")
    page = client.get("/console/feedback/many", {"act": "accept", "all": "1", "tab": "new", "type": "question"})
    assert b"Accept: 3 reports" in page.content
    page = client.get("/console/feedback/many", {"act": "accept", "all": "1", "tab": "new"})
    assert b"Accept: 200 reports" in page.content
    assert b"one act takes the first 200" in page.content
    assert b"Nothing to do" in client.get("/console/feedback/many", {"act": "accept"}).content
    assert client.get("/console/feedback/many", {"act": "delete", "all": "1"}).status_code == 404


def test_each_is_moved_by_itself_and_its_outcome_is_shown(client: Client, agent: Agent) -> None:
    rows = [make_report(agent, f"Report {at}") for at in range(3)]
    picked = sent(*rows)
    triage.change_state(feedback_id=rows[1].pk, from_state="received", to_state="accepted", actor=SERVICE)
    body = {"act": "decline", "pick": picked, "reason": "It is meant so.", "tab": "new"}
    answer = client.post("/console/feedback/many/apply", body)
    assert said(answer) == ["Declined: 2. Left as they were: 1."]
    assert states() == ["declined", "accepted", "declined"]
    page = client.get(answer.url).content.decode()
    assert page.index("somebody was faster") > page.index("Left as they were")
    assert all(f"Report {at}" in page for at in range(3))
    answer = client.post("/console/feedback/undo", {"tab": "new"})
    assert said(answer) == ["Taken back: Declined, 2 reports."]
    assert states() == ["received", "accepted", "received"]


def test_words_for_the_reporters_are_wanted_before_anything_moves(client: Client, agent: Agent) -> None:
    rows = [make_report(agent) for _ in range(2)]
    answer = client.post("/console/feedback/many/apply", {"act": "decline", "pick": sent(*rows)})
    assert b"Write what the reporter is told" in answer.content
    assert states() == ["received"] * 2


def test_many_are_merged_into_one_assigned_and_snoozed(client: Client, agent: Agent) -> None:
    first, *rest = (make_report(agent, f"Report {at}") for at in range(3))
    body = {"act": "duplicate", "pick": sent(first, *rest), "canonical_id": first.pk, "reason": "Known."}
    client.post("/console/feedback/many/apply", body)
    assert states() == ["received", "duplicate", "duplicate"]
    client.post("/console/feedback/undo")
    assert states() == ["received"] * 3
    for name, fields in (("assign", {}), ("snooze", {"more_reports": "2"})):
        client.post("/console/feedback/many/apply", {"act": name, "pick": sent(first, *rest), **fields})
    assert Feedback.objects.exclude(assignee_id="").filter(snoozed_at__isnull=False).count() == 3
    client.post("/console/feedback/undo")
    client.post("/console/feedback/undo")
    assert Feedback.objects.filter(assignee_id="", snoozed_at=None).count() == 3


def test_what_no_form_sends_is_left_alone(client: Client, agent: Agent) -> None:
    row = make_report(agent)
    for pick in (["sig_0:received"], ["nonsense"], [f"{row.pk}:nonsense"], []):
        assert client.post("/console/feedback/many/apply", {"act": "accept", "pick": pick}).status_code == 302
    assert client.post("/console/feedback/many/apply", {"act": "drop", "pick": sent(row)}).status_code == 404
    assert states() == ["received"]
