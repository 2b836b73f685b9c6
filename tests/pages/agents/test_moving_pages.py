"""Moving an agent by its page: who may, what is asked, what both workspaces show afterwards."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import Agent, AgentMove, AgentToken, Membership, Organization, Role
from billing import mandates
from creative.models import Job
from imageskill.core.errors import ErrorCode
from imageskill.core.events import Human
from imageskill.core.models import ActivityEvent, Outbox
from imageskill.flows import limiting, moving, quarantining, stopping
from tests.cast import Member
from tests.claims.people import collect, owner_of, request_claim, take_over, workspace_of
from tests.pages.agents.acts import path, queue_a_job, text
from tests.pages.people import join, make_old, make_user, make_workspace, sign_in
from tests.pages.studio import Studio

pytestmark = pytest.mark.django_db

LOW: dict[str, Any] = {
    "cap_per_job": 5,
    "cap_day": 10,
    "approval_threshold": "",
    "time_zone": "UTC",
    "every_model": "on",
    "grants": ["create", "edit", "job.read", "asset.read", "activity.read"],
    "version": 0,
}


@pytest.fixture
def south(studio: Studio) -> Organization:
    return make_workspace(studio.owner, name="Studio South")


def move(client: Client, studio: Studio, to: Organization, **changed: Any) -> Any:
    return client.post(path(studio, "move", "now"), LOW | {"to": to.pk} | changed)


def agent_there(studio: Studio, answer: Any) -> Member:
    return Member(answer.context["raw"], studio.agent.agent_id)


def test_an_owner_moves_it_and_it_goes_alone(studio: Studio, owner: Client, south: Organization) -> None:
    page = text(owner.get(path(studio, "move")))
    assert "What it may do in Studio South" in page
    assert "It was never there: these limits are low" in page
    assert set(owner.get(path(studio, "move")).context["form"]["grants"].value()) == (
        set(studio.agent.row.grants) - {"asset.delete", "workspace.read"}
    )
    answer = move(owner, studio, south)
    assert answer.status_code == 200
    assert "atlas-7 is in Studio South" in text(answer)
    assert "Available 0 On hold 0" in text(answer)
    fresh = agent_there(studio, answer)
    row = Agent.objects.get(pk=studio.agent.agent_id)
    assert (row.organization_id, row.shell_id, row.grants) == (south.pk, None, sorted(LOW["grants"]))
    mandate = mandates.current(agent_id=row.pk, organization_id=south.pk)
    assert mandate is not None
    assert (mandate.version, mandate.cap_per_job, mandate.cap_day) == (1, 5, 10)
    told = fresh.get("/v1/whoami")
    assert told.body["actor"]["organization_id"] == south.pk
    assert not studio.agent.get("/v1/whoami").ok
    assert AgentToken.objects.get(agent=row, revoked_at=None).replaces_id is None
    assert fresh.get("/v1/assets").data["assets"] == []
    assert fresh.get("/v1/jobs").data["jobs"] == []
    for asset in studio.assets:
        assert fresh.get(f"/v1/assets/{asset.pk}").status == 404
    seen = str(fresh.get("/v1/activity?limit=100").body)
    assert not any(job.pk in seen for job in studio.jobs)
    refused = fresh.create(model="canvas.draft")
    assert refused.code == "QUOTA_EXCEEDED"


def test_each_workspace_shows_its_own_afterwards(studio: Studio, owner: Client, south: Organization) -> None:
    fresh = agent_there(studio, move(owner, studio, south))
    listed = text(owner.get(f"/w/{south.pk}/agents"))
    assert "atlas-7" in listed
    new_page = owner.get(f"/w/{south.pk}/agents/{studio.agent.agent_id}").content.decode()
    assert not any(asset.pk in new_page for asset in studio.assets)
    assert not any(asset.pk in owner.get(f"/w/{south.pk}/agents").content.decode() for asset in studio.assets)
    assert not any(asset.pk in owner.get(f"/w/{south.pk}/gallery").content.decode() for asset in studio.assets)
    old_wall = owner.get(f"/w/{studio.organization.pk}/gallery?agent={studio.agent.agent_id}").content.decode()
    assert all(asset.pk in old_wall for asset in studio.assets)
    assert "atlas-7" not in text(owner.get(f"/w/{studio.organization.pk}/agents"))
    away = text(owner.get(path(studio)))
    assert "atlas-7 was moved away" in away
    assert "See it in Studio South" in away
    left, joined = ActivityEvent.objects.filter(type="agent.moved").order_by("pk")
    assert (left.organization_id, left.status) == (studio.organization.pk, "left")
    assert (joined.organization_id, joined.status) == (south.pk, "joined")
    assert south.pk not in str(left.links) + left.summary
    for workspace, said in ((studio.organization, "to another workspace"), (south, "into this workspace")):
        assert f"moved atlas-7 {said}" in text(owner.get(f"/w/{workspace.pk}/activity"))
    receipts = [token.pk for token in AgentToken.objects.filter(agent_id=studio.agent.agent_id)]
    pages = [owner.get(f"/w/{south.pk}/agents/{studio.agent.agent_id}/tokens/{pk}/receipt") for pk in receipts]
    assert {page.status_code for page in pages} == {404}
    assert fresh.get("/v1/whoami").ok


def test_the_owners_of_both_get_a_mail_and_each_hears_of_its_own(
    studio: Studio, owner: Client, south: Organization
) -> None:
    join(make_user("north@example.com"), studio.organization, Role.OWNER)
    join(make_user("south@example.com"), south, Role.OWNER)
    join(make_user("admin@example.com"), south, Role.ADMIN)
    move(owner, studio, south)
    mails = {mail.recipient: mail.text for mail in Outbox.objects.filter(kind="agent_moved")}
    assert set(mails) == {studio.owner.email, "north@example.com", "south@example.com"}
    assert "Studio North" in mails["north@example.com"]
    assert "Studio South" not in mails["north@example.com"] + south.pk
    assert south.pk not in mails["north@example.com"]
    assert "Studio South" in mails["south@example.com"]
    assert "Studio North" not in mails["south@example.com"]
    assert "Studio North" in mails[studio.owner.email]
    assert "Studio South" in mails[studio.owner.email]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.VIEWER])
def test_nobody_moves_it_but_an_owner_of_where_it_is(studio: Studio, south: Organization, role: Role) -> None:
    bo = make_user("bo@example.com")
    join(bo, studio.organization, role)
    join(bo, south, Role.OWNER)
    client = sign_in("bo@example.com")
    assert client.get(path(studio, "move")).status_code == 404
    assert move(client, studio, south).status_code == (403 if role == Role.VIEWER else 404)
    assert "Move it to another workspace" not in text(client.get(path(studio)))
    assert Agent.objects.get(pk=studio.agent.agent_id).organization_id == studio.organization.pk


@pytest.mark.parametrize("role", [Role.ADMIN, Role.VIEWER, None])
def test_nobody_moves_it_but_to_where_they_own(studio: Studio, owner: Client, role: Role | None) -> None:
    elsewhere = make_workspace(make_user("bo@example.com"), name="Elsewhere")
    if role is not None:
        join(studio.owner, elsewhere, role)
    assert "There is nowhere to move it" in text(owner.get(path(studio, "move")))
    assert owner.get(path(studio, f"move?to={elsewhere.pk}")).status_code == 404
    assert move(owner, studio, elsewhere).status_code == 404
    with pytest.raises(moving.CannotError, match="two workspaces that you own"):
        moving.move(
            by=studio.place,
            agent_id=studio.agent.agent_id,
            organization_id=elsewhere.pk,
            allowed=moving.suggested(studio.agent.row, elsewhere.pk)[0],
            based_on=0,
        )
    assert not AgentMove.objects.exists()
    assert studio.agent.get("/v1/whoami").ok


def test_an_old_sign_in_moves_nothing(studio: Studio, owner: Client, south: Organization) -> None:
    make_old(owner)
    for answer in (owner.get(path(studio, "move")), move(owner, studio, south)):
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/account/confirm/")
    assert not AgentMove.objects.exists()


def test_with_several_workspaces_one_is_chosen(studio: Studio, owner: Client, south: Organization) -> None:
    make_workspace(studio.owner, name="Studio West")
    page = owner.get(path(studio, "move"))
    assert [one.name for one in page.context["choices"]] == ["Studio South", "Studio West"]
    assert page.context["form"] is None
    assert "What it may do in Studio South" in text(owner.get(path(studio, f"move?to={south.pk}")))
    assert owner.post(path(studio, "move", "now"), LOW).status_code == 404


def test_limits_that_contradict_each_other_move_nothing(
    studio: Studio, owner: Client, south: Organization
) -> None:
    assert "needs at least as much" in text(move(owner, studio, south, cap_per_job=50))
    assert "somebody has set other limits".casefold() in text(move(owner, studio, south, version=1)).casefold()
    assert not AgentMove.objects.exists()
    assert studio.agent.get("/v1/whoami").ok


def test_what_is_queued_ends_and_its_credits_stay(
    studio: Studio, owner: Client, south: Organization, settings: LazySettings
) -> None:
    job = queue_a_job(studio, settings)
    page = text(owner.get(path(studio, "move")))
    assert "Queued jobs, canceled at once 1, 1 credit released" in page
    answer = text(move(owner, studio, south))
    assert "Queued jobs, canceled 1, 1 credit released" in answer
    assert "Plans that waited, taken back 1" in answer
    job.refresh_from_db()
    assert (job.state, job.error_code, job.error_reason) == (
        "canceled",
        ErrorCode.AUTH_REQUIRED.name,
        "agent_moved",
    )
    assert Job.objects.get(pk=studio.waiting_job_id).state == "canceled"


def test_pressed_twice_it_leads_to_where_it_is(studio: Studio, owner: Client, south: Organization) -> None:
    move(owner, studio, south)
    again = move(owner, studio, south)
    assert (again.status_code, again.url) == (302, f"/w/{south.pk}/agents/{studio.agent.agent_id}")
    assert AgentMove.objects.count() == 1


def test_who_stayed_behind_sees_that_it_left_and_not_where_to(
    studio: Studio, owner: Client, south: Organization
) -> None:
    join(make_user("bo@example.com"), studio.organization, Role.ADMIN)
    move(owner, studio, south)
    client = sign_in("bo@example.com")
    page = client.get(path(studio)).content.decode()
    assert "was moved away" in page
    assert studio.owner.email in page
    assert "Studio South" not in page
    assert south.pk not in page
    for rest in (("pause",), ("tokens", "new"), ("release", "now")):
        assert client.post(path(studio, *rest)).status_code == 404
    assert client.get(f"/w/{south.pk}/agents/{studio.agent.agent_id}").status_code == 404


def test_back_home_it_finds_its_shell_and_its_limits_again(
    studio: Studio, owner: Client, south: Organization
) -> None:
    shell = Agent.objects.get(pk=studio.agent.agent_id).shell_id
    assert shell is not None
    move(owner, studio, south)
    there = f"/w/{south.pk}/agents/{studio.agent.agent_id}"
    page = owner.get(f"{there}/move")
    assert "It was there before" in text(page)
    assert page.context["form"]["cap_per_job"].value() == 3
    version = page.context["form"]["version"].value()
    answer = owner.post(f"{there}/move/now", LOW | {"to": studio.organization.pk, "version": version})
    back = agent_there(studio, answer)
    assert Agent.objects.get(pk=studio.agent.agent_id).shell_id == shell
    known = {asset["asset_id"] for asset in back.get("/v1/assets?limit=50").data["assets"]}
    assert known == {asset.pk for asset in studio.assets}
    assert "atlas-7 was moved away" in text(owner.get(there))
    assert owner.get(path(studio)).status_code == 200


def test_a_claim_that_nobody_collected_brings_no_token_there(agent: Member) -> None:
    """A day later the old tokens have ended by themselves, and the claim's secret is good for six more days."""
    person = owner_of(agent)
    claim = request_claim(agent)
    home, there = workspace_of(person), workspace_of(person)
    row = take_over(agent, person, home)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        moving.move(
            by=Membership.objects.get(organization=home),
            agent_id=row.pk,
            organization_id=there.pk,
            allowed=moving.suggested(row, there.pk)[0],
            based_on=0,
        )
        assert collect(claim) == {"claim_id": claim["claim_id"], "state": "expired"}
    assert AgentToken.objects.get(agent=row, revoked_at=None, narrowed_at=None).is_handed_out


def test_a_paused_agent_arrives_paused_and_one_that_staff_stopped_stays(
    studio: Studio, owner: Client, south: Organization
) -> None:
    quarantining.quarantine(agent_id=studio.agent.agent_id, reason="spam", actor=Human("usr_staff"))
    assert "Staff of this service stopped atlas-7" in text(move(owner, studio, south))
    assert not AgentMove.objects.exists()
    quarantining.free(agent_id=studio.agent.agent_id, reason="fine", actor=Human("usr_staff"))
    stopping.pause(by=studio.place, agent_id=studio.agent.agent_id, message="Wait")
    fresh = agent_there(studio, move(owner, studio, south))
    assert fresh.create(model="canvas.draft").error["recovery"]["owner_message"] == "Wait"


def test_the_way_back_of_a_raise_does_not_follow_it(studio: Studio, owner: Client, south: Organization) -> None:
    _, mandate = moving.suggested(studio.agent.row, studio.organization.pk)
    assert mandate is not None
    now = limiting.allowed_now(studio.agent.row, mandate)
    wider = limiting.Allowed(mandates.Terms(cap_day=90), now.grants)
    limiting.change(
        by=studio.place, agent_id=studio.agent.agent_id, after=wider, based_on=mandate.version, is_confirmed=True
    )
    mail = Outbox.objects.get(kind="limits_raised")
    kept = mail.text.partition("undo?of=")[2].split()[0]
    move(owner, studio, south)
    with pytest.raises(moving.CannotError, match="was moved here since"):
        limiting.before_undo(studio.agent.row, kept)
