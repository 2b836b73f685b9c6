"""What agents reported, as their workspace reads it: their words as text, staff's answers, nothing of others."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import notices
from accounts.models import Agent, Organization, Role
from creative.feedback import triage
from creative.models import Feedback
from imageskill.core.models import ActivityEvent
from tests.cast import Member, sign_up
from tests.doubles import FakeProvider
from tests.feedback.reports import STAFF, WHOLE, State, merged, moved, published, report, row_of
from tests.pages.approvals.desk import Desk, make_desk, text_of
from tests.pages.people import join, make_user, make_workspace, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def desk(provider: FakeProvider) -> Desk:
    return make_desk()


@pytest.fixture
def agent(desk: Desk) -> Member:
    return desk.agent


@pytest.fixture
def owner(desk: Desk) -> Client:
    return sign_in()


def path(desk: Desk, *rest: str) -> str:
    return "/".join([f"/w/{desk.organization.pk}/feedback", *rest])


def test_an_empty_page_teaches_the_command(desk: Desk, owner: Client) -> None:
    page = text_of(owner.get(path(desk)))
    assert "No agent has reported anything yet" in page
    assert "image-skill feedback create --title" in page
    assert "--evidence JOB_ID --json" in page


def test_the_page_says_how_the_reports_stand_and_why_one_was_declined(desk: Desk, owner: Client) -> None:
    fixed = [row_of(report(desk.agent, **WHOLE | {"title": f"Fault {number}"})) for number in range(3)]
    declined = row_of(report(desk.agent, title="Make it free"))
    report(desk.agent, title="Something else")
    assert moved(declined, State.DECLINED, reason="Pictures cost the house money.")
    for row in fixed:
        assert moved(row, State.FIXED, reason="Mended.", resolved_in="1.4")
    page = text_of(owner.get(path(desk)))
    told = "1 received , 3 fixed , 1 declined because “Pictures cost the house money.”"
    assert f"Your agents\u2019 reports: {told}" in page
    assert "“Fault 2”" in page
    assert "Mended. Fixed in 1.4." in page
    assert page.count("atlas-7 is told with its next call.") == 4


def test_reports_are_narrowed_to_one_state(desk: Desk, owner: Client) -> None:
    fixed = row_of(report(desk.agent, title="A fault that is mended"))
    moved(fixed, State.FIXED)
    report(desk.agent, title="A fault that stays")
    page = text_of(owner.get(path(desk) + "?state=fixed"))
    assert "A fault that is mended" in page
    assert "A fault that stays" not in page
    assert "None of the reports stands so" in text_of(owner.get(path(desk) + "?state=declined"))
    for wrong in ("?state=made_up", "?before=job_1", "?before=%00"):
        assert owner.get(path(desk) + wrong).status_code == 404


def test_a_report_shows_everything_that_its_agent_sees_and_the_pictures_it_cites(
    desk: Desk, owner: Client
) -> None:
    job_id = desk.agent.create("A boat", model="canvas.draft").data["job_id"]
    row = row_of(report(desk.agent, **WHOLE, evidence=[job_id, "job_1234567890123456789012345", "a note"]))
    moved(row, State.ACCEPTED, reason="Seen here too.", note="Nobody outside reads this")
    moved(row, State.FIXED, reason="Alpha is kept now.", resolved_in="1.5")
    page = text_of(owner.get(path(desk, row.pk)))
    for told in (
        WHOLE["title"],
        WHOLE["body"],
        WHOLE["command"],
        WHOLE["expected"],
        WHOLE["actual"],
        "Alpha is kept now.",
        "Fixed in 1.5",
        "Accepted: Seen here too.",
        "arrives in the warnings of its next call",
        "Create with canvas.draft",
        job_id,
        "a note not known here",
    ):
        assert told in page, told
    assert "Nobody outside reads this" not in page


def test_what_the_agent_was_told_and_is_to_be_told_stands_on_the_page(desk: Desk, owner: Client) -> None:
    row = row_of(report(desk.agent, title="A fault"))
    moved(row, State.ACCEPTED, reason="We look.")
    assert notices.take(desk.agent.agent_id) == [
        f"Your report {row.pk} is now accepted: We look. Read it with: image-skill feedback show {row.pk} --json"
    ]
    moved(row, State.FIXED, reason="Done.")
    page = text_of(owner.get(path(desk, row.pk)))
    assert f"Your report {row.pk} is now accepted: We look." in page
    assert f"Your report {row.pk} is now fixed: Done." in page
    assert page.count("arrives in the warnings of its next call") == 1
    assert page.count(" told now") == 1


def test_of_a_known_fault_only_staff_s_words_are_shown(desk: Desk, owner: Client) -> None:
    other = row_of(report(sign_up("else@example.com", name="zephyr"), title="Secret plans of somebody else"))
    published(other, "Alpha is lost by edits", "It is kept from 1.6 on.")
    row = row_of(report(desk.agent, title="Mine"))
    merged(row, other, reason="Known.")
    moved(other, State.FIXED, reason="To that reporter only.", resolved_in="1.6")
    for shown in (path(desk), path(desk, row.pk)):
        page = text_of(owner.get(shown))
        assert "It is kept from 1.6 on." in page
        assert "Fixed in 1.6" in page
        assert "fixed" in page
        for hidden in ("Secret plans", "zephyr", "To that reporter only."):
            assert hidden not in page


def test_what_an_agent_wrote_is_text_and_hides_nothing(desk: Desk, owner: Client) -> None:
    hostile = "<script>alert(1)</script> <b>bold</b> https://evil.example \u202egnp.exe\u200b"
    Agent.objects.filter(pk=desk.agent.agent_id).update(name="\u202e7-salta")
    row = row_of(report(desk.agent, title=hostile, body=hostile + "\nsecond line", command=hostile))
    for shown in (path(desk), path(desk, row.pk)):
        page = owner.get(shown).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt;bold&lt;/b&gt;" in page
        assert 'href="https://evil' not in page
        assert "⟨U+202E⟩gnp.exe⟨U+200B⟩" in page
        assert "\u202e" not in page


def test_strangers_find_nothing_and_viewers_read(desk: Desk) -> None:
    row = row_of(report(desk.agent, title="A fault"))
    join(make_user("bo@example.com"), desk.organization, Role.VIEWER)
    viewer = sign_in("bo@example.com")
    assert "A fault" in text_of(viewer.get(path(desk)))
    assert viewer.get(path(desk, row.pk)).status_code == 200
    assert viewer.post(path(desk)).status_code in (403, 405)
    mine = make_workspace(make_user("eve@example.com"))
    stranger = sign_in("eve@example.com")
    assert stranger.get(path(desk)).status_code == 404
    assert stranger.get(path(desk, row.pk)).status_code == 404
    for reference in (row.pk, "sig_1", "x" * 200):
        assert stranger.get(f"/w/{mine.pk}/feedback/{reference}").status_code == 404
    assert Client().get(path(desk))["location"].startswith("/account/login/")


def test_what_was_reported_before_a_merge_is_there(desk: Desk, owner: Client) -> None:
    early = row_of(report(sign_up("early@example.com", name="early"), title="From before"))
    Agent.objects.filter(pk=early.agent_id).update(organization=desk.organization, shell=early.organization_id)
    Organization.objects.filter(pk=early.organization_id).update(
        merged_into=desk.organization, merged_at=timezone.now()
    )
    assert "From before" in text_of(owner.get(path(desk)))
    assert owner.get(path(desk, early.pk)).status_code == 200


def test_many_reports_come_in_pages_at_the_price_of_few(desk: Desk, owner: Client) -> None:
    def made(number: int) -> None:
        job_id = desk.agent.create(f"Boat {number}", model="canvas.draft").data["job_id"]
        moved(row_of(report(desk.agent, title=f"Report no. {number}", evidence=[job_id])), State.ACCEPTED)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(path(desk)).status_code == 200
        assert not [one for one in queries if one["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]
        return len(queries)

    desk.limit()
    for number in range(3):
        made(number)
    owner.get(path(desk))
    few = asked()
    for number in range(3, 30):
        made(number)
    assert asked() == few
    first = owner.get(path(desk))
    cursor = first.context["cursor"]
    second = owner.get(f"{path(desk)}?before={cursor}")
    titles = [one.title for answer in (first, second) for one in answer.context["reports"]]
    assert titles == [f"Report no. {number}" for number in reversed(range(30))]
    assert second.context["cursor"] is None
    assert "Newest reports" in text_of(second)


def test_looking_tells_the_agent_nothing(desk: Desk, owner: Client) -> None:
    row = row_of(report(desk.agent, title="A fault"))
    triage.change_state(
        feedback_id=row.pk, from_state=State.RECEIVED, to_state=State.ACCEPTED, actor=STAFF, reason="Seen."
    )
    before = (Feedback.objects.get(pk=row.pk).state_changed_at, ActivityEvent.objects.count())
    owner.get(path(desk))
    owner.get(path(desk, row.pk))
    assert (Feedback.objects.get(pk=row.pk).state_changed_at, ActivityEvent.objects.count()) == before
    assert len(notices.take(desk.agent.agent_id)) == 1
