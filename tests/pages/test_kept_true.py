"""What a page keeps true while one looks: the three numbers, how many plans wait, and copying what came later."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from creative import approvals
from imageskill.core.events import Human
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
    button.click()
    expect(page.get_by_role("button", name="Copied")).to_have_count(1)
