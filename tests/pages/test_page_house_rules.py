"""What holds for every page: no inline style or script, sealed secrets, a guide that stays at home."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import LazySettings, settings
from django.test import Client

from accounts import adapter
from imageskill.core.models import Outbox
from tests.pages.people import make_old, make_user, make_workspace, sign_in
from tests.pages.test_fresh_sign_in import digits

INLINE = re.compile(r"\sstyle=|<style|\son[a-z]+=|javascript:|<script(?![^>]*(\ssrc=|application/json))")
TEMPLATES = sorted((settings.REPOSITORY / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_inline_style_or_script(path: object) -> None:
    assert INLINE.findall(path.read_text()) == []


def test_a_page_is_sent_with_the_strict_policy_and_keeps_its_address_to_itself(db: None) -> None:
    answer = Client().get("/account/login/")
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in answer["content-security-policy"]
    assert answer["referrer-policy"] == "same-origin"


def test_the_guide_is_not_shown_by_a_service_that_others_can_reach(settings: LazySettings) -> None:
    assert Client().get("/styleguide").status_code == 200
    settings.BASE_URL = "https://images.example"
    assert Client().get("/styleguide").status_code == 404


@pytest.mark.django_db
@pytest.mark.usefixtures("patient_app")
def test_the_secret_of_an_app_lies_sealed_in_the_database() -> None:
    TOTP.activate(make_user(), "JBSWY3DPEHPK3PXP")
    kept = Authenticator.objects.get()
    assert "JBSWY3DPEHPK3PXP" not in str(kept.data)
    assert kept.wrap().validate_code(digits("JBSWY3DPEHPK3PXP"))


@pytest.mark.django_db
def test_a_rotated_secret_key_locks_no_app_out(settings: LazySettings) -> None:
    sealed = adapter.FactorAdapter().encrypt("JBSWY3DPEHPK3PXP")
    settings.SECRET_KEY = "another-key-" + "k" * 40
    assert adapter.FactorAdapter().decrypt(sealed) == "JBSWY3DPEHPK3PXP"


@pytest.mark.django_db
def test_staff_keep_their_last_second_factor() -> None:
    user = make_user()
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    factor = Authenticator.objects.select_related("user").get()
    assert adapter.FactorAdapter().can_delete_authenticator(factor)
    factor.user.is_staff = True
    assert not adapter.FactorAdapter().can_delete_authenticator(factor)


@pytest.mark.django_db
def test_an_address_changes_only_by_a_code_that_came_to_the_new_one() -> None:
    user = make_user()
    client = sign_in()
    client.post("/account/email/", {"email": "new@example.com", "action_add": ""})
    user.refresh_from_db()
    assert user.email == "ada@example.com"
    found = re.search(r"[A-Z]{4}-[A-Z]{4}", Outbox.objects.filter(recipient="new@example.com").get().text)
    assert found
    client.post("/account/confirm-email/", {"code": found[0]})
    user.refresh_from_db()
    assert user.email == "new@example.com"


@pytest.mark.django_db
def test_the_owner_of_an_account_is_told_of_a_change(django_capture_on_commit_callbacks: object) -> None:
    make_user()
    client = sign_in()
    assert callable(django_capture_on_commit_callbacks)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/password/set/", {"password1": "a long enough one", "password2": "a long enough one"})
    assert Outbox.objects.filter(kind="password_set", recipient="ada@example.com").exists()


@pytest.mark.django_db
def test_other_sessions_can_be_ended() -> None:
    make_user()
    first = sign_in()
    second = sign_in()
    second.post("/account/sessions/")
    assert first.get("/home").url.startswith("/account/login/")
    assert second.get("/home").url == "/workspaces/new"


@pytest.mark.django_db
def test_a_post_without_the_form_s_token_is_refused() -> None:
    organization = make_workspace(make_user())
    client = sign_in()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = client.cookies["sessionid"].value
    assert strict.post(f"/w/{organization.pk}/rename", {"name": "Mine"}).status_code == 403


@pytest.mark.django_db
def test_a_dangerous_route_asks_strangers_to_sign_in_first() -> None:
    assert Client().get("/account/email/").url.startswith("/account/login/")
    client = sign_in_and_out()
    assert client.get("/account/confirm/").url.startswith("/account/login/")


def sign_in_and_out() -> Client:
    make_user()
    client = sign_in()
    make_old(client)
    client.post("/account/logout/")
    return client
