"""Staff stops, frees and ends an agent: its owner reads why, and cannot undo what staff holds."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts import agents
from accounts.members import CannotError
from accounts.models import Agent, AgentToken, ClaimState
from accounts.staff import Staff
from billing.models import Hold
from creative.models import Job
from imageskill.core.models import ActivityEvent
from imageskill.flows import invariants, quarantining, stopping
from tests.console.desk import desk
from tests.pages.people import make_old, said, sign_in
from tests.pages.studio import Studio, make_studio

pytestmark = pytest.mark.django_db

STAFF = Staff("usr_staff")
WAITING = {"prefer": "respond-async"}


@pytest.fixture
def studio() -> Studio:
    return make_studio()


@pytest.fixture
def queued(studio: Studio, settings: LazySettings) -> Job:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    assert studio.agent.post("/v1/create", {"prompt": "A boat"}, headers=WAITING).ok
    return Job.objects.filter(state="queued").get()


def stop(client: Client, studio: Studio, act: str, reason: str = "Loops of <refusals>") -> Any:
    return client.post(f"/console/people/{studio.agent.agent_id}/stop", {"act": act, "reason": reason})


def last(kind: str) -> ActivityEvent:
    return ActivityEvent.objects.filter(type=kind).latest("pk")


def test_a_stopped_agent_begins_nothing_and_its_owner_cannot_resume_it(studio: Studio, queued: Job) -> None:
    client = desk()
    page = client.get(f"/console/people/{studio.agent.agent_id}/stop?act=quarantine").content.decode()
    assert "1, 1 credit go back" in page
    answer = stop(client, studio, "quarantine")
    assert answer.url == f"/console/people/{studio.agent.agent_id}"
    assert said(answer) == ["atlas-7 is stopped. Jobs canceled: 1, credits released: 1, still running: 0."]
    queued.refresh_from_db()
    assert queued.state == "canceled"
    assert queued.error_reason == "held_by_staff"
    refused = studio.agent.create()
    assert (refused.code, refused.error["recovery"]["reason"]) == ("CAPABILITY_DENIED", "held_by_staff")
    assert refused.error["message"] == "Stopped by staff of this service: Loops of <refusals>"
    with pytest.raises(CannotError, match="Staff of this service stopped atlas-7"):
        stopping.resume(by=studio.place, agent_id=studio.agent.agent_id)
    assert said(stop(client, studio, "quarantine")) == ["Staff has stopped atlas-7 already."]
    event = last("agent.quarantined")
    assert (event.organization_id, event.agent_id) == (studio.organization.pk, studio.agent.agent_id)
    assert (event.actor_type, event.summary) == (
        "session",
        "Stopped by staff of this service: Loops of <refusals>",
    )


def test_the_owner_reads_staff_and_no_name(studio: Studio) -> None:
    stop(desk("kim@example.com"), studio, "quarantine", "Loops")
    page = sign_in(studio.owner.email).get(f"/w/{studio.organization.pk}/activity").content.decode()
    assert "Staff of this service stopped atlas-7" in page
    assert "kim@example.com" not in page


def test_a_pause_of_the_owner_is_no_way_around(studio: Studio) -> None:
    agent_id = studio.agent.agent_id
    quarantining.quarantine(agent_id=agent_id, reason="Loops", actor=STAFF)
    stopping.pause(by=studio.place, agent_id=agent_id, message="Mine")
    assert studio.agent.row.pause_message == "Stopped by staff of this service: Loops"
    with pytest.raises(CannotError):
        stopping.resume(by=studio.place, agent_id=agent_id)
    quarantining.free(agent_id=agent_id, reason="Mended", actor=STAFF)
    assert studio.agent.create().ok
    assert not agents.is_quarantined(studio.agent.row)
    stopping.pause(by=studio.place, agent_id=agent_id, message="Mine")
    stopping.resume(by=studio.place, agent_id=agent_id)
    assert studio.agent.row.paused_at is None


def test_staff_frees_what_staff_stopped_and_nothing_else(studio: Studio) -> None:
    client = desk()
    stopping.pause(by=studio.place, agent_id=studio.agent.agent_id, message="Mine")
    assert said(stop(client, studio, "free")) == ["Staff has not stopped atlas-7."]
    assert Agent.objects.get(pk=studio.agent.agent_id).paused_at is not None
    stop(client, studio, "quarantine")
    assert said(stop(client, studio, "free", "Mended")) == ["atlas-7 may work again."]
    assert last("agent.freed").summary == "Staff let it work again: Mended"
    assert studio.agent.create().ok


def test_an_ended_agent_is_ended_with_the_next_call(studio: Studio, queued: Job) -> None:
    client = desk()
    answer = stop(client, studio, "revoke", "Stolen token")
    assert said(answer)[0].startswith("atlas-7 is ended. Jobs canceled: 1, credits released: 1")
    assert studio.agent.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert Agent.objects.get(pk=studio.agent.agent_id).claim_state == ClaimState.REVOKED
    assert not AgentToken.objects.filter(revoked_at=None, ends_at=None).exists()
    assert not Hold.objects.filter(state="open").exists()
    assert not Job.objects.filter(state__in=("queued", "awaiting_approval")).exists()
    assert last("agent.revoked").summary == "Ended by staff of this service: Stolen token"
    assert invariants.reconcile() == []
    assert said(stop(client, studio, "revoke")) == ["atlas-7 has ended already."]
    assert "End it for good" not in client.get(f"/console/people/{studio.agent.agent_id}").content.decode()


def test_without_a_reason_or_with_another_act_nothing_happens(studio: Studio) -> None:
    client = desk()
    assert b"This field is required" in stop(client, studio, "revoke", " ").content
    assert stop(client, studio, "delete").url == f"/console/people/{studio.agent.agent_id}"
    assert studio.agent.create().ok


def test_an_old_sign_in_stops_nothing(studio: Studio) -> None:
    client = desk()
    make_old(client)
    assert stop(client, studio, "revoke").url.startswith("/account/confirm/")
    form = client.get(f"/console/people/{studio.agent.agent_id}/stop?act=revoke")
    assert "next=%2Fconsole%2Fpeople%2F" in form.url
    assert form.url.endswith("stop%3Fact%3Drevoke")
    assert studio.agent.create().ok
