from datetime import timedelta

import pytest
from django.utils import timezone

from creative.feedback import merging, priority, snoozing, triage
from creative.feedback.triage import TriageError
from creative.models import Feedback, FeedbackChange
from imageskill.core.models import ActivityEvent
from tests.cast import Member
from tests.feedback.reports import STAFF, State, merged, moved, published, report, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

LATEST = {"image-skill-contract": "latest"}


def test_a_move_writes_state_history_and_an_event_for_callers_of_the_latest_contract(agent: Member) -> None:
    row = row_of(report(agent))
    assert moved(row, State.ACCEPTED, reason="Seen.", note="for us")
    row.refresh_from_db()
    assert (row.state, row.answer) == ("accepted", "Seen.")
    assert row.triaged_at == row.state_changed_at
    change = FeedbackChange.objects.get()
    assert (change.from_state, change.to_state, change.reason, change.note) == (
        "received",
        "accepted",
        "Seen.",
        "for us",
    )
    assert (change.actor_type, change.actor_id) == ("system", "staff")
    assert [event["type"] for event in agent.get("/v1/activity").data["events"]] == ["feedback.created"]
    told = agent.get(f"/v1/activity/{row.pk}", headers=LATEST).data["events"]
    assert [event["type"] for event in told] == ["feedback.status_changed", "feedback.created"]
    assert (told[0]["status"], told[0]["links"]["feedback_id"]) == ("accepted", row.pk)
    assert not ActivityEvent.objects.filter(summary__contains="Seen").exists()


def test_a_move_from_where_it_is_no_more_changes_nothing(agent: Member) -> None:
    row = row_of(report(agent))
    moved(row, State.ACCEPTED)
    late = triage.change_state(
        feedback_id=row.pk, from_state=State.RECEIVED, to_state=State.FIXED, actor=STAFF, reason="x"
    )
    assert not late
    assert (FeedbackChange.objects.count(), Feedback.objects.get().state) == (1, "accepted")


def test_every_move_is_allowed_or_refused_with_its_reason(agent: Member) -> None:
    for before in State.values:
        for after in State.values:
            told = triage.refusal(before, after, reason="Because.")
            assert (told is None) == (after in triage.TRANSITIONS[before])
    for to_state, reason in (("declined", " "), ("regressed", "x"), ("duplicate", "x"), ("accepted", "x" * 501)):
        row = row_of(report(agent))
        with pytest.raises(TriageError):
            moved(row, to_state, reason=reason)
    assert not FeedbackChange.objects.exists()


def test_what_is_fixed_comes_back_when_its_key_is_sent_again(agent: Member) -> None:
    row = row_of(report(agent, dedupe_key="k"))
    moved(row, State.FIXED, resolved_in="1.4")
    again = report(agent, dedupe_key="k")
    assert again.data["state"] == "regressed"
    row.refresh_from_db()
    assert row.resolved_in == "1.4"
    moved(row, State.ACCEPTED)
    row.refresh_from_db()
    assert row.resolved_in == ""


def test_a_merge_counts_the_reporters_and_can_be_undone(agent: Member, teammate: Member, stranger: Member) -> None:
    first, second, third = (row_of(report(who)) for who in (agent, teammate, stranger))
    alone = Feedback.objects.get(pk=first.pk).priority
    assert merged(second, first)
    assert merged(third, first)
    report(stranger, dedupe_key="other")
    assert priority.weigh(first.pk) == priority.Weight(reports=3, agents=3, organizations=2, credits=0)
    together = Feedback.objects.get(pk=first.pk).priority
    assert together >= alone + 477
    assert merging.unmerge(feedback_id=third.pk, actor=STAFF)
    assert not merging.unmerge(feedback_id=third.pk, actor=STAFF)
    assert Feedback.objects.filter(pk=third.pk, state=State.RECEIVED, canonical=None).exists()
    assert priority.weigh(first.pk).reports == 2
    assert Feedback.objects.get(pk=first.pk).priority < together


def test_merges_make_no_chains_and_no_circles(agent: Member) -> None:
    first, second, third = (row_of(report(agent)) for _ in range(3))
    merged(second, first)
    for row, into in ((third, second), (first, third), (first, second), (third, third)):
        with pytest.raises(TriageError):
            merged(row, into)
    with pytest.raises(TriageError):
        merged(third, first, reason="")
    assert Feedback.objects.filter(state=State.DUPLICATE).count() == 1


def test_a_duplicate_that_is_sent_again_reopens_what_it_repeats(agent: Member, stranger: Member) -> None:
    first, second = row_of(report(agent)), row_of(report(stranger, dedupe_key="k"))
    merged(second, first)
    moved(first, State.FIXED)
    assert report(stranger, dedupe_key="k").data["state"] == "duplicate"
    first.refresh_from_db()
    assert first.state == State.REGRESSED


def test_a_snoozed_report_wakes_by_its_day_by_reports_by_a_release_or_by_a_move(agent: Member) -> None:
    def asleep() -> bool:
        return Feedback.objects.get(pk=row.pk).snoozed_at is not None

    row = row_of(report(agent, dedupe_key="k"))
    now = timezone.now()
    assert snoozing.snooze(feedback_id=row.pk, until=now + timedelta(days=1))
    assert not snoozing.snooze(feedback_id=row.pk, version="1.4")
    assert (snoozing.wake_due(), asleep(), agent.get(f"/v1/feedback/{row.pk}").data["state"]) == (
        0,
        True,
        "received",
    )
    Feedback.objects.update(snoozed_until=now)
    assert (snoozing.wake_due(), asleep()) == (1, False)
    snoozing.snooze(feedback_id=row.pk, more_reports=2)
    report(agent, dedupe_key="k")
    assert asleep()
    merged(row_of(report(agent)), row)
    assert not asleep()
    snoozing.snooze(feedback_id=row.pk, version="1.4")
    assert (snoozing.wake_released("1.3"), snoozing.wake_released("1.4"), asleep()) == (0, 1, False)
    snoozing.snooze(feedback_id=row.pk, version="1.5")
    moved(row, State.ACCEPTED)
    assert not asleep()
    with pytest.raises(ValueError, match="some day"):
        snoozing.snooze(feedback_id=row.pk)


def test_what_everybody_reads_is_short_without_secrets_and_noted(agent: Member) -> None:
    row = row_of(report(agent))
    for title, answer in (("x" * 201, ""), ("ok", "x" * 501), ("isk_r_x", ""), ("ok", "4242 4242 4242 4242")):
        with pytest.raises(TriageError):
            published(row, title, answer)
    assert published(row, " A title ", "An answer")
    row.refresh_from_db()
    assert (row.public_title, row.public_answer) == ("A title", "An answer")
    change = FeedbackChange.objects.get()
    assert (change.from_state, change.to_state, change.actor_id) == ("received", "received", "staff")
    assert agent.get(f"/v1/feedback/{row.pk}").data["feedback"]["history"] == []


def test_the_priority_shows_its_arithmetic() -> None:
    day = timezone.now().replace(year=2026, month=1, day=15, hour=0, minute=0, second=0, microsecond=0)
    told = priority.of(reports=100, last_reported_at=day, credits=999)
    assert (told.reports, told.recency, told.credits, told.total) == (2000, 2000, 3000, 7000)
    assert priority.of(reports=0, last_reported_at=day.replace(year=2020), credits=-5).total == 0
