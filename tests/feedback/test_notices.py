from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import notices
from accounts.actor import Actor
from accounts.models import Notice
from creative.feedback import triage
from creative.models import Feedback
from imageskill.core import units
from tests.cast import Caller, Member
from tests.feedback.reports import State, merged, moved, published, report, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]


def fixed(agent: Member) -> tuple[Feedback, str]:
    """Return a report that staff has just fixed, and what its agent is owed."""
    row = row_of(report(agent, allow_weak_signal=True))
    moved(row, State.FIXED, reason="Repeat the command", resolved_in="1.4")
    return row, Notice.objects.get(told_at=None).text


def test_the_next_answer_to_a_post_tells_it_once(agent: Member) -> None:
    row, text = fixed(agent)
    assert text == (
        f"Your report {row.pk} is now fixed: Repeat the command. Fixed in 1.4; try it again. "
        f"Read it with: image-skill feedback show {row.pk} --json"
    )
    assert agent.create().body["warnings"] == [text]
    assert agent.create("Another").body["warnings"] == []
    assert agent.get("/v1/whoami").body["warnings"] == []


def test_whoami_tells_it_once_and_no_other_get_looks(agent: Member) -> None:
    row, text = fixed(agent)
    for path in ("/v1/feedback", f"/v1/feedback/{row.pk}", "/v1/quota", "/v1/activity", "/v1/models"):
        with CaptureQueriesContext(connection) as queries:
            assert agent.get(path).body["warnings"] == []
        assert not [asked for asked in queries if "accounts_notice" in asked["sql"]]
    assert agent.get("/v1/whoami").body["warnings"] == [text]
    assert agent.post("/v1/feedback", {"title": "x", "allow_weak_signal": True}).body["warnings"] == []


def test_a_command_line_run_on_the_service_tells_it_too(agent: Member) -> None:
    _, text = fixed(agent)
    assert agent.post("/v1/cli", {"argv": ["whoami", "--json"]}).body["warnings"] == [text]
    assert agent.get("/v1/whoami").body["warnings"] == []


def test_a_refusal_tells_nothing_so_that_it_is_not_lost(agent: Member) -> None:
    _, text = fixed(agent)
    assert agent.post("/v1/feedback", {}).body["warnings"] == []
    assert agent.create().body["warnings"] == [text]


def test_nobody_else_is_told(agent: Member, teammate: Member, stranger: Member, anonymous: Caller) -> None:
    _, text = fixed(agent)
    for other in (teammate, stranger, anonymous):
        assert text not in other.create(dry_run=True).body["warnings"]
        assert text not in other.get("/v1/whoami").body["warnings"]
    assert Notice.objects.get().told_at is None


def test_three_are_told_at_once_oldest_first(agent: Member) -> None:
    notices.write(agent_ids=[agent.agent_id], kind="feedback", subject_id="sig_1", text="one")
    for text in ("two", "three", "four"):
        notices.write(agent_ids=[agent.agent_id], kind="feedback", subject_id="sig_1", text=text)
    assert agent.get("/v1/whoami").body["warnings"] == ["one", "two", "three"]
    assert agent.create().body["warnings"] == ["four"]


def test_the_reporters_of_duplicates_are_told_in_staffs_words(agent: Member, stranger: Member) -> None:
    first, second = row_of(report(agent, title="Own words")), row_of(report(stranger))
    merged(second, first, "Known already.")
    published(first, "Lost backgrounds", "Update and try again.")
    told = stranger.get("/v1/whoami").body["warnings"]
    assert len(told) == 1
    assert told[0].startswith(f"Your report {second.pk} is now duplicate: Known already.")
    moved(first, State.FIXED, reason="A word to the first reporter.")
    (told_later,) = stranger.get("/v1/whoami").body["warnings"]
    assert told_later.startswith(f"What you reported in {second.pk} is now fixed: Update and try again.")
    assert "Own words" not in told_later
    assert "first reporter" not in told_later
    assert "A word to the first reporter." in agent.get("/v1/whoami").body["warnings"][0]


def test_a_move_without_notice_owes_nothing(agent: Member) -> None:
    row = row_of(report(agent))
    moved(row, State.ACCEPTED, notify=False)
    assert not Notice.objects.exists()


def test_looking_is_one_query_by_an_index_and_only_where_something_waits_is_written(agent: Member) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert notices.take(agent.agent_id) == []
    (asked,) = queries.captured_queries
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {asked['sql']}")
        assert "notice_untold" in str(cursor.fetchall())


def test_a_create_looks_once_and_outside_of_every_transaction_of_its_own(agent: Member) -> None:
    seen: list[tuple[str, bool]] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's
        if "accounts_notice" in sql:
            seen.append((sql.partition(" ")[0], units._open.get()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        agent.create()
        assert seen == [("SELECT", False)]
        notices.write(agent_ids=[agent.agent_id], kind="feedback", subject_id="sig_1", text="text")
        seen.clear()
        agent.create()
    assert seen == [("SELECT", False), ("UPDATE", True)]


def test_what_was_done_succeeds_when_notices_cannot_be_read(
    agent: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: Actor) -> list[str]:
        raise DatabaseError

    monkeypatch.setattr(Actor, "take_notices", away)
    assert agent.create().ok


def test_old_notices_are_pruned_by_the_clock(agent: Member) -> None:
    notices.write(agent_ids=[agent.agent_id] * 2, kind="feedback", subject_id="sig_1", text="x")
    first = Notice.objects.order_by("pk")[0]
    first.created_at = timezone.now() - notices.KEPT - timedelta(minutes=1)
    first.save()
    assert (notices.prune(), Notice.objects.count()) == (1, 1)


def test_a_notice_fits_whatever_staff_wrote(agent: Member) -> None:
    row = row_of(report(agent))
    moved(row, State.FIXED, reason="x" * 500, resolved_in="v" * 40)
    text = triage.notice(Feedback.objects.get(), Feedback.objects.get())
    assert len(text) <= notices.LONGEST
    assert Notice.objects.get().text == text
