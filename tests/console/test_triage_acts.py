"""Each act of the triage over HTTP: what it changes, whom it tells, who was faster, and how it is taken back."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import notices
from accounts.models import Agent, Notice, User
from creative.feedback import priority, snoozing, triage
from creative.feedback.snoozing import NEXT_RELEASE
from creative.models import Feedback, FeedbackChange
from imageskill import __version__
from imageskill.core.events import System
from imageskill.core.models import ActivityEvent
from tests.console.desk import STAFF, act, desk, make_agent, make_report, make_staff
from tests.pages.people import said

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
SERVICE = System("feedback")


@pytest.fixture
def client() -> Client:
    return desk()


@pytest.fixture
def agent() -> Agent:
    return make_agent()


@pytest.fixture
def row(agent: Agent) -> Feedback:
    return make_report(agent)


def me() -> User:
    return User.objects.get(email=STAFF)


def undo(client: Client) -> Any:
    return client.post("/console/feedback/undo", {"tab": "new"})


def test_accepting_moves_it_tells_the_owner_by_role_and_the_history_by_person(
    client: Client, row: Feedback
) -> None:
    answer = act(client, row, "accept", notify="on")
    row.refresh_from_db()
    assert (answer.status_code, row.state, row.triaged_at is not None) == (302, "accepted", True)
    event = ActivityEvent.objects.get(type="feedback.status_changed")
    assert (event.actor_type, event.actor_id, event.status) == ("session", "staff", "accepted")
    change = FeedbackChange.objects.get()
    assert (change.actor_type, change.actor_id) == ("session", me().pk)
    assert Notice.objects.get().subject_id == row.pk
    page = client.get(f"/console/feedback/{row.pk}?tab=all").content.decode()
    assert f"{STAFF}," in page


@pytest.mark.parametrize(
    ("name", "sent", "state", "answer"),
    [
        (
            "needs-proof",
            {"picked": "Cite the id of a job or a trace in which this happens."},
            "needs_proof",
            "Cite",
        ),
        ("decline", {"reason": "It is meant so."}, "declined", "It is meant so."),
        ("decline", {"picked": "This works as it was meant to."}, "declined", "This works"),
        ("fix", {"resolved_in": "1.4", "reason": "Mended."}, "fixed", "Mended."),
    ],
)
def test_a_form_moves_it_with_its_words(
    client: Client, row: Feedback, name: str, sent: dict[str, str], state: str, answer: str
) -> None:
    act(client, row, name, note="for us", **sent)
    row.refresh_from_db()
    assert (row.state, row.answer[: len(answer)], row.resolved_in) == (state, answer, sent.get("resolved_in", ""))
    assert FeedbackChange.objects.get().note == "for us"
    assert not Notice.objects.exists()  # `notify` was not ticked
    undo(client)
    row.refresh_from_db()
    assert (row.state, row.answer, row.resolved_in) == ("received", "", "")


@pytest.mark.parametrize("name", ["decline", "duplicate"])
def test_declining_and_merging_need_words_for_the_reporter(
    client: Client, agent: Agent, row: Feedback, name: str
) -> None:
    other = make_report(agent, "The first of them")
    answer = act(client, row, name, canonical_id=other.pk, note="only inside")
    assert b"Write what the reporter is told" in answer.content
    assert b"only inside" in answer.content
    row.refresh_from_db()
    assert row.state == "received"


def test_who_was_slower_is_told_how_it_stands_and_changes_nothing(client: Client, row: Feedback) -> None:
    slow = {"state": "received", "tab": "new", "reason": "No."}
    triage.change_state(feedback_id=row.pk, from_state="received", to_state="accepted", actor=SERVICE)
    for name in ("accept", "decline", "needs-proof", "fix"):
        answer = client.post(f"/console/feedback/{row.pk}/{name}", slow)
        assert said(answer) == ["Nothing was done: somebody was faster. The report is accepted now."]
        assert answer.url == f"/console/feedback/{row.pk}?tab=new"
    assert FeedbackChange.objects.count() == 1
    undo(client)
    row.refresh_from_db()
    assert row.state == "accepted"


def test_a_forged_state_is_refused(client: Client, row: Feedback) -> None:
    triage.change_state(feedback_id=row.pk, from_state="received", to_state="fixed", actor=SERVICE)
    answer = act(client, row, "decline", reason="No.")
    assert said(answer) == ["Nothing was done: fixed does not become declined. The report is fixed now."]
    assert client.post(f"/console/feedback/{row.pk}/accept", {"state": "nonsense"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "fixed"


def test_undo_goes_back_only_while_nobody_else_has_moved_it(client: Client, row: Feedback) -> None:
    act(client, row, "accept")
    triage.change_state(feedback_id=row.pk, from_state="accepted", to_state="fixed", actor=SERVICE)
    assert said(undo(client)) == ["Not taken back: somebody was faster."]
    row.refresh_from_db()
    assert row.state == "fixed"
    assert said(undo(client)) == ["There is nothing to take back."]


def test_undo_withdraws_what_was_not_read_and_follows_what_was(client: Client, agent: Agent) -> None:
    unread, read = make_report(agent, "One"), make_report(agent, "Two")
    act(client, unread, "accept", notify="on")
    undo(client)
    assert not Notice.objects.exists()
    act(client, read, "decline", notify="on", reason="No.")
    assert "declined" in notices.take(agent.pk)[0]
    undo(client)
    assert "is now received" in notices.take(agent.pk)[0]


def test_undo_restores_each_column_through_several_moves(client: Client, row: Feedback) -> None:
    act(client, row, "fix", resolved_in="1.4", reason="Mended.")
    assert triage.regress(row.pk)
    act(client, row, "decline", reason="No.")
    undo(client)
    row.refresh_from_db()
    assert (row.state, row.resolved_in, row.answer) == (
        "regressed",
        "1.4",
        "It was reported again after the fix.",
    )
    act(client, row, "accept", reason="Again.")
    act(client, row, "decline", reason="Never.")
    undo(client)
    undo(client)
    row.refresh_from_db()
    assert (row.state, row.resolved_in) == ("regressed", "1.4")


def test_a_merge_counts_and_its_undo_takes_it_apart(client: Client, agent: Agent) -> None:
    first = make_report(agent)
    second = make_report(make_agent("beta"), "The same again", reports=22)
    answer = act(client, second, "duplicate", canonical_id=first.pk, reason="Known.", next=first.pk)
    assert answer.url == f"/console/feedback/{first.pk}?tab=new"
    page = client.get(answer.url).content.decode()
    assert "23 reports from 2 agents / 2 owners" in page
    assert "The same again" in page
    before = Feedback.objects.get(pk=first.pk).priority
    undo(client)
    second.refresh_from_db()
    assert (second.state, second.canonical_id) == ("received", None)
    assert Feedback.objects.get(pk=first.pk).priority < before
    assert not Notice.objects.exists()  # `notify` was not ticked
    act(client, second, "duplicate", found=first.pk, canonical_id="", reason="Known.", notify="on")
    assert Notice.objects.get().agent_id == second.agent_id
    client.post(f"/console/feedback/{second.pk}/separate", {"tab": "new"})
    second.refresh_from_db()
    assert (second.state, priority.weigh(first.pk).reports) == ("received", 1)


def test_a_merge_that_the_rules_forbid_says_why(client: Client, agent: Agent) -> None:
    row, other = make_report(agent), make_report(agent)
    for target, why in ((row.pk, "repeats another report"), ("job_1", "Pick a report"), (other.pk, "")):
        answer = act(client, row, "duplicate", canonical_id=target, reason="Known.")
        told = said(answer)[0] if answer.status_code == 302 else answer.content.decode()
        assert why in told
    row.refresh_from_db()
    assert row.canonical_id == other.pk


def test_it_sleeps_until_a_day_more_reports_or_the_next_release(client: Client, row: Feedback) -> None:
    for sent in ({}, {"until": "2020-01-01"}, {"more_reports": "0"}):
        assert act(client, row, "snooze", **sent).status_code == 200
    for sent in ({"until": "2999-01-01"}, {"more_reports": "3"}, {"release": "on"}):
        act(client, row, "snooze", **sent)
        row.refresh_from_db()
        assert row.snoozed_at is not None
        undo(client)
        row.refresh_from_db()
        assert row.snoozed_at is None
    act(client, row, "snooze", release="on")
    row.refresh_from_db()
    assert row.snooze_version == NEXT_RELEASE
    assert said(act(client, row, "snooze", release="on"))[0].startswith("Nothing was done: somebody was faster")
    client.post(f"/console/feedback/{row.pk}/wake", {"tab": "snoozed"})
    row.refresh_from_db()
    assert row.snoozed_at is None


def test_the_clock_takes_up_what_waited_for_a_release_once_another_runs(row: Feedback, agent: Agent) -> None:
    versions = {row.pk: NEXT_RELEASE}
    versions |= {make_report(agent).pk: version for version in ("after 0.0.1", __version__, "99.0")}
    for pk, version in versions.items():
        snoozing.snooze(feedback_id=pk, version=version)
    assert snoozing.wake_due() == 2
    asleep = Feedback.objects.filter(snoozed_at__isnull=False).values_list("pk", flat=True)
    assert {versions[pk] for pk in asleep} == {NEXT_RELEASE, "99.0"}


def test_it_is_given_to_somebody_of_staff_and_taken_back(client: Client, row: Feedback) -> None:
    other = make_staff("kim@example.com")
    outsider = User.objects.create_user("out@example.com")
    for to, then in ((me().pk, me().pk), (outsider.pk, me().pk)):
        client.post(f"/console/feedback/{row.pk}/assign", {"before": row.assignee_id, "assignee": to})
        row.refresh_from_db()
        assert row.assignee_id == then
    late = client.post(f"/console/feedback/{row.pk}/assign", {"before": "", "assignee": other.pk})
    assert "somebody was faster" in said(late)[0]
    undo(client)
    row.refresh_from_db()
    assert row.assignee_id == ""
    assert FeedbackChange.objects.filter(note__startswith="Assigned to").count() == 2


def test_an_answer_is_public_a_note_is_not_and_both_stay(client: Client, row: Feedback) -> None:
    act(client, row, "answer", text="We look into it.", notify="on")
    act(client, row, "note", text="Looks like the provider.")
    row.refresh_from_db()
    assert (row.state, row.answer) == ("received", "We look into it.")
    assert [(one.reason, one.note) for one in FeedbackChange.objects.order_by("pk")] == [
        ("We look into it.", ""),
        ("", "Looks like the provider."),
    ]
    assert "We look into it." in Notice.objects.get().text
    assert ActivityEvent.objects.get().summary == "Feedback answered"
    assert "provider" not in Notice.objects.get().text
    assert said(act(client, row, "answer", text="isk_r_" + "a" * 36))[0].startswith("Nothing was done: an answer")


def test_words_for_everybody_reach_the_changelog_once_it_is_fixed(client: Client, row: Feedback) -> None:
    Feedback.objects.filter(pk=row.pk).update(title="SECRET OF A TENANT", body="SECRET OF A TENANT")
    act(client, row, "publish", title="Edits keep transparency", answer="An edit keeps the alpha channel.")
    assert b"Edits keep" not in Client().get("/changelog").content
    act(client, row, "accept")
    assert b"Known, being worked on" in Client().get("/changelog").content
    act(client, row, "fix", resolved_in="1.4")
    page = Client().get("/changelog").content.decode()
    assert all(words in page for words in ("Edits keep transparency", "alpha channel", "1.4"))
    assert "SECRET" not in page
    assert row.pk not in page
    act(client, row, "publish", title="", answer="gone")
    assert b"Edits keep" not in Client().get("/changelog").content
    undo(client)
    assert b"Edits keep" in Client().get("/changelog").content


def test_the_changelog_is_read_page_by_page(agent: Agent) -> None:
    now = timezone.now()
    for at in range(45):
        made = make_report(agent, f"r{at}", state="fixed", public_title=f"Line {at:02}")
        Feedback.objects.filter(pk=made.pk).update(state_changed_at=now)
    first = Client().get("/changelog").content.decode()
    cursor = first.partition("/changelog?after=")[2].partition('"')[0]
    second = Client().get(f"/changelog?after={cursor}").content.decode()
    assert [f"Line {at:02}" in first for at in (44, 5, 4)] == [True, True, False]
    assert [f"Line {at:02}" in second for at in (5, 4, 0)] == [False, True, True]
    assert Client().get("/changelog?after=nonsense").status_code == 404
