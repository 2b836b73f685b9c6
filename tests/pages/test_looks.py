"""Every page, light and dark, on a phone and on a wide screen: axe finds nothing, nothing sticks out."""

from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Agent, Organization, Role, User
from tests.pages.looking import look
from tests.pages.people import PERSON, join, make_old, make_user, make_workspace, sign_in, take_session

pytestmark = pytest.mark.django_db(transaction=True)

OPEN = [
    "/",
    "/styleguide",
    "/account/login/",
    "/account/signup/",
    "/account/login/code/",
    "/account/password/reset/",
]
SIGNED_IN = [
    "/w/{org}/",
    "/w/{org}/members",
    "/w/{org}/settings",
    "/w/{org}/settings#leave",
    "/invitations",
    "/workspaces/new",
    "/account/2fa/",
    "/account/2fa/totp/activate/",
    "/account/2fa/webauthn/add/",
    "/account/2fa/webauthn/",
    "/account/email/",
    "/account/sessions/",
    "/account/password/set/",
    "/account/logout/",
]


@pytest.mark.parametrize("path", OPEN)
def test_an_open_page_reads_well_in_each_state(page: Page, path: str, screenshots: Path | None) -> None:
    look(page, path, screenshots)


@pytest.fixture
def organization(context: BrowserContext) -> Organization:
    ada = make_user()
    made = make_workspace(ada)
    join(make_user("bo-with-a-rather-long-address@studio-north.example.com"), made, Role.VIEWER)
    make_workspace(ada, name="A second one")
    take_session(context, sign_in())
    return made


@pytest.mark.parametrize("path", SIGNED_IN)
def test_a_signed_in_page_reads_well_in_each_state(
    page: Page, organization: Organization, path: str, screenshots: Path | None
) -> None:
    look(page, path.format(org=organization.pk), screenshots)


def test_an_overview_with_agents_reads_well(
    page: Page, organization: Organization, screenshots: Path | None
) -> None:
    Agent.objects.create(
        organization=organization,
        name="atlas-7",
        runtime="python",
        signup_network="loopback",
        created_at=organization.created_at,
    )
    look(page, f"/w/{organization.pk}/?agents", screenshots)


def test_the_confirmation_reads_well(page: Page, context: BrowserContext, screenshots: Path | None) -> None:
    make_user()
    client = sign_in()
    make_old(client)
    client.post("/account/confirm/send")
    take_session(context, client)
    look(page, "/account/confirm/", screenshots)


def test_the_pages_of_a_second_factor_read_well(
    page: Page, organization: Organization, screenshots: Path | None
) -> None:
    TOTP.activate(User.objects.get(email=PERSON), generate_totp_secret())
    for path in ("/account/2fa/", "/account/2fa/totp/deactivate/", "/account/2fa/recovery-codes/generate/"):
        look(page, f"{path}?with-an-app", screenshots)
    page.get_by_role("button", name="Make new codes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    look(page, page.url, screenshots)


def test_a_choice_of_light_or_dark_is_kept(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/account/login/")
    page.get_by_role("button", name="Light or dark").click()
    page.goto("/account/signup/")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
