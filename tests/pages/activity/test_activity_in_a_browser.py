"""The activity browser in Chromium: typing a query, keys, the drawer, live rows, a file."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.pages.activity.happenings import happen, make_agent, refuse
from tests.pages.people import make_user, make_workspace, sign_in, take_session
from tests.pages.studio import make_studio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here(context: BrowserContext) -> str:
    """A workspace with five rows, newest last: its address."""
    place = make_workspace(make_user())
    agent, bo = make_agent(place), make_agent(place, "bo")
    for _ in range(3):
        happen(agent)
    happen(bo)
    refuse(agent)
    take_session(context, sign_in())
    return f"/w/{place.pk}/activity"


def test_a_query_is_typed_completed_and_taken_away_again(page: Page, here: str) -> None:
    page.goto(here)
    page.locator("#query").press_sequentially("agent:b")
    expect(page.locator("#suggestions option").first).to_have_attribute("value", "agent:bo")
    page.locator("#query").press_sequentially("o stauts:x")
    page.locator("#query").press("Enter")
    expect(page.locator("#rows > li")).to_have_count(1)
    expect(page.get_by_text("No filter is called stauts.")).to_be_visible()
    page.get_by_role("link", name=re.compile("agent:bo.*take this part away")).click()
    expect(page.locator("#rows > li")).to_have_count(5)
    expect(page).to_have_url(re.compile("stauts"))
    page.get_by_role("link", name="Only outcome refused").click()
    expect(page.locator("#rows > li")).to_have_count(1)


def test_the_drawer_opens_moves_and_closes_by_keys_and_the_address_follows(page: Page, here: str) -> None:
    page.goto(here)
    page.keyboard.press("j")
    expect(page.locator("#rows > li").nth(0).locator(".open")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h2")).to_have_text("bo uploaded a picture")
    first = page.locator("#drawer .drawer-inside").get_attribute("data-event")
    page.wait_for_url(re.compile(f"event={first}"))
    page.keyboard.press("k")
    expect(page.locator("#drawer h2")).to_contain_text("atlas-7 was refused 24 credits")
    page.get_by_role("link", name="Decision").click()
    expect(page.locator("#drawer")).to_contain_text("decided")
    page.wait_for_url(re.compile("tab=decision"))
    page.reload()
    expect(page.locator("#drawer")).to_contain_text("decided")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_empty()
    expect(page).not_to_have_url(re.compile("event="))


def test_dragging_over_the_bars_asks_for_the_time_between(page: Page, here: str) -> None:
    page.goto(here)
    box = page.locator(".bars").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.99, box["y"] + 40, steps=6)
    page.mouse.up()
    page.wait_for_url(re.compile("created%3A"))
    expect(page.locator("#rows > li")).to_have_count(5)


def test_a_live_page_shows_what_an_agent_does_and_waits_while_somebody_reads(
    page: Page, context: BrowserContext
) -> None:
    studio = make_studio()
    take_session(context, sign_in())
    page.goto(f"/w/{studio.organization.pk}/activity")
    page.get_by_role("link", name="Live").click()
    expect(page.locator("#tail")).to_be_attached()
    page.wait_for_load_state()
    before = page.locator("#rows > li").count()
    page.mouse.move(5, 5)
    assert studio.agent.create("A kite", model="canvas.draft").ok
    expect(page.locator("#rows > li")).to_have_count(before + 1)
    expect(page.locator("#rows > li").first).to_contain_text("atlas-7 made a picture with canvas.draft")
    page.locator("#rows > li").nth(3).hover()
    assert studio.agent.create("Another kite", model="canvas.draft").code == "APPROVAL_REQUIRED"
    expect(page.locator("[data-pill]")).to_have_text("1 new")
    expect(page.locator("#rows > li")).to_have_count(before + 1)
    page.locator("[data-pill]").click()
    expect(page.locator("#rows > li")).to_have_count(before + 2)


def test_a_file_of_these_rows_comes_down(page: Page, here: str, tmp_path: Path) -> None:
    page.goto(f"{here}?q=agent:bo")
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="These rows as CSV").click()
    file = tmp_path / "rows.csv"
    coming.value.save_as(file)
    lines = file.read_text().splitlines()
    assert len(lines) == 2
    assert "bo uploaded a picture" in lines[1]


def test_without_script_a_row_opens_as_a_page_of_its_own(browser: Browser, live_server: Any, here: str) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    take_session(context, sign_in())
    page = context.new_page()
    page.goto(here)
    page.locator("#rows .open").nth(1).click()
    expect(page.locator("#drawer h2")).to_have_text("bo uploaded a picture")
    page.get_by_role("link", name="Close").click()
    expect(page.locator("#drawer")).to_be_empty()
    context.close()
