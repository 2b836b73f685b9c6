"""What a page keeps true while one looks: the three numbers, how many plans wait, and copying what came later."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from creative import approvals
from imageskill.core.events import Human
from tests.pages.looking import STILL
from tests.pages.people import make_user, make_workspace, sign_in, take_session
from tests.pages.studio import Studio, make_studio

SWAP = "([path, part]) => htmx.ajax('GET', path, {target: part, swap: 'outerHTML'})"


def deny(studio: Studio) -> None:
    approvals.deny(
        job_id=studio.waiting_job_id, decider=Human(studio.owner.pk), reason="Not today.", place=studio.place
    )


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["figures", "credits/numbers"])
def test_the_numbers_bring_the_count_of_waiting_plans_along(path: str) -> None:
    studio = make_studio()
    ada = sign_in()
    ada.get(f"/w/{studio.organization.pk}/")
    address = f"/w/{studio.organization.pk}/{path}"
    told = '<span class="badge" id="waiting-approvals"{} hx-swap-oob="true">{}</span>'
    assert told.format("", 1) in ada.get(address).content.decode()
    deny(studio)
    assert told.format(" hidden", 0) in ada.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_navigation_follows_without_a_new_page(page: Page, context: BrowserContext) -> None:
    studio = make_studio()
    take_session(context, sign_in())
    page.goto(f"/w/{studio.organization.pk}/members")
    count = page.locator("#waiting-approvals")
    expect(count).to_have_text("1")
    deny(studio)
    page.evaluate(SWAP, [f"/w/{studio.organization.pk}/figures", "#figures"])
    expect(count).to_be_hidden()
    expect(page.locator("#figures")).to_have_count(1)


@pytest.mark.django_db(transaction=True)
def test_a_command_in_a_part_that_was_replaced_can_be_copied(page: Page, context: BrowserContext) -> None:
    workspace = make_workspace(make_user())
    take_session(context, sign_in())
    page.goto(f"/w/{workspace.pk}/approvals")
    button = page.locator("#plans").get_by_role("button", name="Copy")
    expect(button).to_have_count(1)
    page.locator("#plans").evaluate("part => part.dataset.before = 'yes'")
    page.evaluate(SWAP, [f"/w/{workspace.pk}/approvals", "#plans"])
    expect(page.locator("#plans[data-before]")).to_have_count(0)
    expect(button).to_have_count(1)
    page.evaluate(SWAP, [f"/w/{workspace.pk}/figures", "#figures"])
    page.evaluate(STILL)
    button.click()
    expect(page.get_by_role("button", name="Copied")).to_have_count(1)


@pytest.mark.django_db(transaction=True)
def test_what_was_just_now_ages_while_one_looks(page: Page, context: BrowserContext) -> None:
    make_workspace(make_user())
    take_session(context, sign_in())
    page.clock.install()
    page.goto("/account/sessions/")
    told = page.locator("time").last
    expect(told).to_have_text(re.compile(r"^(now|a second ago|\d+ seconds ago)$"))
    page.clock.fast_forward(3 * 60_000)
    expect(told).to_have_text("3 minutes ago")
    page.clock.fast_forward(60 * 60_000)
    expect(told).to_have_text("an hour ago")


@pytest.mark.django_db(transaction=True)
def test_what_was_refused_is_gone_to_where_it_was_typed(page: Page, context: BrowserContext) -> None:
    studio = make_studio()
    take_session(context, sign_in())
    page.goto(f"/w/{studio.organization.pk}/agents/{studio.agent.agent_id}/limits")
    page.get_by_label("A month").fill("1")
    page.get_by_role("button", name="Set the limits").click()
    expect(page.get_by_text("1 for a month is less than").first).to_be_visible()
    expect(page.get_by_label("A month")).to_be_focused()


@pytest.mark.django_db(transaction=True)
def test_the_rail_has_its_order_and_a_phone_four_entries_and_the_rest(page: Page, context: BrowserContext) -> None:
    workspace = make_workspace(make_user())
    take_session(context, sign_in())
    page.goto(f"/w/{workspace.pk}/credits")
    entries = page.locator(".rail nav > a:visible")
    expect(entries).to_have_text(
        ["Overview", "Gallery", "Activity", "Agents", "Approvals 0", "Credits", "Feedback", "Members", "Settings"]
    )
    page.set_viewport_size({"width": 390, "height": 844})
    expect(entries).to_have_text(["Overview", "Gallery", "Activity", "Approvals 0"])
    page.get_by_text("More", exact=True).click()
    expect(page.locator(".rail .rest .drop a:visible")).to_have_text(
        ["Agents", "Credits", "Feedback", "Members", "Settings"]
    )
