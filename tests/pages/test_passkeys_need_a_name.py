"""Where the host is a number no browser takes a passkey: the pages say so there, instead of offering one."""

from typing import Any

import pytest
from django.test import Client

from tests.pages.people import make_user, sign_in

pytestmark = pytest.mark.django_db

ADD = 'href="/account/2fa/webauthn/add/"'
PAGES = ("/account/2fa/", "/account/2fa/webauthn/", "/account/2fa/webauthn/add/")


@pytest.fixture
def ada() -> Client:
    make_user()
    return sign_in()


def shown(client: Client, path: str, host: str) -> str:
    answer: Any = client.get(path, headers={"host": host})
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000"])
@pytest.mark.parametrize("path", PAGES)
def test_a_number_is_told_and_the_name_that_works(ada: Client, path: str, host: str) -> None:
    page = shown(ada, path, host)
    assert f"browsers refuse them at <code>{host.rpartition(':')[0]}</code>" in page
    assert f'<a href="http://localhost:8000{path}">http://localhost:8000</a>' in page
    assert ADD not in page
    assert "mfa_webauthn_add" not in page


@pytest.mark.parametrize("host", ["localhost:8000", "testserver"])
def test_under_a_name_they_are_offered(ada: Client, host: str) -> None:
    pages = [shown(ada, path, host) for path in PAGES]
    assert not any("Passkeys need a name" in page for page in pages)
    assert ADD in pages[0]
    assert ADD in pages[1]
    assert 'id="mfa_webauthn_add"' in pages[2]


def test_a_number_in_the_network_leads_to_no_localhost(ada: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["192.0.2.7"]
    page = shown(ada, "/account/2fa/", "192.0.2.7")
    assert "Open this service under its name." in page
    assert "localhost" not in page
    assert ADD not in page


def test_the_sign_in_offers_none_where_none_can_be() -> None:
    assert "passkey_login" not in shown(Client(), "/account/login/", "127.0.0.1:8000")
    assert 'id="passkey_login"' in shown(Client(), "/account/login/", "localhost:8000")
