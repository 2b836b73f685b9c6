"""Pages that say something only now and then, in four states: refused passkeys, waiting agents, a lost token."""

import re
from pathlib import Path

import pytest
from django.conf import LazySettings
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.console.desk import desk
from tests.console.money.wishes import NEW, place
from tests.pages.agents.test_agents_since_a_claim import taken_over
from tests.pages.claim.claimants import asking
from tests.pages.looking import look, look_here
from tests.pages.people import make_user, make_workspace, sign_in, take_session
from tests.pages.studio import make_studio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _at_home(live_server: LiveServer, settings: LazySettings) -> None:
    """Have the pictures come from the service that shows the pages."""
    settings.BASE_URL = settings.MEDIA_URL_BASE = live_server.url


def test_under_a_number_passkeys_are_refused_in_words(
    page: Page, context: BrowserContext, live_server: LiveServer, screenshots: Path | None
) -> None:
    make_user()
    cookie = sign_in().cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": "http://127.0.0.1"}])
    here = f"http://127.0.0.1:{live_server.url.rpartition(':')[2]}"
    for path in ("/account/2fa/", "/account/2fa/webauthn/", "/account/2fa/webauthn/add/"):
        look(page, here + path, screenshots, name=f"nameless {path}")
    page.get_by_role("link", name="http://localhost").click()
    page.wait_for_url(re.compile(r"http://localhost:\d+/account/"))
    context.clear_cookies()
    look(page, f"{here}/account/login/", screenshots, name="nameless sign in")


def test_agents_that_wait_read_well_on_both_pages(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    studio = make_studio()
    asking(name="rook with a name that is rather long for a phone, is it not")
    asking(name="pawn-2")
    take_session(context, sign_in())
    for path in ("", "agents"):
        look(page, f"/w/{studio.organization.pk}/{path}", screenshots, name=f"claimable {path or 'overview'}")
    new = make_workspace(studio.owner, name="Studio South")
    look(page, f"/w/{new.pk}/", screenshots, name="claimable first steps")


@pytest.mark.usefixtures("provider")
def test_an_agent_whose_token_nobody_collected_reads_well(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    client, _, _, path = taken_over(pictures=1)
    take_session(context, client)
    look(page, path, screenshots, name="uncollected agent")
    look(page, f"{path}/tokens/all/revoke", screenshots, name="uncollected revoke")
    look(page, f"{path}/limits", screenshots, name="limits counted since")


def test_a_refused_adjustment_keeps_what_was_typed(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    organization = place(30)
    take_session(context, desk())
    page.goto(f"{NEW}?organization={organization.pk}")
    page.get_by_label("Credits", exact=True).fill("7")
    page.get_by_label("Reason").fill("whsec_" + "0" * 20)
    page.get_by_label("Ticket").fill("T-1")
    page.get_by_role("button", name="Adjust the credits").click()
    expect(page.get_by_label("Reason")).to_have_value("")
    expect(page.get_by_label("Credits", exact=True)).to_have_value("7")
    look_here(page, screenshots, name="refused adjustment")


def test_the_menu_of_a_visit_says_what_signing_out_does(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    organization = make_studio().organization
    client = desk()
    client.post(f"/console/workspaces/{organization.pk}/view", {"reason": "Ticket 7"})
    take_session(context, client)
    page.goto(f"/w/{organization.pk}/")
    page.locator("summary", has_text="Account").click()
    look_here(page, screenshots, name="menu of a visit")
    page.get_by_role("button", name="End the visit and sign out").click()
    page.wait_for_url("/")
