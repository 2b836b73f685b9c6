"""A visit in the browser, from its reason to its end; and the pages of prices and of the quarantine."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from creative import quarantine
from imageskill.core.events import System
from tests.console.desk import desk
from tests.pages.looking import look, look_here
from tests.pages.people import take_session
from tests.pages.studio import make_studio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def addresses(live_server: LiveServer, settings: LazySettings) -> None:
    """Let the pictures come from the service that the browser asks."""
    settings.MEDIA_URL_BASE = settings.BASE_URL = live_server.url


def test_a_visit_reads_well_from_its_reason_to_its_end(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    studio = make_studio()
    place = studio.organization.pk
    take_session(context, desk())
    look(page, f"/console/workspaces/{place}", screenshots, name="console workspace")
    look(page, f"/console/workspaces/{place}/view", screenshots, name="console view as")
    page.get_by_label("Reason").fill("Ticket 7: pictures look grey")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/w/{place}/")
    expect(page.locator("[data-visit-left]")).to_contain_text("left")
    look_here(page, screenshots, name="visit overview")
    for name in ("gallery", "activity", "approvals", "credits"):
        look(page, f"/w/{place}/{name}", screenshots, name=f"visit {name}")
        expect(page.get_by_role("button", name="End the visit")).to_be_visible()
    page.goto(f"/w/{place}/gallery/{studio.assets[0].pk}")
    look_here(page, screenshots, name="visit picture")
    look(page, "/console/people", screenshots, name="visit console")
    page.get_by_role("button", name="End the visit").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/workspaces/{place}")
    expect(page.locator(".visit")).to_have_count(0)
    look_here(page, screenshots, name="console workspace after a visit")


def test_prices_read_well_and_are_drafted_by_keyboard(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    make_studio()
    take_session(context, desk())
    look(page, "/console/prices", screenshots)
    look(page, "/console/prices/openai.gpt-image-2", screenshots, name="console price of many rows")
    page.goto("/console/prices/canvas.draft")
    page.get_by_label("USD for an image").fill("0.03")
    page.keyboard.press("Enter")
    page.wait_for_url("**is_draft=1**")
    look_here(page, screenshots, name="console price draft")
    page.get_by_label("Reason").first.fill("Invoice of today")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/prices/canvas.draft")
    expect(page.get_by_text("is in force from the next plan on")).to_be_visible()
    look_here(page, screenshots, name="console price changed")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_url("**/compared?**")
    look_here(page, screenshots, name="console prices compared")


def test_the_quarantine_reads_well_and_is_filled_by_keyboard(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    studio = make_studio()
    take_session(context, desk())
    look(page, "/console/quarantine", screenshots, name="console quarantine empty")
    quarantine.put(sha256="b" * 64, reason="On a list of the authorities", actor=System("operator"))
    page.goto("/console/quarantine")
    page.get_by_label("Picture id or SHA-256").fill(studio.assets[0].pk)
    page.keyboard.press("Enter")
    page.wait_for_url("**/quarantine/new?**")
    look_here(page, screenshots, name="console quarantine ask")
    page.get_by_label("Reason").fill("Reported by the person in it")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/quarantine")
    look_here(page, screenshots, name="console quarantine")
    page.get_by_role("link", name=f"Release {studio.assets[0].sha256[:12]}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Release these bytes")
    look_here(page, screenshots, name="console quarantine release")
