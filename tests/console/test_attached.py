"""What staff sees beside a report: its reporter's own jobs, pictures, receipts and events, and nobody else's."""

import pytest
from django.test import Client

from creative.feedback import attached, merging
from creative.models import Feedback, Job
from imageskill.console.feedback import reading
from imageskill.core.events import System
from imageskill.core.models import ActivityEvent
from tests.cast import Member
from tests.console.desk import desk
from tests.feedback.reports import WHOLE, report, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
PROMPT = "A very secret red boat"


def made(member: Member) -> Job:
    answer = member.create(PROMPT)
    assert answer.ok, answer.body
    return Job.objects.get(pk=answer.data["job_id"])


@pytest.fixture
def client() -> Client:
    return desk()


def test_a_cited_trace_brings_the_job_its_picture_and_its_events(client: Client, agent: Member) -> None:
    job = made(agent)
    row = row_of(report(agent, **{**WHOLE, "trace_id": job.trace_id}))
    item = reading.one(row.pk)
    assert item is not None
    assert [one.job.pk for one in item.jobs] == [job.pk]
    assert len(item.jobs[0].pictures) == 1
    assert {event.type for event in item.events} >= {"job.completed", "asset.created"}
    page = client.get(f"/console/feedback/{row.pk}").content.decode()
    assert all(shown in page for shown in (job.pk, "1 credit", "Events of the same trace", "thumb"))
    assert PROMPT not in page


def test_a_victim_s_ids_attach_nothing(client: Client, agent: Member, stranger: Member) -> None:
    theirs = made(stranger)
    event = ActivityEvent.objects.filter(trace_id=theirs.trace_id).first()
    assert event is not None
    asset = theirs.assets.get()
    row = row_of(
        report(agent, **{**WHOLE, "trace_id": theirs.trace_id, "evidence": [theirs.pk, asset.pk, event.pk]})
    )
    # Even where the intake had been wrong about whose it is.
    row.evidence.update(is_known=True)
    found = attached.to([Feedback.objects.select_related("agent", "organization").get(pk=row.pk)])
    assert (found.jobs, found.pictures, found.receipts, found.events) == ([], [], [], [])
    page = client.get(f"/console/feedback/{row.pk}").content.decode()
    assert theirs.pk in page  # as the string that was cited
    assert "What belongs to it" not in page


def test_a_merge_carries_the_evidence_of_each_reporter(client: Client, agent: Member, stranger: Member) -> None:
    job = made(stranger)
    mine, theirs = row_of(report(agent, **WHOLE)), row_of(report(stranger, **WHOLE, evidence=[job.pk]))
    merging.merge(
        feedback_id=theirs.pk, from_state="received", canonical_id=mine.pk, actor=System("staff"), reason="Known."
    )
    item = reading.one(mine.pk)
    assert item is not None
    assert [one.job.pk for one in item.jobs] == [job.pk]
    assert item.weight.reports == 2


def test_hostile_words_are_shown_as_text_with_nothing_hidden(client: Client, agent: Member) -> None:
    hostile = (
        "<script>alert(1)</script>\u202egnp\u202c \u200bzero\u2060 \ufeffwidth \U000e0041\U000e0042 \u3164 x\ufe01"
    )
    row = row_of(
        report(
            agent,
            title=f"T {hostile}"[:300],
            body=f"{hostile}\nsee https://evil.example/ and [me](javascript:alert(1))",
            command=hostile,
            surface=[hostile],
            evidence=[hostile],
            type=f"odd {hostile}"[:48],
        )
    )
    for address in ("/console/feedback", f"/console/feedback/{row.pk}", f"/console/feedback/{row.pk}?act=decline"):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert 'href="https://evil' not in page
        assert not set("\u202e\u202c\u200b\u2060\ufeff\U000e0041\u3164\ufe01") & set(page)
        assert "⟨U+202E⟩" in page
        assert "⟨U+E0041⟩" in page
    part = client.get("/console/feedback/sig_0/search", {"q": row.pk}).content.decode()
    assert "⟨U+202E⟩" in part
    assert "\u202e" not in part


def test_like_reports_are_offered_the_same_failure_first(client: Client, agent: Member, stranger: Member) -> None:
    told = {"command": "image-skill edit --json", "actual": "TIMEOUT after a minute"}
    same = row_of(report(stranger, title="Something else entirely", **told))
    words = row_of(report(stranger, title="Edit loses the transparent background"))
    row = row_of(report(agent, title="Edit loses the transparent background again", **told))
    item = reading.one(row.pk)
    assert item is not None
    assert [one.row.pk for one, _, _ in item.alike] == [same.pk, words.pk]
    found = client.get(f"/console/feedback/{row.pk}/search", {"q": "transparent backgrounds"}).content.decode()
    assert words.pk in found
    assert row.pk not in found
    assert same.pk not in found
