"""Many at the same moment: one record a key, one telling a notice, one move a state."""

from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from accounts import notices
from creative.feedback import triage
from creative.feedback.triage import TriageError
from creative.models import Feedback, FeedbackChange
from imageskill.core.models import ActivityEvent
from tests.cast import Member, sign_up
from tests.feedback.reports import STAFF, State, merged, moved, report, row_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

CALLERS = 4


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run works in threads that start together, and return what they return."""
    start, found = Barrier(len(works)), []

    def run(work: Callable[[], Any]) -> None:
        start.wait(timeout=30)
        try:
            found.append(work())
        except TriageError as refused:
            found.append(refused)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert len(found) == len(works)
    return found


@pytest.fixture
def reporter() -> Member:
    return sign_up("reporter@example.com")


def test_one_key_makes_one_record(reporter: Member) -> None:
    for number in range(3):
        key = f"run-{number}"
        sent = [
            partial(report, reporter, dedupe_key=key, evidence=["x", f"from {place}"]) for place in range(CALLERS)
        ]
        ids = {answer.data["feedback_id"] for answer in at_once(*sent)}
        assert len(ids) == 1
        row = Feedback.objects.get(dedupe_key=key)
        assert (row.reports, row.evidence.count()) == (CALLERS, CALLERS + 1)
        assert ActivityEvent.objects.filter(subject_id=row.pk).count() == 1


def test_a_notice_is_told_once(reporter: Member) -> None:
    for number in range(5):
        notices.write(agent_ids=[reporter.agent_id], kind="feedback", subject_id="sig_1", text=f"text {number}")
        told = at_once(*[partial(notices.take, reporter.agent_id)] * CALLERS)
        assert [text for texts in told for text in texts] == [f"text {number}"]


def test_one_of_many_moves_wins(reporter: Member) -> None:
    row = row_of(report(reporter))
    move = partial(
        triage.change_state, feedback_id=row.pk, from_state=State.RECEIVED, to_state=State.ACCEPTED, actor=STAFF
    )
    assert sorted(at_once(*[move] * CALLERS)) == [False] * (CALLERS - 1) + [True]
    assert FeedbackChange.objects.count() == 1
    assert ActivityEvent.objects.filter(type="feedback.status_changed").count() == 1


def test_two_reports_merged_into_each_other_make_one_duplicate(reporter: Member) -> None:
    for _ in range(3):
        first, second = row_of(report(reporter)), row_of(report(reporter))
        at_once(partial(merged, first, second), partial(merged, second, first))
        states = set(Feedback.objects.filter(pk__in=[first.pk, second.pk]).values_list("state", flat=True))
        assert states == {State.RECEIVED, State.DUPLICATE}


def test_a_fix_and_a_repeat_at_once_lose_nothing(reporter: Member) -> None:
    for number in range(3):
        row = row_of(report(reporter, dedupe_key=str(number)))
        at_once(partial(moved, row, State.FIXED), partial(report, reporter, dedupe_key=str(number)))
        row.refresh_from_db()
        assert row.reports == 2
        assert row.state in (State.FIXED, State.REGRESSED)
        assert row.changes.count() == (1 if row.state == State.FIXED else 2)
