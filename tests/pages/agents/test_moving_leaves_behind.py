"""Moving an agent: its token is shown whatever fails afterwards, and nothing that it was owed comes along."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import notices
from accounts.models import AgentToken, Notice, Organization
from creative.feedback import noting
from creative.models import Feedback, Job
from imageskill.core.events import System
from tests.cast import Member
from tests.pages.agents.acts import queue_a_job, text
from tests.pages.agents.test_moving_pages import move
from tests.pages.people import make_workspace, said
from tests.pages.studio import Studio

pytestmark = pytest.mark.django_db


@pytest.fixture
def south(studio: Studio) -> Organization:
    return make_workspace(studio.owner, name="Studio South")


def refuse_to_cancel_jobs() -> None:
    """Have the database refuse what the move does after it is committed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER no_cancel BEFORE UPDATE OF state ON creative_job WHEN NEW.state = 'canceled' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )


def test_a_fault_after_the_move_takes_no_token_away(
    studio: Studio, owner: Client, south: Organization, settings: Any
) -> None:
    job = queue_a_job(studio, settings)
    refuse_to_cancel_jobs()
    answer = move(owner, studio, south)
    assert answer.status_code == 200
    fresh = Member(answer.context["raw"], studio.agent.agent_id)
    assert answer.context["raw"] in answer.content.decode()
    assert fresh.get("/v1/whoami").body["actor"]["organization_id"] == south.pk
    page = text(answer)
    assert "What was queued there could not be canceled at once. It ends uncharged" in page
    assert "Queued jobs, canceled" not in page
    assert said(answer) == []
    assert Job.objects.get(pk=job.pk).state == "queued"


def test_sending_the_form_again_moves_nothing_and_makes_no_token(
    studio: Studio, owner: Client, south: Organization
) -> None:
    fresh = Member(move(owner, studio, south).context["raw"], studio.agent.agent_id)
    again = move(owner, studio, south)
    assert again.url == f"/w/{south.pk}/agents/{studio.agent.agent_id}"
    assert said(again) == ["atlas-7 was moved here; nothing else has changed."]
    assert AgentToken.objects.filter(agent_id=studio.agent.agent_id, revoked_at=None).count() == 1
    assert fresh.get("/v1/whoami").ok


def test_what_it_was_to_be_told_of_its_reports_is_told_in_no_other_workspace(
    studio: Studio, owner: Client, south: Organization
) -> None:
    asked = {"type": "bug", "title": "Too dark", "body": "Every picture came out black at noon today."}
    report = studio.agent.post("/v1/feedback", asked).data["feedback_id"]
    told, owed = (
        Notice(agent_id=studio.agent.agent_id, kind="feedback", subject_id=report, text=words)
        for words in ("Your report is triaged.", "Studio North gets 50 credits.")
    )
    told.created_at = owed.created_at = timezone.now()
    told.told_at = timezone.now() - timedelta(minutes=1)
    Notice.objects.bulk_create([told, owed])
    fresh = Member(move(owner, studio, south).context["raw"], studio.agent.agent_id)
    whoami = str(fresh.get("/v1/whoami").body)
    assert "50 credits" not in whoami
    assert notices.take(studio.agent.agent_id) == []
    left = text(owner.get(f"/w/{studio.organization.pk}/feedback/{report}"))
    assert "Your report is triaged." in left
    assert "arrives in the warnings of its next call" not in left


def test_an_answer_to_a_report_made_before_the_move_is_not_told_in_the_other_workspace(
    studio: Studio, owner: Client, south: Organization
) -> None:
    asked = {"type": "bug", "title": "Too dark", "body": "Every picture came out black at noon today."}
    report = studio.agent.post("/v1/feedback", asked).data["feedback_id"]
    move(owner, studio, south)
    state = Feedback.objects.get(pk=report).state
    assert noting.answer(
        feedback_id=report, state=state, text="Studio North gets 50 credits.", actor=System("triage")
    )
    assert notices.take(studio.agent.agent_id) == []
    assert Feedback.objects.get(pk=report).answer == "Studio North gets 50 credits."
