"""Staff is who had a second factor before the rights, and only as long as one is left."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from tests.console.desk import STAFF, add_passkey, desk, enter, make_staff
from tests.pages.people import make_user, sign_in
from tests.pages.test_fresh_sign_in import digits

pytestmark = pytest.mark.django_db


def is_staff() -> bool:
    return User.objects.get(email=STAFF).is_staff


def test_rights_need_a_factor_that_was_there_before() -> None:
    user = make_user(STAFF)
    with pytest.raises(CommandError, match="no second factor"):
        call_command("grant_staff", STAFF)
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={})
    with pytest.raises(CommandError, match="no second factor"):
        call_command("grant_staff", STAFF)
    with pytest.raises(CommandError, match="Nobody signs in"):
        call_command("grant_staff", "nobody@example.com")
    assert not is_staff()
    add_passkey(user)
    call_command("grant_staff", STAFF.upper())
    assert is_staff()


def test_sessions_of_before_end_with_the_grant_and_with_its_end() -> None:
    make_user(STAFF)
    client = sign_in(STAFF)
    add_passkey(User.objects.get(email=STAFF))
    assert UserSession.objects.count() == 1
    call_command("grant_staff", STAFF)
    assert not UserSession.objects.exists()
    assert client.get("/home").url.startswith("/account/login/")
    User.objects.update(is_superuser=True)
    call_command("grant_staff", STAFF, "--revoke")
    assert not User.objects.filter(is_staff=True).exists()
    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.django_db(transaction=True)
def test_a_removed_last_passkey_takes_the_rights_along() -> None:
    client = desk()
    key = Authenticator.objects.get()
    assert client.post(f"/account/2fa/webauthn/keys/{key.pk}/remove/").status_code == 302
    assert not Authenticator.objects.exists()
    assert not is_staff()
    assert client.get("/console/feedback").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_last_app_stays_and_one_of_two_factors_may_go() -> None:
    user = make_staff()
    TOTP.activate(user, generate_totp_secret())
    client = enter(user)
    assert client.post("/account/2fa/totp/deactivate/").status_code == 302
    assert is_staff()
    TOTP.activate(user, generate_totp_secret())
    Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).delete()
    client.post("/account/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()
    assert is_staff()


def test_a_sign_in_by_mail_alone_makes_nobody_staff_again() -> None:
    user = make_user(STAFF)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    client = sign_in(STAFF)
    assert not User.objects.filter(is_staff=True).exists()
    assert not User.objects.filter(is_superuser=True).exists()
    assert client.get("/console/feedback").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_first_factor_that_comes_after_the_rights_takes_them() -> None:
    user = make_user(STAFF)
    client = sign_in(STAFF)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client.get("/account/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    assert client.post("/account/2fa/totp/activate/", {"code": digits(secret)}).status_code == 302
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()
    assert not is_staff()


def test_an_app_opens_the_console_and_a_recovery_code_does_not() -> None:
    user = make_user(STAFF)
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    call_command("grant_staff", STAFF)
    client = sign_in(STAFF)
    assert client.post("/account/2fa/authenticate/", {"code": digits(secret)}).status_code == 302
    assert client.get("/console/feedback").status_code == 200
    weak = enter(user, record={"method": "mfa", "type": "recovery_codes", "id": 1})
    assert weak.get("/console/feedback").status_code == 403


def test_a_session_without_the_factor_gives_it_and_goes_on_where_it_was() -> None:
    user = make_user(STAFF)
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    call_command("grant_staff", STAFF)
    client = enter(user, record={"method": "code"})
    asked = client.get("/console/feedback?tab=done")
    assert b"/account/2fa/reauthenticate/?next=/console/feedback%3Ftab%3Ddone" in asked.content
    body = {"code": digits(secret), "next": "/console/feedback?tab=done"}
    given = client.post("/account/2fa/reauthenticate/", body)
    assert given["location"] == "/console/feedback?tab=done"
    assert client.get(given["location"]).status_code == 200


def test_a_factor_that_is_gone_opens_nothing() -> None:
    client = desk()
    Authenticator.objects.all().delete()
    add_passkey(User.objects.get(email=STAFF))
    assert client.get("/console/feedback").status_code == 403
    assert Client().get("/console/feedback").status_code == 404
