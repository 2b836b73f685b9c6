"""The whole way of a plan in a real browser: refused, looked at, approved or denied, and what comes of it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from creative import approvals, execution, thumbnails
from creative.models import Approval
from tests.cli.terminal import Terminal
from tests.doubles import FakeProvider
from tests.pages.approvals.desk import PROMPT, SETTER, Desk, make_desk
from tests.pages.looking import look, look_here
from tests.pages.people import sign_in, take_session, type_code
from tests.pages.studio import make_studio

pytestmark = pytest.mark.django_db(transaction=True)
ASKS_AFTER = 10_000
"""Milliseconds after which the list asks anew; the page's clock is moved on by so many."""
LONG = "A harbour at dawn, seen from the roof of the customs house. " * 12


@pytest.fixture
def shown(live_server: Any, settings: LazySettings) -> None:
    """Let the pictures come from the server of the test."""
    settings.MEDIA_URL_BASE = live_server.url


@pytest.fixture
def desk(transactional_db: None, provider: FakeProvider, settings: LazySettings, shown: None) -> Desk:
    """A workspace whose jobs run when the test says so."""
    made = make_desk()
    settings.JOB_QUEUE = "tests.doubles.run_never"
    return made


def sign_in_here(page: Page) -> None:
    page.get_by_label("E-mail address").first.fill("ada@example.com")
    page.get_by_role("button", name="Send me a code").click()
    type_code(page)


def test_a_mailed_link_leads_to_the_plan_which_is_approved_and_shows_its_picture(page: Page, desk: Desk) -> None:
    job_id = desk.wait()
    page.goto(desk.path(job_id))
    sign_in_here(page)
    page.wait_for_url(f"**{desk.path(job_id)}")
    expect(page.get_by_role("heading", name="atlas-7 asks to create 3 pictures")).to_be_visible()
    page.evaluate("window.stays = true")
    page.get_by_role("button", name="Approve 3 credits").click()
    expect(page.get_by_role("heading", name="Being made")).to_be_visible()
    execution.run(job_id)
    expect(page.get_by_role("heading", name="Made", exact=True)).to_be_visible()
    while thumbnails.make_missing():
        pass
    expect(page.locator(".made img")).to_have_count(3)
    expect(page.get_by_text("usage_")).to_be_visible()
    assert page.evaluate("window.stays")


def test_an_agent_that_waits_at_its_terminal_is_told_why_it_was_denied(
    page: Page, context: BrowserContext, desk: Desk, live_server: Any, tmp_path: Path
) -> None:
    terminal, token = Terminal(tmp_path, live_server.url), desk.agent.token
    words = ["--prompt", PROMPT, "--model", "canvas.draft", "--output-count", "3", "--json"]
    refused = terminal.run("create", *words, IMAGE_SKILL_TOKEN=token)
    assert (refused.code, refused.error_code) == (4, "APPROVAL_REQUIRED")
    _, *command, _ = refused.recovery["suggested_command"].split()
    waiting = terminal.begin(*command, "--json", IMAGE_SKILL_TOKEN=token)
    take_session(context, sign_in())
    page.goto(desk.path())
    page.get_by_text("Deny it").click()
    page.get_by_label("It costs too much.").check()
    page.get_by_label("In your own words").fill("One boat will do")
    page.get_by_role("button", name="Deny 3 credits").click()
    expect(page.get_by_role("heading", name="Denied")).to_be_visible()
    out, _ = waiting.communicate(timeout=60)
    told = json.loads(out)["error"]
    assert told["message"] == "The owner denied it: It costs too much. One boat will do"
    expect(page.get_by_text(told["message"])).to_be_visible()


def test_a_plan_that_comes_in_appears_and_the_words_in_the_making_stay(
    page: Page, context: BrowserContext, desk: Desk
) -> None:
    first = desk.wait()
    take_session(context, sign_in())
    page.clock.install()
    page.goto(desk.path())
    page.get_by_text("Deny it").click()
    page.get_by_label("In your own words").fill("Two boats")
    second = desk.wait(4)
    page.clock.run_for(ASKS_AFTER)
    expect(page.locator(f"#plan-{second}")).to_be_visible()
    expect(page.get_by_label("In your own words").first).to_have_value("Two boats")
    approvals.approve(job_id=second, decider=SETTER)
    page.get_by_label("Change the prompt first.").first.check()
    page.get_by_role("button", name="Deny 3 credits").click()
    expect(page.locator(f"#plan-{first}").get_by_role("heading", name="Denied")).to_be_visible()
    job = desk.agent.get(f"/v1/jobs/{first}").data["job"]
    assert job["error"]["message"] == "The owner denied it: Change the prompt first. Two boats"
    page.clock.run_for(ASKS_AFTER)
    expect(page.locator(f"#plan-{second}").get_by_role("heading", name="Being made")).to_be_visible()


def test_the_time_that_is_left_runs_out_in_front_of_the_reader(
    page: Page, context: BrowserContext, desk: Desk
) -> None:
    desk.wait()
    take_session(context, sign_in())
    page.clock.install()
    page.clock.pause_at(timezone.now() + timedelta(minutes=1))
    page.goto(desk.path())
    clock = page.get_by_role("timer")
    before = clock.inner_text()
    page.clock.run_for(2_000)
    expect(clock).not_to_have_text(before)
    Approval.objects.update(expires_at=timezone.now() + timedelta(seconds=3))
    page.reload()
    page.wait_for_timeout(3_000)  # over by the clock of the service too
    page.clock.run_for(ASKS_AFTER - 1)  # and not because the list asks anew
    expect(page.get_by_role("heading", name="Nobody decided in time")).to_be_visible()


def test_who_is_signed_out_is_asked_nothing_more(context: BrowserContext, desk: Desk) -> None:
    desk.wait()
    client = sign_in()
    take_session(context, client)
    page = context.new_page()
    page.clock.install()
    page.clock.pause_at(timezone.now() + timedelta(minutes=1))
    page.goto(desk.path())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/approvals") else None)
    with page.expect_response("**/approvals") as first:
        page.clock.run_for(ASKS_AFTER)
    assert first.value.status == 304
    seen = len(asked)
    client.post("/account/logout/")
    with page.expect_response("**/approvals") as second:
        page.clock.run_for(ASKS_AFTER)
    assert (second.value.status, len(asked)) == (401, seen + 1)
    page.clock.run_for(2 * ASKS_AFTER)
    page.wait_for_timeout(500)
    assert len(asked) == seen + 1
    expect(page.get_by_role("button", name="Approve 3 credits")).to_be_visible()


def test_every_state_reads_well(page: Page, context: BrowserContext, desk: Desk, screenshots: Path | None) -> None:
    take_session(context, sign_in())
    look(page, desk.path(), screenshots, name="approvals-empty")
    desk.wait(3, LONG, aspect_ratio="3:2", model_parameters={"style": "scene", "seed": 7})
    desk.wait(4)
    look(page, desk.path(), screenshots, name="approvals-waiting")
    page.get_by_text("Deny it").first.click()
    page.get_by_text("The whole prompt").click()
    page.get_by_text("defaults of the model").first.click()
    look_here(page, screenshots, name="approvals-denying")
    page.reload()
    page.get_by_role("button", name="Approve 3 credits").click()
    expect(page.get_by_role("heading", name="Being made")).to_be_visible()
    page.get_by_role("button", name="Deny and suggest this").first.click()
    expect(page.get_by_role("heading", name="Denied")).to_be_visible()
    look_here(page, screenshots, name="approvals-decided")


def test_a_real_workspace_reads_well_after_the_word(
    page: Page, context: BrowserContext, screenshots: Path | None, shown: None
) -> None:
    studio = make_studio()
    take_session(context, sign_in())
    path = f"/w/{studio.organization.pk}/approvals"
    look(page, f"{path}/{studio.waiting_job_id}", screenshots, name="approvals-one")
    page.get_by_role("button", name="Approve 3 credits").click()
    expect(page.get_by_role("heading", name="Made", exact=True)).to_be_visible()
    while thumbnails.make_missing():
        pass
    look(page, path, screenshots, name="approvals-made")
    Approval.objects.update(decided_at="2026-01-01T00:00:00Z")
    look(page, path, screenshots, name="approvals-past")
