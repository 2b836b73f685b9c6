"""An owner's way through the agents' pages, in a real browser, and how they look in four states."""

import re
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Agent
from billing import mandates
from imageskill.core.events import Human
from tests.pages.agents.acts import path, with_token
from tests.pages.looking import look, look_here
from tests.pages.people import make_old, make_user, make_workspace, sign_in, take_session, type_code
from tests.pages.studio import TERMS, Studio, make_studio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _at_home(live_server: LiveServer, settings: LazySettings) -> None:
    """Have the pictures come from the service that shows the pages."""
    settings.BASE_URL = settings.MEDIA_URL_BASE = live_server.url


@pytest.fixture
def studio(context: BrowserContext) -> Studio:
    made = make_studio()
    take_session(context, sign_in())
    return made


def grow_old(context: BrowserContext) -> None:
    client = Client()
    client.cookies["sessionid"] = next(each["value"] for each in context.cookies() if each["name"] == "sessionid")
    make_old(client)


def change_limits(page: Page) -> None:
    """Go to the form of the limits, and wait until typing there asks what the limits would have stopped."""
    page.get_by_role("link", name="Change its limits").click()
    page.wait_for_url("**/limits")


def test_an_owner_lowers_raises_pauses_and_revokes(page: Page, context: BrowserContext, studio: Studio) -> None:
    page.goto(f"/w/{studio.organization.pk}/agents")
    page.get_by_role("link", name="atlas-7", exact=True).click()
    change_limits(page)
    backtest = page.locator("#backtest")
    expect(backtest).to_contain_text("would have stopped 0 of 4 jobs")
    page.get_by_label("One job", exact=True).fill("1")
    page.get_by_label("A day", exact=True).fill("2")
    expect(backtest).to_contain_text("would have stopped 2 of 4 jobs and kept 2 credits")
    expect(backtest.get_by_text("the cap is 2 credits a day: 2 spent, 0 held")).to_have_count(2)
    expect(backtest.locator("img.thumb")).to_have_count(2)
    page.get_by_role("button", name="Set the limits").click()
    expect(page.get_by_text("The limits of atlas-7 are in force.")).to_be_visible()
    assert studio.agent.create(model="canvas.draft", output_count=2).code == "SPEND_CAP_EXCEEDED"

    grow_old(context)
    change_limits(page)
    page.get_by_label("A day", exact=True).fill("12")
    expect(backtest).to_contain_text("Wider than now: a day.")
    page.get_by_role("button", name="Set the limits").click()
    page.get_by_role("button", name="Send a code to").click()
    type_code(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Raise the limits of atlas-7")
    page.get_by_role("button", name="Raise the limits").click()
    expect(page.get_by_text("Every owner gets a mail with a way back.")).to_be_visible()

    page.get_by_role("link", name="Pause atlas-7").click()
    page.get_by_label("What it is told").fill("Back on Monday")
    page.get_by_role("button", name="Pause the agent").click()
    expect(page.get_by_text("atlas-7 is paused.")).to_be_visible()
    refused = studio.agent.create(model="canvas.draft")
    assert refused.error["recovery"]["owner_message"] == "Back on Monday"
    page.get_by_role("button", name="Resume atlas-7").click()
    expect(page.get_by_text("atlas-7 works again.")).to_be_visible()

    page.get_by_role("link", name="Revoke all tokens").click()
    page.get_by_role("button", name="Revoke all tokens").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Revoked")
    expect(page.get_by_text("nobody has tried since")).to_be_visible()
    assert studio.agent.get("/v1/whoami").code == "AUTH_REQUIRED"
    page.reload()
    first = page.locator("dt", has_text="First rejected").locator("xpath=following-sibling::dd")
    expect(first).to_have_text(re.compile(r"\d\d:\d\d:\d\d UTC"))


def test_the_form_and_its_backtest_work_without_script(
    browser: Browser, live_server: LiveServer, context: BrowserContext, studio: Studio
) -> None:
    plain = browser.new_context(
        java_script_enabled=False, base_url=live_server.url, storage_state=context.storage_state()
    )
    page = plain.new_page()
    page.goto(path(studio, "limits"))
    page.get_by_label("One job", exact=True).fill("1")
    page.get_by_label("A day", exact=True).fill("2")
    page.get_by_role("button", name="Try them on the last 30 days").click()
    expect(page.locator("#backtest")).to_contain_text("would have stopped 2 of 4 jobs")
    expect(page.get_by_label("A day", exact=True)).to_have_value("2")
    page.get_by_role("button", name="Set the limits").click()
    expect(page.get_by_text("The limits of atlas-7 are in force.")).to_be_visible()
    page.get_by_role("link", name="Pause atlas-7").click()
    page.get_by_role("button", name="Pause the agent").click()
    expect(page.get_by_text("atlas-7 is paused.")).to_be_visible()
    plain.close()


@pytest.mark.parametrize("shown", ["", "limits", "limits/raise", "release", "tokens/all/revoke", "#pause"])
def test_a_page_of_an_agent_reads_well_in_each_state(
    page: Page, studio: Studio, shown: str, screenshots: Path | None
) -> None:
    address = path(studio, shown) if not shown.startswith("#") else path(studio) + shown
    if shown == "limits/raise":
        address += "?cap_day=50&cap_month=400&time_zone=UTC&every_model=on&grants=create&version=1"
    look(page, address.rstrip("/"), screenshots, name=f"agent-{shown.strip('#') or 'page'}")


def test_a_backtest_with_pictures_reads_well(page: Page, studio: Studio, screenshots: Path | None) -> None:
    page.goto(path(studio, "limits"))
    page.get_by_label("One job", exact=True).fill("1")
    page.get_by_label("A day", exact=True).fill("1")
    expect(page.locator("#backtest img.thumb")).to_have_count(3)
    look_here(page, screenshots, name="agent-backtest")


def test_a_receipt_and_a_token_read_well(page: Page, studio: Studio, screenshots: Path | None) -> None:
    page.goto(path(studio) + "#hand-out")
    page.get_by_role("button", name="Show a new token").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A new token for atlas-7")
    look_here(page, screenshots, name="agent-token")
    page.goto(path(studio, "tokens/all/revoke"))
    page.get_by_role("button", name="Revoke all tokens").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Revoked")
    look_here(page, screenshots, name="agent-receipt")


def test_a_list_reads_well(page: Page, studio: Studio, screenshots: Path | None) -> None:
    for number, paused in enumerate([True, False]):
        row = Agent.objects.create(
            organization=studio.organization,
            name=("a-rather-long-name-of-an-agent-that-paints-covers", "kite")[number],
            runtime="tests",
            claim_state=("claimed", "revoked")[number],
            grants=["create"],
            paused_at=timezone.now() if paused else None,
            signup_network="loopback",
            created_at=timezone.now(),
        )
        mandates.set_terms(agent=row, terms=TERMS, actor=Human(studio.owner.pk))
    look(page, f"/w/{studio.organization.pk}/agents", screenshots, name="agents")


def test_an_empty_list_reads_well(page: Page, context: BrowserContext, screenshots: Path | None) -> None:
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    look(page, f"/w/{organization.pk}/agents", screenshots, name="agents-empty")


def test_an_owner_moves_an_agent_to_another_workspace(
    page: Page, context: BrowserContext, studio: Studio, screenshots: Path | None
) -> None:
    south = make_workspace(studio.owner, name="Studio South")
    make_workspace(studio.owner, name="Studio West")
    page.goto(path(studio))
    grow_old(context)
    page.get_by_role("link", name="Move it to another workspace").click()
    page.get_by_role("button", name="Send a code to").click()
    type_code(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Move atlas-7")
    look_here(page, screenshots, name="agent-move-where")
    page.get_by_role("link", name="Choose Studio South").click()
    expect(page.get_by_text("It was never there: these limits are low")).to_be_visible()
    look_here(page, screenshots, name="agent-move")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_label("A day", exact=True).fill("30")
    page.get_by_role("button", name="Move it to Studio South").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("atlas-7 is in Studio South")
    look_here(page, screenshots, name="agent-moved")
    raw = page.locator(".command code").first.inner_text()
    assert not studio.agent.get("/v1/whoami").ok
    assert with_token(studio, raw).get("/v1/whoami").body["actor"]["organization_id"] == south.pk
    page.get_by_role("link", name="I have saved it").click()
    expect(page.get_by_text("0 spent of 30 credits")).to_be_visible()
    look(page, path(studio), screenshots, name="agent-left")


def test_with_one_workspace_there_is_nowhere_to_move_to(
    page: Page, studio: Studio, screenshots: Path | None
) -> None:
    look(page, path(studio, "move"), screenshots, name="agent-move-nowhere")
    expect(page.get_by_role("heading", name="There is nowhere to move it")).to_be_visible()
