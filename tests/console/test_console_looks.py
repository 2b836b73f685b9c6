"""Every page of the console and the changelog, light and dark, on a phone and on a wide screen."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page

from creative.models import Feedback
from tests.console.desk import STAFF, act, desk, enter, make_agent, make_report, make_staff
from tests.feedback.reports import WHOLE, report, row_of
from tests.pages.looking import look, look_here
from tests.pages.people import take_session
from tests.pages.studio import make_studio

pytestmark = pytest.mark.django_db(transaction=True)

TITLES = [
    ("Edits lose the transparent background", "bug_report", "critical", "TIMEOUT", 23),
    ("Approve several plans at once", "feature_request", "low", "", 3),
    ("The reference names a flag that does not exist", "documentation", "medium", "INVALID_ARGUMENTS", 1),
    ("Credits are held after a cancel", "bug_report", "high", "", 9),
    (
        "An aspect ratio of 2:3 gives a square picture, and the answer says that it is 2:3",
        "bug_report",
        "high",
        "",
        2,
    ),
    ("Thank you for the receipts", "praise", "low", "", 1),
]


@pytest.fixture(autouse=True)
def _pictures_of_here(settings: LazySettings, live_server: Any) -> None:
    """Let the pictures come from the server of the test."""
    settings.MEDIA_URL_BASE = live_server.url


def fill() -> Feedback:
    """Make an inbox in the middle of a day; return a report with everything that one can have."""
    studio = make_studio()
    job = studio.jobs[-1]
    agent = make_agent("lumen")
    for title, kind, severity, code, reports in TITLES:
        make_report(agent, title, type=kind, severity=severity, error_code=code, reports=reports)
    make_report(agent, "A fixed one that came back", state="regressed", severity="high", resolved_in="0.1.0")
    row = row_of(
        report(studio.agent, **{**WHOLE, "trace_id": job.trace_id, "evidence": [studio.assets[0].pk, "a note"]})
    )
    twin = make_report(agent, "Transparent background is lost after an edit", reports=22)
    client = desk("kim@example.com")
    act(client, twin, "duplicate", canonical_id=row.pk, reason="This is known already.")
    act(client, row, "answer", text="We can repeat it, and look into it.")
    act(client, row, "note", text="Looks like the provider drops the alpha channel; asked them.")
    return row


def test_the_inbox_and_a_report_read_well(page: Page, context: BrowserContext, screenshots: Path | None) -> None:
    row = fill()
    take_session(context, desk())
    look(page, "/console/feedback", screenshots)
    look(page, f"/console/feedback/{row.pk}?tab=new", screenshots, name="console item")
    for name in ("decline", "duplicate", "snooze", "fix", "publish", "note", "answer", "needs_proof"):
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(f"/console/feedback/{row.pk}?tab=new&act={name}")
        look_here(page, screenshots, name=f"console {name}")


def test_an_empty_inbox_many_reports_and_their_outcome_read_well(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    client = desk()
    take_session(context, client)
    look(page, "/console/feedback?tab=snoozed", screenshots, name="console empty")
    agent = make_agent()
    rows = [make_report(agent, title) for title, *_ in TITLES]
    rows.append(make_report(agent, "Fixed already", state="fixed"))
    picked = "&".join(f"pick={row.pk}" for row in rows)
    look(page, f"/console/feedback/many?act=decline&tab=all&{picked}", screenshots, name="console many")
    body = {"act": "decline", "reason": "It is meant so.", "pick": [f"{row.pk}:{row.state}" for row in rows]}
    client.post("/console/feedback/many/apply", body)
    look(page, "/console/feedback/many/outcome", screenshots)
    look(page, "/console/feedback/many/outcome?tab=done", screenshots, name="console outcome without")


def test_the_page_that_asks_for_the_factor_reads_well(context: BrowserContext, screenshots: Path | None) -> None:
    page = context.new_page()  # its console tells of the refusal, as it should
    take_session(context, enter(make_staff(STAFF), record={"method": "code"}))
    page.goto("/console/feedback")
    look_here(page, screenshots, name="console factor")


def test_the_changelog_reads_well(page: Page, screenshots: Path | None) -> None:
    look(page, "/changelog", screenshots, name="changelog empty")
    agent = make_agent()
    for title, state, version in (
        ("Edits keep transparency", "fixed", "0.1.0"),
        ("A canceled job gives its hold back at once", "fixed", "0.1.0"),
        ("A ratio of 2:3 may come as a square", "accepted", ""),
    ):
        made = make_report(
            agent, state=state, public_title=title, public_answer="In our own words, short and exact."
        )
        Feedback.objects.filter(pk=made.pk).update(state_changed_at=timezone.now(), resolved_in=version)
    look(page, "/changelog", screenshots)
