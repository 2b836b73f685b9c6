"""Signing up and in by mailed codes."""

import pytest
from allauth.account import app_settings as account_settings
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from imageskill.core.models import Outbox
from imageskill.templatetags import look
from tests.pages.people import last_code, make_user, sign_in

pytestmark = pytest.mark.django_db


def test_a_person_signs_up_by_a_mailed_code() -> None:
    client = Client()
    asked = client.post("/account/signup/", {"email": "new@example.com"})
    assert asked.url == "/account/confirm-email/"
    assert "_auth_user_id" not in client.session
    done = client.post(asked.url, {"code": last_code("new@example.com")})
    assert done.status_code == 302
    assert client.get("/home").url == "/workspaces/new"
    assert not User.objects.get().has_usable_password()


def test_a_person_signs_in_by_a_mailed_code() -> None:
    make_user()
    assert sign_in().get("/home").status_code == 302


def test_a_wrong_code_opens_nothing_and_three_end_the_try() -> None:
    make_user()
    client = Client()
    client.post("/account/login/code/", {"email": "ada@example.com"})
    code = last_code("ada@example.com")
    for _ in range(3):
        client.post("/account/login/code/confirm/", {"code": "BBBB-BBBB"})
    client.post("/account/login/code/confirm/", {"code": code})
    assert "_auth_user_id" not in client.session


def test_a_code_works_only_in_the_browser_that_asked() -> None:
    make_user()
    Client().post("/account/login/code/", {"email": "ada@example.com"})
    other = Client()
    other.post("/account/login/code/", {"email": "ada@example.com"})
    first = Outbox.objects.order_by("pk")[0]
    other.post("/account/login/code/confirm/", {"code": first.text.split("\n\n")[1].strip()})
    assert "_auth_user_id" not in other.session


@pytest.mark.parametrize("path", ["/account/login/code/", "/account/signup/"])
def test_an_answer_does_not_tell_who_has_an_account(path: str) -> None:
    make_user()
    answers = [Client().post(path, {"email": email}) for email in ("ada@example.com", "nobody@example.com")]
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0].url == answers[1].url
    assert Outbox.objects.count() == 2


def test_mail_about_signing_in_is_bounded_for_an_address_whether_known_or_not() -> None:
    for number in range(14):
        cache.clear()
        answer = Client().post(
            "/account/login/code/", {"email": "nobody@example.com"}, REMOTE_ADDR=f"10.0.{number}.1"
        )
    assert answer.status_code == 429
    assert Outbox.objects.filter(recipient="nobody@example.com").count() == 12


def test_an_address_is_read_without_case_and_belongs_to_one() -> None:
    make_user()
    Client().post("/account/signup/", {"email": "ADA@example.com"})
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "tab", "current"),
    [
        ("2fa/", "Security", "page"),
        ("2fa/webauthn/", "Security", "true"),
        ("2fa/totp/activate/", "Security", "true"),
        ("password/set/", "Security", "true"),
        ("email/", "E-mail", "page"),
        ("sessions/", "Sessions", "page"),
    ],
)
def test_one_tab_of_the_account_is_marked_on_each_of_its_pages(path: str, tab: str, current: str) -> None:
    make_user()
    page = sign_in().get(f"/account/{path}").content.decode()
    tabs = page[page.index('<nav class="tabs" aria-label="Account">') :].partition("</nav>")[0]
    assert tabs.count("aria-current") == 1
    assert f'aria-current="{current}">{tab}</a>' in tabs


def test_a_way_on_leads_only_to_this_service() -> None:
    make_user()
    client = Client()
    client.post("/account/login/code/", {"email": "ada@example.com", "next": "https://evil.example/"})
    done = client.post(
        "/account/login/code/confirm/",
        {"code": last_code("ada@example.com"), "next": "https://evil.example/"},
    )
    assert done.url == "/home"


def test_links_in_mail_use_the_service_s_own_address() -> None:
    Client().post("/account/login/code/", {"email": "nobody@example.com"}, HTTP_HOST="localhost")
    assert "http://testserver/account/signup/" in Outbox.objects.get().text


def test_a_forgotten_password_is_set_anew_by_a_mailed_code() -> None:
    user = make_user(password="a long enough password")
    client = Client()
    asked = client.post("/account/password/reset/", {"email": "ada@example.com"})
    typed = client.post(asked.url, {"code": last_code("ada@example.com")})
    assert client.get(typed.url).status_code == 200
    client.post(typed.url, {"password1": "another long one", "password2": "another long one"})
    user.refresh_from_db()
    assert user.check_password("another long one")


GECKO = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "told"),
    [
        (GECKO, "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0 Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {WEBKIT} Safari/604.1", "Safari on iPhone"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Safari/605.1.15", "Safari on a Mac"),
        (f"Mozilla/5.0 (Linux; Android 16) {WEBKIT} Chrome/140.0 Mobile", "Chrome on Android"),
        ("curl/8.10", "curl/8.10"),
        ("", "A browser without a name"),
        ("x" * 500, "x" * 90),
    ],
)
def test_a_session_is_told_by_its_browser_and_system(user_agent: str, told: str) -> None:
    assert look.browser(user_agent) == told


def test_every_code_holds_as_long_as_its_page_and_its_mail_say() -> None:
    make_user()
    client = Client()
    for asked in ("/account/login/code/", "/account/password/reset/", "/account/signup/"):
        address = "new@example.com" if "signup" in asked else "ada@example.com"
        page = client.post(asked, {"email": address}, follow=True).content.decode()
        assert "holds for ten minutes" in page, asked
        assert "within ten minutes" in Outbox.objects.filter(recipient=address).order_by("-pk")[0].text
    conf = account_settings
    told = {
        conf.LOGIN_BY_CODE_TIMEOUT,
        conf.PASSWORD_RESET_BY_CODE_TIMEOUT,
        conf.EMAIL_VERIFICATION_BY_CODE_TIMEOUT,
    }
    assert told == {600}
