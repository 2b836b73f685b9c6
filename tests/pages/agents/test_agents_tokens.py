"""Tokens: what a revocation reaches, its receipt, a token of the page's own, and releasing an agent."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import AgentToken
from creative.models import Job
from imageskill.core.models import ActivityEvent
from tests.pages.agents.acts import ask_less, path, queue_a_job, text, with_token
from tests.pages.people import said
from tests.pages.studio import Studio

pytestmark = pytest.mark.django_db


def test_before_a_revocation_its_reach_is_shown_and_afterwards_its_receipt(
    studio: Studio, owner: Client, settings: Any
) -> None:
    ask_less(studio)
    queued = queue_a_job(studio, settings, output_count=2)
    running = queue_a_job(studio, settings)
    Job.objects.filter(pk=running.pk).update(state="running", started_at=timezone.now())
    before = text(owner.get(path(studio, "tokens/all/revoke")))
    assert "Queued jobs, canceled at once 1, 2 credits released" in before
    assert "Running jobs, finished and charged 1, 1 credit on hold" in before
    assert "Plans that wait for approval, taken back 1" in before
    answer = owner.post(path(studio, "tokens/all/revoke/now"))
    assert re.search(r"/tokens/tok_\w+/receipt$", answer.url), answer.url
    receipt = text(owner.get(answer.url))
    assert "nobody has tried since" in receipt
    assert "Jobs canceled 1 Credits released 2 credits $0.02" in receipt
    assert "Still running 1, charged when done" in receipt
    assert studio.agent.create(model="canvas.draft").code == "AUTH_REQUIRED"
    assert studio.agent.get("/v1/whoami").code == "AUTH_REQUIRED"
    events = ActivityEvent.objects.filter(type="token.rejected")
    assert events.count() == 1
    first = events.get().occurred_at.strftime("%-d %B %Y, %H:%M:%S UTC")
    assert f"First rejected {first}" in text(owner.get(answer.url))
    queued.refresh_from_db()
    assert (queued.state, queued.error_code) == ("canceled", "AUTH_REQUIRED")
    assert Job.objects.get(pk=studio.waiting_job_id).state == "canceled"
    assert said(owner.post(path(studio, "tokens/all/revoke/now"))) == ["There is no living token to revoke."]


def test_revoking_one_token_reaches_what_it_was_rotated_into_and_nothing_else(
    studio: Studio, owner: Client
) -> None:
    first = AgentToken.objects.get(agent_id=studio.agent.agent_id, revoked_at=None)
    rotated = studio.agent.post("/v1/agent-tokens/rotate").data["token"]
    _, apart = tokens.issue(studio.agent.row)
    page = text(owner.get(path(studio, f"tokens/{first.pk}/revoke")))
    assert f"These stay good: {apart[:12]}" in page
    owner.post(path(studio, f"tokens/{first.pk}/revoke/now"))
    studio.agent.token, stays = rotated, with_token(studio, apart)
    assert studio.agent.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert stays.get("/v1/whoami").ok
    assert owner.get(path(studio, f"tokens/{first.pk}/revoke")).status_code == 404
    assert owner.get(path(studio, f"tokens/{tokens.digest('x')}/receipt")).status_code == 404


def test_a_token_of_the_page_s_own_is_shown_once_and_takes_over_at_its_first_call(
    studio: Studio, owner: Client
) -> None:
    shown = owner.post(path(studio, "tokens/new"))
    assert shown.status_code == 200
    assert "no-store" in shown["cache-control"]
    raw = tokens.PATTERN.search(shown.content.decode())
    assert raw
    assert studio.agent.get("/v1/whoami").ok
    for address in (path(studio), path(studio, "tokens/all/revoke")):
        assert raw[0] not in owner.get(address).content.decode()
    again = tokens.PATTERN.search(owner.post(path(studio, "tokens/new")).content.decode())
    assert again
    assert with_token(studio, raw[0]).get("/v1/whoami").code == "AUTH_REQUIRED"
    assert with_token(studio, again[0]).get("/v1/whoami").ok
    assert studio.agent.get("/v1/whoami").code == "AUTH_REQUIRED"


def test_a_released_agent_is_over_and_its_pictures_and_credits_stay(
    studio: Studio, owner: Client, settings: Any
) -> None:
    job = queue_a_job(studio, settings)
    assert "Type atlas-7 to go on" in text(owner.get(path(studio, "release")))
    wrong = owner.post(path(studio, "release/now"), {"typed_name": "atlas"})
    assert "This is not its name: atlas-7" in text(wrong)
    assert studio.agent.get("/v1/whoami").ok
    answer = owner.post(path(studio, "release/now"), {"typed_name": "atlas-7"})
    told = "1 queued job was canceled, 1 credit released. 1 waiting plan was taken back."
    assert said(answer) == [f"atlas-7 is released. {told}"]
    assert studio.agent.get("/v1/whoami").code == "AUTH_REQUIRED"
    job.refresh_from_db()
    assert (job.state, job.hold.state if job.hold else "") == ("canceled", "released")
    page = owner.get(path(studio))
    assert "atlas-7 released" in text(page)
    assert page.content.count(b'class="thumb"') == 4
    assert b"/pause" not in page.content
    for act in ("pause", "resume", "rename", "tokens/new", "tokens/all/revoke/now"):
        answer = owner.post(path(studio, act), {"name": "x"})
        assert "was released" in said(answer)[0], act
    assert owner.get(path(studio, "limits")).status_code == 404
