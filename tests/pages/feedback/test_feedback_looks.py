"""The feedback pages in a real browser: empty, full and one report, light and dark, wide and narrow."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from playwright.sync_api import BrowserContext, Page

from creative import thumbnails
from tests.feedback.reports import WHOLE, State, moved, report, row_of
from tests.pages.looking import look
from tests.pages.people import sign_in, take_session
from tests.pages.studio import make_studio

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_feedback_pages_read_well(
    page: Page, context: BrowserContext, live_server: Any, screenshots: Path | None, settings: LazySettings
) -> None:
    settings.MEDIA_URL_BASE = live_server.url
    studio = make_studio()
    take_session(context, sign_in())
    path = f"/w/{studio.organization.pk}/feedback"
    look(page, path, screenshots, name="feedback-empty")
    fixed = row_of(report(studio.agent, **WHOLE, evidence=[studio.jobs[0].pk, studio.assets[1].pk]))
    declined = row_of(report(studio.agent, title="Let agents pay by the second", evidence=[studio.jobs[3].pk]))
    report(studio.agent, title="x" * 300, body="A very long word\n" + "y" * 2000)
    moved(fixed, State.ACCEPTED, reason="Seen here too.")
    moved(fixed, State.FIXED, reason="Alpha is kept now.", resolved_in="1.5")
    moved(declined, State.DECLINED, reason="A picture has one price, known before the call.")
    while thumbnails.make_missing():
        pass
    look(page, path, screenshots, name="feedback-list")
    look(page, f"{path}/{fixed.pk}", screenshots, name="feedback-report")
