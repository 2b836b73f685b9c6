"""The search, an agent, the providers and the sign-ups, light and dark, on a phone and on a wide screen."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from accounts.staff import Staff
from creative import switches
from creative.models import Job
from imageskill.flows import quarantining, switching
from tests.console.desk import desk, make_agent, make_report
from tests.console.operations.test_provider_page import make_call, queue_up
from tests.console.operations.test_signups_page import from_network, with_paid_credits
from tests.pages.looking import look
from tests.pages.people import take_session
from tests.pages.studio import make_studio

pytestmark = pytest.mark.django_db(transaction=True)

STAFF = Staff("usr_staff")


def test_the_search_and_an_agent_read_well(page: Page, context: BrowserContext, screenshots: Path | None) -> None:
    studio = make_studio()
    make_report(studio.agent.row)
    make_agent("atlas-7")
    job = Job.objects.filter(state="completed").latest("pk")
    take_session(context, desk())
    look(page, "/console/search", screenshots)
    look(page, "/console/search?q=atlas-7", screenshots, name="console search found")
    look(page, "/console/search?q=nobody", screenshots, name="console search nothing")
    look(page, "/console/people", screenshots)
    path = f"/console/people/{studio.agent.agent_id}"
    look(page, f"{path}?about={job.pk}", screenshots, name="console agent")
    look(page, f"{path}/stop?act=revoke", screenshots, name="console stop")
    quarantining.quarantine(agent_id=studio.agent.agent_id, reason="It loops", actor=STAFF)
    look(page, path, screenshots, name="console agent stopped")


def test_the_providers_and_a_switch_read_well(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    agent = make_agent()
    for seconds in range(1, 30):
        make_call(agent, seconds, ago=timedelta(minutes=seconds * 5))
    make_call(agent, 9, code="PROVIDER_FAILURE")
    take_session(context, desk())
    look(page, "/console/providers", screenshots)
    # On a phone, the last look: every switch is in sight without scrolling a table.
    of_models = page.locator(".table a.button", has_text=re.compile("^Stop$"))
    boxes = [one.bounding_box() for one in of_models.all()]
    assert boxes
    assert all(box is not None and box["x"] + box["width"] <= 390 for box in boxes)
    queue_up(3)
    where = [switches.target("provider:fal"), switches.target("model:canvas.edit")]
    switching.move(where, stopped=True, reason="Invoice open", actor=STAFF)
    look(page, "/console/providers", screenshots, name="console providers stopped")
    look(page, "/console/providers/switch?target=provider:canvas&to=stop", screenshots, name="console switch")
    look(page, "/console/providers/switch?target=provider:fal&to=open", screenshots, name="console switch open")


def test_the_sign_ups_and_an_expiry_read_well(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    take_session(context, desk())
    look(page, "/console/signups", screenshots, name="console signups empty")
    members = [from_network("203.0.113.7", f"a{number}@bulk.example") for number in range(3)]
    with_paid_credits(members[0].row)
    look(page, "/console/signups", screenshots)
    look(page, "/console/signups/expiry?network=203.0.113.0%2F24", screenshots, name="console expiry")
    look(page, "/console/signups/expiry?network=nowhere", screenshots, name="console expiry nobody")
