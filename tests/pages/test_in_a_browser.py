"""The ways of people through the pages, in a real browser."""

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import Membership, Organization
from tests.pages.conftest import chromium, in_ci
from tests.pages.looking import STILL
from tests.pages.people import last_code, make_old, make_user, make_workspace, sign_in, take_session, type_code
from tests.pages.test_fresh_sign_in import digits

pytestmark = pytest.mark.django_db(transaction=True)


def test_there_is_a_browser() -> None:
    message = "NO BROWSER: the pages were not looked at. Install Chromium: apt-get install chromium"
    if chromium() is None:
        (pytest.fail if in_ci() else pytest.skip)(message)


def sign_up(page: Page, address: str) -> None:
    page.goto("/account/signup/")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Send me a code").click()
    field = page.get_by_label("Code")
    expect(field).to_be_visible()
    field.fill(last_code(address).lower())
    page.get_by_role("button", name="Confirm the code").click()
    # Whoever opens another page before would break off the sign-up.
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Make a workspace|Invitations"))


def sign_out(page: Page) -> None:
    page.get_by_text("Account", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("/")


def grow_old(context: BrowserContext) -> None:
    """Let the sign-ins of the browser's session have happened earlier."""
    client = Client()
    client.cookies["sessionid"] = next(each["value"] for each in context.cookies() if each["name"] == "sessionid")
    make_old(client)


def add_keys(page: Page) -> None:
    """Give the browser a device that holds passkeys and says yes."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": device})


def test_somebody_signs_up_types_the_code_and_makes_a_workspace(page: Page) -> None:
    sign_up(page, "new@example.com")
    page.get_by_label("Name").fill("Studio North")
    page.get_by_role("button", name="Make the workspace").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Studio North")
    assert Organization.objects.get().name == "Studio North"


def test_a_wrong_code_is_said_beside_its_field(page: Page) -> None:
    make_user()
    page.goto("/account/login/")
    page.get_by_label("E-mail address").first.fill("ada@example.com")
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").fill("BBBB-BBBB")
    page.get_by_role("button", name="Confirm the code").click()
    expect(page.get_by_text("This is not the code of the newest mail.")).to_be_visible()
    type_code(page, "ada@example.com")
    expect(page.get_by_role("heading", level=1)).to_have_text("Make a workspace")


def test_somebody_signs_in_by_password_in_the_place_for_it(page: Page) -> None:
    make_user(password="a long enough password")
    page.goto("/account/login/")
    page.get_by_text("Use a password").click()
    page.get_by_label("E-mail address").last.fill("ada@example.com")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Sign in with the password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Make a workspace")


def test_a_passkey_is_added_and_signs_in(page: Page) -> None:
    add_keys(page)
    sign_up(page, "new@example.com")
    page.goto("/account/2fa/webauthn/add/")
    page.get_by_label("Name").fill("This laptop")
    expect(page.get_by_label("Sign in with it alone")).to_be_checked()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    sign_out(page)
    page.goto("/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Make a workspace")
    page.goto("/account/email/")
    expect(page.get_by_role("heading", level=1)).to_have_text("E-mail address")


def test_a_passkey_makes_an_old_session_fresh_again(page: Page) -> None:
    add_keys(page)
    sign_up(page, "new@example.com")
    page.goto("/account/2fa/webauthn/add/")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    grow_old(page.context)
    page.goto("/account/email/")
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("E-mail address")


@pytest.mark.usefixtures("patient_app")
def test_an_app_is_set_up_and_asked_for_at_the_next_sign_in(page: Page) -> None:
    sign_up(page, "new@example.com")
    page.goto("/account/2fa/totp/activate/")
    page.get_by_text("Type the secret instead").click()
    secret = page.locator("#authenticator_secret").inner_text()
    page.get_by_label("Six digits").fill(digits(secret))
    page.get_by_role("button", name="Turn the app on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    code = page.locator("pre code").inner_text().split()[0]
    sign_out(page)
    page.goto("/account/login/")
    page.get_by_label("E-mail address").first.fill("new@example.com")
    page.get_by_role("button", name="Send me a code").click()
    type_code(page, "new@example.com")
    expect(page.get_by_role("heading", level=1)).to_have_text("The second step")
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Make a workspace")


def test_somebody_is_invited_and_joins(page: Page, context: BrowserContext) -> None:
    owner = make_user("bo@example.com")
    organization = make_workspace(owner)
    client = sign_in("bo@example.com")
    make_old(client)
    take_session(context, client)
    page.goto(f"/w/{organization.pk}/members")
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_role("button", name="Send a code to").click()
    type_code(page, "bo@example.com")
    page.wait_for_url("**/members")
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("on its way to ada@example.com")).to_be_visible()
    context.clear_cookies()
    sign_up(page, "ada@example.com")
    page.get_by_role("button", name="Join Studio North").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Studio North")
    assert Membership.objects.filter(organization=organization).count() == 2


def test_a_command_is_copied(page: Page) -> None:
    page.goto("/styleguide")
    page.evaluate(STILL)
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "image-skill create" in page.evaluate("navigator.clipboard.readText()")


def test_somebody_signs_in_without_script(browser: Browser, live_server: Any, context: BrowserContext) -> None:
    make_user()
    plain = browser.new_context(java_script_enabled=False, base_url=live_server.url).new_page()
    plain.goto("/account/login/")
    plain.get_by_label("E-mail address").first.fill("ada@example.com")
    plain.get_by_role("button", name="Send me a code").click()
    type_code(plain, "ada@example.com")
    expect(plain.get_by_role("heading", level=1)).to_have_text("Make a workspace")
    plain.context.close()
