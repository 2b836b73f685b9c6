"""The admin is there for superusers alone, with the factor; whoever acts there has signed in just now."""

import re
from typing import Any, Final

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import get_resolver

from accounts.models import Agent, User
from imageskill.console import doors
from imageskill.console.admin.site import site
from tests.console.admins import ROOT, choose, superuser
from tests.console.desk import add_passkey, desk, enter, make_agent
from tests.console.test_staff_door import METHODS, told
from tests.pages.people import make_old, make_user, make_workspace
from tests.pages.routes import walk

pytestmark = pytest.mark.django_db

ADMIN: Final = {pattern: entry for pattern, entry in walk(get_resolver()) if re.match(r"admin(/|$)", pattern)}
SHAPES: Final = ("/admin/", "/admin/billing/", "/admin/accounts/agent/", "/admin/accounts/agent/agt_1/change/")
"""One address of each kind; that every route stands behind the same door is asked of all of them."""
ELSEWHERE: Final = ("/admin", "/admin/login/", "/admin/logout/", "/admin/jsi18n/", "/admin/accounts/agent")
NOWHERE: Final = "/konsole/admin/"


def test_each_address_of_the_admin_stands_behind_the_door_and_none_is_for_signing_in() -> None:
    assert len(ADMIN) > 100
    assert [pattern for pattern, entry in ADMIN.items() if not doors.is_guarded(entry.callback)] == []
    names = {str(entry.name) for entry in ADMIN.values()}
    assert not names & {"login", "logout", "password_change", "autocomplete", "view_on_site", "jsi18n"}
    assert not any(name.endswith(("_add", "_delete", "_history")) for name in names)


@pytest.mark.parametrize("who", ["nobody", "an owner", "staff"])
def test_others_get_the_answer_of_an_address_that_leads_nowhere(who: str) -> None:
    client = Client()
    if who == "an owner":
        user = make_user()
        make_workspace(user)
        client = enter(user)
    if who == "staff":
        client = desk()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    wrong = []
    for method in METHODS:
        nowhere = told(getattr(strict, method)(NOWHERE, headers={"accept": "text/html"}))
        for path in (*SHAPES, *ELSEWHERE):
            got = told(getattr(strict, method)(path, headers={"accept": "text/html"}))
            if got != nowhere:
                wrong.append(f"{method} {path}: {got}, not {nowhere}")
    assert wrong == []


def test_a_superuser_who_used_no_factor_is_asked_for_it() -> None:
    superuser()
    client = enter(User.objects.get(email=ROOT), record={"method": "code"})
    for path in SHAPES:
        for method in ("get", "post"):
            answer = getattr(client, method)(path)
            assert (answer.status_code, b"Show your second factor" in answer.content) == (403, True), path


def test_a_superuser_comes_in_and_nothing_is_kept_on_the_way() -> None:
    client = superuser()
    make_agent()
    agent = Agent.objects.get()
    for path in (*SHAPES[:3], f"/admin/accounts/agent/{agent.pk}/change/"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "no-store" in answer["cache-control"]
        assert "script-src 'self'" in answer["content-security-policy"]
    assert client.get(ELSEWHERE[0]).status_code == 404


def test_the_console_leads_superusers_there_and_nobody_else() -> None:
    assert 'href="/admin/"' in superuser().get("/console/feedback").content.decode()
    assert 'href="/admin/"' not in desk().get("/console/feedback").content.decode()


def test_an_act_wants_a_fresh_sign_in_and_the_token_of_its_form() -> None:
    agent = make_agent()
    client = superuser()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert choose(strict, agent, "stop", reason="It loops").status_code == 403
    make_old(client)
    assert choose(client, agent, "stop", reason="It loops").url.startswith("/account/confirm/?next=")
    assert client.get("/admin/accounts/agent/").status_code == 200
    agent.refresh_from_db()
    assert agent.paused_at is None


def test_a_list_without_acts_and_every_row_take_no_post() -> None:
    client = superuser()
    agent = make_agent()
    assert client.post("/admin/billing/ledgerentry/").status_code == 405
    assert client.post(f"/admin/accounts/agent/{agent.pk}/change/", {"name": "other"}).status_code == 405


def test_rights_and_the_tables_of_libraries_are_not_given_here() -> None:
    registered: Any = [Group, Permission, EmailAddress, Authenticator]
    assert [model for model in registered if site.is_registered(model)] == []
    users = site.get_model_admin(User)
    request: Any = None
    assert not users.actions
    assert not users.has_change_permission(request)


def test_superusers_are_made_by_the_command_after_their_factor_and_unmade_by_it() -> None:
    user = make_user(ROOT)
    with pytest.raises(CommandError, match="no second factor"):
        call_command("grant_staff", ROOT, "--superuser")
    add_passkey(user)
    call_command("grant_staff", ROOT, "--superuser")
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser) == (True, True)
    call_command("grant_staff", ROOT)
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser) == (True, False)
    with pytest.raises(CommandError):
        call_command("grant_staff", ROOT, "--superuser", "--revoke")
