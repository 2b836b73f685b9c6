"""People of the tests, as the pages see them: signed in by a code that came by mail."""

import re
import time
from typing import Any

from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Membership, Organization, Role, User
from imageskill.core.models import Outbox

PERSON = "ada@example.com"


def last_code(address: str) -> str:
    """Return the code of the newest mail to an address."""
    mail = Outbox.objects.filter(recipient=address).order_by("-pk")[0]
    found = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", mail.text)
    assert found, mail.text
    return found[0]


def type_code(page: Page, address: str = PERSON) -> None:
    """Type the code of the newest mail once a page asks for it, which is after the mail was written."""
    field = page.get_by_label("Code")
    expect(field).to_be_visible()
    field.fill(last_code(address))
    page.get_by_role("button", name="Confirm the code").click()


def make_user(address: str = PERSON, *, password: str | None = None) -> User:
    user = User.objects.create_user(address, password)
    EmailAddress.objects.create(user=user, email=address, primary=True, verified=True)
    return user


def sign_in(address: str = PERSON) -> Client:
    """Sign in by a mailed code, over HTTP."""
    client = Client()
    client.post("/account/login/code/", {"email": address})
    answer = client.post("/account/login/code/confirm/", {"code": last_code(address)})
    assert answer.status_code == 302, answer.content
    return client


def make_old(client: Client, seconds: int = 400) -> None:
    """Let every sign-in of this session have happened earlier."""
    session = client.session
    records = session["account_authentication_methods"]
    for record in records:
        record["at"] = time.time() - seconds
    session["account_authentication_methods"] = records
    session.save()


def make_workspace(user: User, role: Role = Role.OWNER, name: str = "Studio North") -> Organization:
    organization = Organization.objects.create(name=name, created_at=timezone.now())
    join(user, organization, role)
    return organization


def join(user: User, organization: Organization, role: Role) -> Membership:
    return Membership.objects.create(user=user, organization=organization, role=role, created_at=timezone.now())


def said(answer: Any) -> list[str]:
    """Return what the last act has the next page say."""
    return [str(message) for message in answer.wsgi_request._messages][-1:]


def take_session(context: BrowserContext, client: Client) -> None:
    """Give a browser the session of a test client."""
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": "http://localhost"}])
