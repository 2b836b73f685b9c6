"""The whole triage by keyboard alone, in a real browser; and without script, by its buttons."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import Agent, User
from creative.models import Feedback, FeedbackChange
from tests.console.desk import STAFF, desk, make_agent, make_report
from tests.pages.people import take_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(db: Any) -> Agent:
    return make_agent()


@pytest.fixture
def reports(agent: Agent, context: BrowserContext) -> list[Feedback]:
    """Five reports, the most pressing first, and a desk to work on them."""
    take_session(context, desk())
    return [make_report(agent, f"Report number {at}", reports=100 - 10 * at) for at in range(5)]


def state(row: Feedback) -> str:
    return Feedback.objects.get(pk=row.pk).state


def shows(page: Page, title: str) -> None:
    """Wait until a report is there, and the keys with it."""
    expect(page.locator("[data-ready] #item-title")).to_have_text(title)


def test_an_inbox_is_worked_through_by_keys_alone(page: Page, reports: list[Feedback]) -> None:
    first, second = reports[:2]
    page.goto("/console/feedback")
    shows(page, "Report number 0")
    # One key accepts, and the next report is there.
    page.keyboard.press("1")
    shows(page, "Report number 1")
    assert state(first) == "accepted"
    # Down and up again.
    page.keyboard.press("j")
    shows(page, "Report number 2")
    page.keyboard.press("k")
    shows(page, "Report number 1")
    # Declining asks for words; the keys are letters while one types.
    page.keyboard.press("3")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Usual words").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("j k 1 2 3 u: it is meant so.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    shows(page, "Report number 2")
    assert (state(second), Feedback.objects.get(pk=second.pk).answer) == (
        "declined",
        "j k 1 2 3 u: it is meant so.",
    )
    # Undo, twice: the last act first.
    page.keyboard.press("u")
    shows(page, "Report number 1")
    assert state(second) == "received"
    page.keyboard.press("u")
    shows(page, "Report number 0")
    assert state(first) == "received"


def test_a_duplicate_is_searched_for_one_is_taken_and_one_put_to_sleep_by_keys(
    page: Page, reports: list[Feedback]
) -> None:
    first, _, third, fourth, fifth = reports
    page.goto("/console/feedback")
    # Keys that come before the page does are for the report that they led to.
    for key in ("j", "j", "2"):
        page.keyboard.press(key)
    shows(page, "Report number 2")
    # A duplicate: search, take the first that is found, say why.
    expect(page.get_by_label("Search words or an id")).to_be_focused()
    page.keyboard.type(first.pk)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Id of the report that it repeats")).to_have_value(first.pk)
    page.get_by_label("Usual words").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Merge the report").focus()
    page.keyboard.press("Enter")
    shows(page, "Report number 3")
    assert Feedback.objects.get(pk=third.pk).canonical_id == first.pk
    # Mine; and asleep until the next release.
    page.keyboard.press("a")
    expect(page.get_by_text("Give it away")).to_be_visible()
    shows(page, "Report number 3")
    assert Feedback.objects.get(pk=fourth.pk).assignee_id == User.objects.get(email=STAFF).pk
    page.keyboard.press("h")
    page.get_by_label("Until the next release").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    shows(page, "Report number 4")
    assert Feedback.objects.get(pk=fourth.pk).snoozed_at is not None
    assert state(fifth) == "received"


def test_many_are_selected_by_keys_and_looked_at_first(page: Page, reports: list[Feedback]) -> None:
    page.goto("/console/feedback")
    shows(page, "Report number 0")
    page.keyboard.press("x")
    page.keyboard.press("j")
    shows(page, "Report number 1")
    page.keyboard.press("x")
    # A selection outlasts an act on another report.
    page.keyboard.press("j")
    shows(page, "Report number 2")
    page.keyboard.press("1")
    shows(page, "Report number 3")
    expect(page.locator('[name="pick"]:checked')).to_have_count(2)
    page.get_by_label("With the selected").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("With the selected")).to_have_value("needs_proof")
    page.get_by_role("button", name="Look at it first").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask for proof: 2 reports")
    page.get_by_role("button", name="Ask for proof: 2 reports").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("What became of them")
    assert [state(row) for row in reports[:3]] == ["needs_proof", "needs_proof", "accepted"]


def test_escape_closes_a_form_and_changes_nothing(page: Page, reports: list[Feedback]) -> None:
    page.goto("/console/feedback")
    shows(page, "Report number 0")
    page.clock.set_fixed_time(timezone.now())  # however long the machine takes, f comes soon after g
    for key in ("2", "3", "h", "p", "f"):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert not FeedbackChange.objects.exists()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Merge as a duplicate")
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    with page.expect_navigation(url="**/console/feedback"):
        page.keyboard.press("g")
        page.keyboard.press("f")
    assert not FeedbackChange.objects.exists()


def test_keys_do_nothing_while_somebody_types_or_with_another_key_held(
    page: Page, reports: list[Feedback]
) -> None:
    page.goto("/console/feedback")
    page.get_by_label("With the selected").focus()
    for key in ("1", "a", "u", "x"):
        page.keyboard.press(key)
    page.locator("body").evaluate("document.activeElement.blur()")
    for key in ("Control+1", "Alt+1", "Meta+a"):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert not FeedbackChange.objects.exists()


def test_everything_works_without_script(browser: Browser, live_server: Any, agent: Agent) -> None:
    client = desk()
    row, other = make_report(agent, "Of no script"), make_report(agent, "The first of them")
    plain = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    take_session(plain, client)
    page = plain.new_page()
    page.goto(f"/console/feedback/{row.pk}")
    page.get_by_role("link", name="Decline").click()
    page.get_by_label("Usual words").select_option(index=1)
    page.get_by_role("button", name="Decline the report").click()
    expect(page.get_by_role("button", name="Undo: Declined")).to_be_visible()
    assert state(row) == "declined"
    page.get_by_role("button", name="Undo: Declined").click()
    expect(page.get_by_role("button", name="Undo: Declined")).to_have_count(0)
    page.wait_for_load_state()
    assert state(row) == "received"
    page.get_by_role("link", name="Merge", exact=False).first.click()
    page.get_by_role("radio", name="The first of them").check()
    page.get_by_label("What the reporter is told").fill("Known.")
    page.get_by_role("button", name="Merge the report").click()
    expect(page.get_by_role("button", name="Undo: Merged")).to_be_visible()
    assert Feedback.objects.get(pk=row.pk).canonical_id == other.pk
    plain.close()


def test_a_phone_shows_the_list_and_then_one_report(page: Page, reports: list[Feedback]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/console/feedback")
    expect(page.locator("#item-title")).to_be_hidden()
    page.get_by_role("link", name="Report number 2").click()
    page.wait_for_url(f"**/console/feedback/{reports[2].pk}**")
    expect(page.locator("#item-title")).to_be_visible()
    expect(page.locator(".reports")).to_be_hidden()
    page.get_by_role("link", name="All reports").click()
    expect(page.locator(".reports")).to_be_visible()


def test_a_session_that_lost_its_factor_is_led_to_it_from_within_a_page(
    context: BrowserContext, reports: list[Feedback]
) -> None:
    page = context.new_page()  # its console tells of the refused part, as it should
    page.goto("/console/feedback")
    Authenticator.objects.all().delete()
    with page.expect_navigation():
        page.keyboard.press("j")
    expect(page.get_by_role("heading", level=1)).to_have_text("Show your second factor")


def test_one_key_shows_only_what_is_one_s_own_and_another_takes_a_report_or_gives_it_back(
    page: Page, reports: list[Feedback]
) -> None:
    page.goto("/console/feedback")
    shows(page, "Report number 0")
    page.keyboard.press("j")
    shows(page, "Report number 1")
    page.keyboard.press("a")
    expect(page.locator(".undo")).to_contain_text("Assigned")
    shows(page, "Report number 1")
    page.keyboard.press("m")
    page.wait_for_url("**mine=1**")
    shows(page, "Report number 1")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.keyboard.press("a")
    expect(page.locator("[data-ready]:not(:has([data-row]))")).to_be_attached()
    assert Feedback.objects.get(pk=reports[1].pk).assignee_id == ""
    page.keyboard.press("m")
    expect(page.locator("[data-row]")).to_have_count(5)
