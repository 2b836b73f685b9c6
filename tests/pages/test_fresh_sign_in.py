"""Dangerous routes ask for a sign-in of the last five minutes, whatever the sign-in was."""

import time
from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import freshness
from accounts.models import Role
from imageskill.core.models import Outbox
from tests.pages.people import last_code, make_old, make_user, make_workspace, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_app")]

OURS = {
    "agent_limits_raise",
    "agent_limits_raise_now",
    "agent_move",
    "agent_move_now",
    "agent_release_now",
    "agent_token_new",
    "claim_confirm",
    "claim_grant",
    "credits_alert_set",
    "credits_alert_switch",
    "credits_refund",
    "credits_refund_confirm",
    "gallery_delete",
    "gallery_discard",
    "member_invite",
    "member_remove",
    "member_role",
}
"""Named here again, so that no route stops asking unnoticed."""


def routes(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry)
        else:
            yield entry


def registered() -> list[str]:
    return sorted(
        {str(route.name) for route in routes(get_resolver()) if freshness.is_dangerous(route.callback, route.name)}
    )


def path_of(name: str) -> str:
    """Return an address of a registered route; nothing has to be there."""
    ((_, arguments),), *_ = get_resolver().reverse_dict[name]
    given = {argument: 1 if argument == "pk" else f"{argument}_1" for argument in arguments}
    return reverse(name, kwargs=given)


def by_code() -> Client:
    make_user()
    return sign_in()


def by_password() -> Client:
    make_user(password="a long enough password")
    client = Client()
    client.post("/account/login/", {"login": "ada@example.com", "password": "a long enough password"})
    return client


def by_code_and_app() -> Client:
    user = make_user()
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    client = sign_in()
    client.post("/account/2fa/authenticate/", {"code": digits(secret)})
    return client


def digits(secret: str) -> str:
    """Return what an app shows now, in the middle of what is taken."""
    counters = list(yield_hotp_counters_from_time())
    return f"{hotp_value(secret, counters[len(counters) // 2]):06d}"


def by_recovery_code() -> Client:
    user = make_user()
    TOTP.activate(user, generate_totp_secret())
    codes = RecoveryCodes.activate(user).get_unused_codes()
    client = sign_in()
    client.post("/account/2fa/authenticate/", {"code": codes[0]})
    return client


def by_passkey() -> Client:
    """The session that a passkey leaves; in a browser it is made by the device."""
    user = make_user()
    key = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "laptop"})
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    record = {"method": "mfa", "at": time.time(), "id": key.pk, "type": "webauthn", "passwordless": True}
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = user.pk
    session.save()
    return client


def by_sign_up() -> Client:
    client = Client()
    client.post("/account/signup/", {"email": "ada@example.com"})
    client.post("/account/confirm-email/", {"code": last_code("ada@example.com")})
    return client


KINDS = [by_code, by_password, by_code_and_app, by_recovery_code, by_passkey, by_sign_up]


def test_the_registry_holds_each_route_that_changes_how_one_signs_in_or_who_belongs() -> None:
    assert set(registered()) == freshness.OF_ALLAUTH | OURS


@pytest.mark.parametrize("kind", KINDS)
def test_each_dangerous_route_challenges_an_old_session_of_each_kind(kind: object) -> None:
    assert callable(kind)
    client = kind()
    assert "_auth_user_id" in client.session
    make_old(client)
    for name in registered():
        answer = client.post(path_of(name))
        assert answer.status_code == 302, name
        assert answer.url.startswith("/account/confirm/?next="), name


# A device's own key takes a browser: test_in_a_browser.py shows that its session passes.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not by_passkey])
def test_a_new_session_of_each_kind_passes(kind: object) -> None:
    assert callable(kind)
    client = kind()
    for name in registered():
        answer = client.post(path_of(name))
        assert "/account/confirm/" not in answer.get("location", ""), name


def test_a_session_without_any_record_is_old() -> None:
    client = Client()
    client.force_login(make_user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/account/email/").url.startswith("/account/confirm/")


def test_a_mailed_code_makes_a_session_fresh_again() -> None:
    client = by_code()
    make_old(client)
    asked = client.get("/account/2fa/totp/activate/")
    assert asked.url == "/account/confirm/?next=%2Faccount%2F2fa%2Ftotp%2Factivate%2F"
    client.post("/account/confirm/send", {"next": "/account/email/"})
    sent = client.post("/account/confirm/check", {"code": last_code("ada@example.com"), "next": "/account/email/"})
    assert sent.url == "/account/email/"
    assert client.get(sent.url).status_code == 200


def test_a_code_has_three_tries_and_works_once() -> None:
    client = by_code()
    make_old(client)
    client.post("/account/confirm/send")
    code = last_code("ada@example.com")
    for _ in range(3):
        assert client.post("/account/confirm/check", {"code": "BBBB-BBBB"}).status_code == 200
    assert client.post("/account/confirm/check", {"code": code}).status_code == 200
    client.post("/account/confirm/send")
    code = last_code("ada@example.com")
    assert client.post("/account/confirm/check", {"code": code.lower()}).status_code == 302
    make_old(client)
    assert client.post("/account/confirm/check", {"code": code}).status_code == 200


def test_who_has_a_second_factor_confirms_with_it_and_not_by_mail() -> None:
    client = by_code_and_app()
    make_old(client)
    before = Outbox.objects.count()
    page = client.get("/account/confirm/")
    assert b"six digits" in page.content
    client.post("/account/confirm/send")
    assert Outbox.objects.count() == before
    assert client.get("/account/reauthenticate/?next=/home").url == "/account/confirm/?next=/home"


def test_a_post_is_not_done_but_leads_back_to_its_page() -> None:
    user = make_user()
    organization = make_workspace(user, Role.OWNER)
    client = sign_in()
    make_old(client)
    answer = client.post(
        f"/w/{organization.pk}/members/invite",
        {"email": "bo@example.com", "role": "viewer"},
        HTTP_REFERER=f"http://testserver/w/{organization.pk}/members",
    )
    assert answer.url == f"/account/confirm/?next=%2Fw%2F{organization.pk}%2Fmembers"
    assert not organization.invitations.exists()


def test_the_way_on_leads_only_to_this_service() -> None:
    client = by_code()
    page = client.get("/account/confirm/?next=//evil.example/")
    assert b"evil" not in page.content
