"""Keys in a real browser: / searches, g and a letter goes, ? lists, and none of them while somebody types."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Membership, Organization
from tests.pages.looking import STILL
from tests.pages.overview.scenes import finish, queued
from tests.pages.people import make_user, make_workspace, sign_in, take_session
from tests.pages.studio import make_studio

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fetchable")]


@pytest.fixture
def workspace(page: Page, context: BrowserContext) -> Organization:
    """A workspace whose overview is open."""
    made = make_workspace(make_user())
    take_session(context, sign_in())
    page.goto(f"/w/{made.pk}/")
    return made


def arrive(page: Page, heading: str) -> None:
    """Wait for a page, and for the script that hears its keys, which comes after what is read."""
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    page.wait_for_load_state()


def test_a_slash_searches_and_escape_leaves_the_search(page: Page, workspace: Organization) -> None:
    field = page.get_by_role("searchbox", name="Search, or paste an id")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()


def test_a_pasted_id_leads_to_its_page(page: Page, workspace: Organization) -> None:
    page.keyboard.press("/")
    page.keyboard.insert_text(workspace.pk)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_g_and_a_letter_goes_there_and_a_letter_alone_does_not(page: Page, workspace: Organization) -> None:
    page.clock.set_fixed_time(timezone.now())  # however long the machine takes, the letter comes soon after g
    page.keyboard.press("m")
    page.keyboard.press("g")
    page.keyboard.press("m")
    arrive(page, "Members")
    page.keyboard.press("g")
    page.keyboard.press("x")
    page.keyboard.press("s")
    page.wait_for_timeout(200)
    expect(page.get_by_role("heading", level=1)).to_have_text("Members")
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_have_text("Studio North")


def test_a_letter_that_comes_late_goes_nowhere(page: Page, workspace: Organization) -> None:
    now = timezone.now()
    page.clock.set_fixed_time(now)
    page.keyboard.press("g")
    page.clock.set_fixed_time(now + timedelta(seconds=1.7))
    page.keyboard.press("m")
    page.wait_for_timeout(200)
    expect(page.get_by_role("heading", level=1)).to_have_text("Studio North")


def test_a_question_mark_lists_the_keys_and_escape_closes_the_list(page: Page, workspace: Organization) -> None:
    shown = page.get_by_role("dialog", name="Keys")
    page.keyboard.press("?")
    expect(shown).to_be_visible()
    expect(shown.get_by_text("Overview")).to_be_visible()
    expect(shown.get_by_text("Members")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(shown).to_be_visible()
    page.keyboard.press("Escape")
    expect(shown).not_to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Studio North")


def test_the_list_opens_from_the_menu_too(page: Page, workspace: Organization) -> None:
    page.get_by_text("Account", exact=True).click()
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_keys_are_letters_while_somebody_types(page: Page, workspace: Organization) -> None:
    page.goto(f"/w/{workspace.pk}/members")
    field = page.get_by_label("E-mail address")
    field.fill("")
    field.press_sequentially("g/m?so@example.com")
    expect(field).to_have_value("g/m?so@example.com")
    expect(page.get_by_role("dialog", name="Keys")).not_to_be_visible()
    field.blur()
    page.keyboard.press("Control+/")
    expect(page.get_by_role("searchbox")).not_to_be_focused()


def test_single_keys_can_be_turned_off_and_stay_off(page: Page, workspace: Organization) -> None:
    page.keyboard.press("?")
    page.get_by_label("Single keys work in this browser").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_timeout(200)
    expect(page.get_by_role("dialog", name="Keys")).not_to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Studio North")
    page.get_by_text("Account", exact=True).click()
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Single keys work in this browser").check()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_what_is_open_closes_by_escape(page: Page, workspace: Organization) -> None:
    page.get_by_text("Account", exact=True).click()
    expect(page.get_by_role("link", name="Sessions")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Sessions")).not_to_be_visible()


def test_the_first_command_is_copied_and_the_open_page_tells_that_somebody_looked(
    page: Page, context: BrowserContext
) -> None:
    made = make_workspace(make_user())
    take_session(context, sign_in())
    with page.expect_response(lambda answer: answer.url.endswith("/seen")) as told:
        page.goto(f"/w/{made.pk}/")
    assert told.value.status == 204
    assert Membership.objects.get().seen_at is not None
    page.evaluate(STILL)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "ada@example.com" in page.evaluate("navigator.clipboard.readText()")


def test_a_picture_appears_while_one_looks_and_then_the_page_asks_no_more(
    page: Page, context: BrowserContext
) -> None:
    studio = make_studio()
    job = queued(studio)
    take_session(context, sign_in())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/running" in request.url else None)
    page.goto(f"/w/{studio.organization.pk}/")
    expect(page.get_by_role("heading", name="At work")).to_be_visible()
    expect(page.locator(".strip li")).to_have_count(4)
    finish(job)
    expect(page.locator(".strip li")).to_have_count(5)
    expect(page.get_by_role("heading", name="At work")).not_to_be_visible()
    count = len(asked)
    page.wait_for_timeout(4_000)
    assert len(asked) == count
