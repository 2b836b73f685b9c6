"""The agents' pages over HTTP: the list, one agent, its tokens, pausing and releasing it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import tokens
from accounts.models import Agent, AgentToken
from billing import mandates, quota
from billing.mandates import Terms
from billing.models import Hold
from creative.models import Job
from imageskill.core.events import Human
from imageskill.core.models import ActivityEvent
from tests.pages.agents.acts import ask_less, path, queue_a_job, text
from tests.pages.people import make_old, make_user, make_workspace, said, sign_in
from tests.pages.studio import Studio, add_viewer, make_studio

pytestmark = pytest.mark.django_db


def add_agents(studio: Studio, count: int) -> None:
    for number in range(count):
        row = Agent.objects.create(
            organization=studio.organization,
            name=f"helper-{number}",
            runtime="tests",
            claim_state="claimed",
            grants=["create"],
            signup_network="loopback",
            created_at=timezone.now(),
        )
        tokens.issue(row)
        terms = Terms(cap_month=100 + number, time_zone=("UTC", "Asia/Kathmandu")[number % 2])
        mandates.set_terms(agent=row, terms=terms, actor=Human(studio.owner.pk))


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_list_shows_each_agent_with_its_state_its_tightest_cap_and_its_last_pictures(
    studio: Studio, owner: Client
) -> None:
    page = owner.get(f"/w/{studio.organization.pk}/agents")
    assert "atlas-7 working last call" in text(page)
    assert "19 of 20 credits left today" in text(page)
    assert page.content.count(b'class="thumb"') == 4
    Agent.objects.filter(pk=studio.agent.agent_id).update(paused_at=timezone.now())
    assert "atlas-7 paused" in text(owner.get(f"/w/{studio.organization.pk}/agents"))
    AgentToken.objects.filter(agent_id=studio.agent.agent_id).update(revoked_at=timezone.now())
    Agent.objects.filter(pk=studio.agent.agent_id).update(paused_at=None)
    assert "atlas-7 without a token" in text(owner.get(f"/w/{studio.organization.pk}/agents"))


def test_the_list_asks_as_many_questions_for_three_agents_as_for_twenty(studio: Studio, owner: Client) -> None:
    address = f"/w/{studio.organization.pk}/agents"
    add_agents(studio, 2)
    queries(owner, address)
    few = queries(owner, address)
    add_agents(studio, 17)
    assert queries(owner, address) == few
    add_agents(studio, 5)
    first = owner.get(address)
    more = re.search(r'href="\?after=(agt_\w+)"', first.content.decode())
    assert more
    assert "atlas-7" in text(owner.get(f"{address}?after={more[1]}"))
    assert "atlas-7" not in text(first)


def test_the_list_counts_as_the_quota_does(studio: Studio, settings: Any) -> None:
    add_agents(studio, 3)
    queue_a_job(studio, settings)
    rows = list(Agent.objects.filter(organization=studio.organization))
    limits = mandates.current_of(studio.organization.pk, [row.pk for row in rows])
    told = mandates.counters_of(list(limits.values()), timezone.now())
    for row in rows:
        assert told[row.pk] == list(quota.of_agent(row).spend)
        assert told[row.pk] == mandates.counters(limits[row.pk], timezone.now())
    assert [(counter.window, counter.used, counter.held) for counter in told[studio.agent.agent_id]][-1] == (
        "lifetime",
        1,
        1,
    )


def test_an_empty_list_teaches_how_an_agent_signs_up() -> None:
    organization = make_workspace(make_user("new@example.com"))
    page = sign_in("new@example.com").get(f"/w/{organization.pk}/agents")
    assert "image-skill signup --agent --human-email new@example.com" in text(page)
    assert "/claim" in page.content.decode()


def test_the_list_names_agents_that_wait_for_the_member_to_claim_them(studio: Studio, owner: Client) -> None:
    from_elsewhere = Agent.objects.get(pk=studio.agent.agent_id)
    assert from_elsewhere.claim_state == "claimed"
    answer = Client().post(
        "/v1/agent-signups",
        {"agent_name": "rook <b>bold</b>", "runtime": "tests", "human_email": "ada@example.com"},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.content
    page = owner.get(f"/w/{studio.organization.pk}/agents").content.decode()
    assert "rook &lt;b&gt;bold&lt;/b&gt;" in page
    assert "waiting for a claim" in page


def test_an_agent_s_page_shows_caps_facts_grants_pictures_and_refusals(studio: Studio, owner: Client) -> None:
    page = owner.get(path(studio))
    told = text(page)
    assert "A day 1 spent of 20 credits" in told
    assert "A month 1 spent of 400 credits" in told
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%-d %B %Y, 00:00 UTC")
    assert f"resets {tomorrow}" in told
    assert "Without a cap: a week, in all" in told
    assert "At most 3 credits a job. It asks before a job above 2 credits." in told
    assert "Make pictures beyond the free jobs of a day" in told
    assert "the cap of one job is 3 credits" in told
    assert "SPEND_CAP_EXCEEDED" in told
    assert "APPROVAL_REQUIRED" in told
    assert page.content.count(b'class="thumb"') == 4
    token = AgentToken.objects.filter(agent_id=studio.agent.agent_id, revoked_at=None).get()
    assert token.prefix in told
    assert studio.agent.token is not None
    assert studio.agent.token not in page.content.decode()
    assert "A lighthouse at dusk" not in told


def test_an_agent_s_page_asks_a_fixed_number_of_questions(studio: Studio, owner: Client, settings: Any) -> None:
    ask_less(studio)
    queries(owner, path(studio))
    few = queries(owner, path(studio))
    for _ in range(4):
        assert studio.agent.create(model="canvas.draft").ok
        studio.agent.create(model="canvas.draft", output_count=4)
    assert queries(owner, path(studio)) == few


def test_a_viewer_sees_no_token_and_no_form_and_changes_nothing(studio: Studio) -> None:
    add_viewer(studio)
    viewer = sign_in("bo@example.com")
    page = viewer.get(path(studio)).content.decode()
    assert "atlas-7" in page
    assert "isk_r_" not in page
    assert "Tokens" not in page
    assert "/pause" not in page
    for shown in ("limits", "limits/raise", "release", "tokens/all/revoke", "undo"):
        assert viewer.get(path(studio, shown)).status_code == 404, shown
    acts = ["rename", "pause", "resume", "release/now", "limits/preview", "limits/set", "limits/raise/now"]
    for act in [*acts, "undo/now", "tokens/new", "tokens/all/revoke/now"]:
        assert viewer.post(path(studio, act)).status_code == 403, act
    assert studio.agent.get("/v1/whoami").ok


def test_a_stranger_and_another_workspace_find_no_such_page(studio: Studio) -> None:
    make_user("eve@example.com")
    stranger = sign_in("eve@example.com")
    assert stranger.get(path(studio)).status_code == 404
    assert Client().get(path(studio)).url.startswith("/account/login/")
    other = make_studio("eve@example.com", name="other")
    assert stranger.get(f"/w/{other.organization.pk}/agents/{studio.agent.agent_id}").status_code == 404
    assert stranger.post(f"/w/{other.organization.pk}/agents/{studio.agent.agent_id}/pause").status_code == 404


def test_looking_changes_nothing(studio: Studio, owner: Client) -> None:
    before = (ActivityEvent.objects.count(), AgentToken.objects.count(), Job.objects.count())
    for shown in ("", "limits", "release", "tokens/all/revoke"):
        assert owner.get(path(studio, shown).rstrip("/")).status_code == 200, shown
    for act in ("pause", "limits/set", "tokens/new", "tokens/all/revoke/now", "release/now"):
        assert owner.get(path(studio, act)).status_code == 405, act
    assert (ActivityEvent.objects.count(), AgentToken.objects.count(), Job.objects.count()) == before


def test_an_agent_gets_another_name(studio: Studio, owner: Client) -> None:
    owner.post(path(studio, "rename"), {"name": "atlas-8"})
    assert studio.agent.row.name == "atlas-8"
    assert ActivityEvent.objects.filter(type="agent.renamed", actor_id=studio.owner.pk).count() == 1
    assert b"This field is required" in owner.post(path(studio, "rename"), {"name": ""}).content


def test_a_paused_agent_gets_the_owner_s_message_and_goes_on_when_resumed(studio: Studio, owner: Client) -> None:
    answer = owner.post(path(studio, "pause"), {"message": "Wait for Monday"})
    assert said(answer) == ["atlas-7 is paused. Nothing was waiting or running."]
    refused = studio.agent.create(model="canvas.draft")
    assert (refused.code, refused.status) == ("CAPABILITY_DENIED", 403)
    recovery = refused.error["recovery"]
    assert (recovery["reason"], recovery["owner_message"]) == ("paused_by_owner", "Wait for Monday")
    assert "Wait for Monday" in text(owner.get(path(studio)))
    assert Job.objects.get(pk=studio.waiting_job_id).state == "awaiting_approval"
    owner.post(path(studio, "resume"))
    assert studio.agent.create(model="canvas.draft").ok
    assert said(owner.post(path(studio, "resume"))) == ["atlas-7 is not paused."]
    types = set(ActivityEvent.objects.filter(subject_id=studio.agent.agent_id).values_list("type", flat=True))
    assert {"agent.paused", "agent.resumed"} <= types


def test_a_pause_cancels_what_is_queued_and_gives_it_back(studio: Studio, owner: Client, settings: Any) -> None:
    ask_less(studio)
    job = queue_a_job(studio, settings, output_count=2)
    answer = owner.post(path(studio, "pause"), {"message": ""})
    assert said(answer) == ["atlas-7 is paused. 1 queued job was canceled, 2 credits released."]
    job.refresh_from_db()
    assert (job.state, job.error_code, job.error_reason) == ("canceled", "CAPABILITY_DENIED", "paused_by_owner")
    assert Hold.objects.get(job_id=job.pk).state == "released"


@pytest.mark.parametrize("act", ["tokens/new", "release/now", "limits/raise/now"])
def test_what_is_dangerous_asks_for_a_fresh_sign_in(studio: Studio, owner: Client, act: str) -> None:
    make_old(owner)
    answer = owner.post(path(studio, act), {"typed_name": "atlas-7"})
    assert answer.url.startswith("/account/confirm/?next=")
    assert studio.agent.get("/v1/whoami").ok
    assert AgentToken.objects.filter(agent_id=studio.agent.agent_id, first_used_at=None).count() == 0


@pytest.mark.parametrize("act", ["pause", "tokens/all/revoke/now"])
def test_stopping_asks_for_nothing_more(studio: Studio, owner: Client, act: str) -> None:
    make_old(owner)
    assert "/account/confirm/" not in owner.post(path(studio, act)).url
    assert not studio.agent.create(model="canvas.draft").ok
