"""The activity browser as it looks: empty, full, with its drawer, in each of four states."""

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page

from imageskill.core.models import ActivityEvent
from tests.pages.looking import look
from tests.pages.people import make_user, make_workspace, sign_in, take_session
from tests.pages.studio import Studio, make_studio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def studio(context: BrowserContext) -> Studio:
    made = make_studio()
    take_session(context, sign_in())
    return made


def test_an_empty_workspace_teaches_what_will_be_here(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    look(page, f"/w/{organization.pk}/activity", screenshots)


def test_a_full_page_reads_well(page: Page, studio: Studio, screenshots: Path | None) -> None:
    look(page, f"/w/{studio.organization.pk}/activity?live=1", screenshots)


def test_a_query_with_a_fault_reads_well(page: Page, studio: Studio, screenshots: Path | None) -> None:
    query = quote("agent:atlas-7 stauts:ok credits:many -type:mandate.set boat")
    look(page, f"/w/{studio.organization.pk}/activity?q={query}", screenshots)


@pytest.mark.parametrize("tab", ["summary", "money", "decision", "request", "related"])
def test_the_drawer_of_a_job_reads_well(page: Page, studio: Studio, tab: str, screenshots: Path | None) -> None:
    ended = ActivityEvent.objects.filter(type="job.completed").latest("pk")
    look(page, f"/w/{studio.organization.pk}/activity?event={ended.pk}&tab={tab}", screenshots)


def test_the_drawer_of_a_refusal_reads_well(page: Page, studio: Studio, screenshots: Path | None) -> None:
    page.goto(f"/w/{studio.organization.pk}/activity?q=type:spend.refused")
    path = page.locator("#rows .open").first.get_attribute("href")
    assert path is not None
    look(page, f"{path}&tab=decision", screenshots)
