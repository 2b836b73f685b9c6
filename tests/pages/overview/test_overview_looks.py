"""The overview, the list of keys and the pages of errors, looked at in four ways."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from playwright.sync_api import BrowserContext, Page

from creative.models import Feedback, Job
from tests.pages.looking import look, look_here
from tests.pages.overview.scenes import at_work, busy_studio
from tests.pages.people import make_user, make_workspace, sign_in, take_session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fetchable")]


def test_the_overview_of_a_new_workspace_reads_well(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    look(page, f"/w/{organization.pk}/", screenshots, name="overview-new")
    # The last look is a phone's: there too the whole command can be read.
    cut_off = "[...document.querySelectorAll('.command pre')].filter(code => code.scrollWidth > code.clientWidth)"
    assert page.locator(".command pre").count() >= 1
    assert page.evaluate(f"{cut_off}.length") == 0


def test_the_overview_of_a_studio_reads_well(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    studio = busy_studio()
    at_work(studio)
    take_session(context, sign_in())
    look(page, f"/w/{studio.organization.pk}/", screenshots, name="overview-full")
    assert Job.objects.filter(state="running").exists()
    assert Feedback.objects.exists()
    page.get_by_text("As a table").click()
    look_here(page, screenshots, name="overview-table")


def test_the_list_of_keys_reads_well(page: Page, context: BrowserContext, screenshots: Path | None) -> None:
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    page.goto(f"/w/{organization.pk}/")
    page.keyboard.press("?")
    look_here(page, screenshots, name="keys")


def test_what_is_behind_more_reads_well_on_a_phone(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/w/{organization.pk}/members")
    page.locator("summary", has_text="More").click()
    look_here(page, screenshots, name="more")


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_the_page_of_an_error_reads_well(
    context: BrowserContext, status: int, screenshots: Path | None, settings: LazySettings
) -> None:
    settings.ROOT_URLCONF = "tests.pages.overview.failing_urls"
    page = context.new_page()  # a page that may say in its console that an answer failed
    answer = page.goto(f"/tests/error/{status}")
    assert answer is not None
    assert answer.status == status
    look_here(page, screenshots, name=f"error-{status}")
    assert page.evaluate("window.violations") == []
