"""Every route of the console, as the url map has them: who comes in; others are told nothing."""

import re
from typing import Any, Final

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts import freshness
from accounts.staff import Staff
from imageskill.console import doors
from tests.console.desk import STAFF, desk, enter, make_agent, make_report, make_staff
from tests.pages.people import make_old, make_user, make_workspace
from tests.pages.routes import ROUTES, Route

pytestmark = pytest.mark.django_db

METHODS: Final = ("get", "post", "head", "put", "patch", "delete", "options")
GUARDED: Final = [route for route in ROUTES if re.match(r"console(/|$)", route.pattern)]
NOWHERE: Final = "/konsole/feedback"
LETS_IN: Final = {"console", "console_feedback", "console_feedback_item", "console_feedback_outcome"}


def path_of(route: Route) -> str:
    samples = {"feedback_id": "sig_0"}
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: samples.get(found[1], "1"), route.pattern)


def test_the_walk_knows_the_console_and_each_route_stands_behind_the_door() -> None:
    assert {route.name for route in GUARDED} >= {"console", "console_feedback", "console_feedback_accept"}
    assert [str(route) for route in GUARDED if not doors.is_guarded(route.view)] == []


def told(answer: Any) -> tuple[int, dict[str, str], str]:
    """Return all that somebody can see of an answer besides its trace."""
    seen = {name.lower(): value for name, value in answer.items() if name.lower() != "x-trace-id"}
    return answer.status_code, seen, re.sub(r"trace_\w+", "", answer.content.decode())


@pytest.mark.parametrize("who", ["nobody", "somebody", "an owner", "a former colleague"])
def test_others_get_the_answer_of_an_address_that_leads_nowhere(who: str) -> None:
    user = make_user("ada@example.com")
    if who == "an owner":
        make_workspace(user)
    if who == "a former colleague":
        user = make_staff("old@example.com")
        client = enter(user)
        user.is_staff = False
        user.save()
    else:
        client = Client() if who == "nobody" else enter(user)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    if who != "nobody":
        make_old(strict)
    wrong = []
    for method in METHODS:
        for headers in ({"accept": "text/html"}, {"HX-Request": "true"}):
            nowhere = told(getattr(strict, method)(NOWHERE, headers=headers))
            for route in GUARDED:
                got = told(getattr(strict, method)(path_of(route), headers=headers))
                if got != nowhere:
                    wrong.append(f"{route}: {method} {got}, not {nowhere}")
    assert wrong == []


def test_staff_without_a_factor_in_this_session_is_asked_for_it_by_every_route() -> None:
    client = enter(make_staff(), record={"method": "code"})
    wrong = []
    for route in GUARDED:
        for method in ("get", "post", "put", "delete"):
            answer = getattr(client, method)(path_of(route))
            if answer.status_code != 403 or b"Show your second factor" not in answer.content:
                wrong.append(f"{route}: {method} {answer.status_code}")
            part = getattr(client, method)(path_of(route), headers={"HX-Request": "true"})
            if (part.status_code, part.content, part["HX-Redirect"]) != (403, b"", "/console"):
                wrong.append(f"{route}: a part, {method} {part.status_code}")
    assert wrong == []


def test_the_page_that_asks_leads_to_the_factor_and_back() -> None:
    client = enter(make_staff(), record={"method": "code"})
    page = client.get("/console/feedback?tab=done")
    assert b"/account/2fa/webauthn/reauthenticate/?next=/console/feedback%3Ftab%3Ddone" in page.content
    assert "no-store" in page["cache-control"]


def test_staff_comes_in_and_every_form_needs_its_token() -> None:
    client = desk()
    row = make_report(make_agent())
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    wrong = []
    for route in GUARDED:
        address = path_of(route).replace("sig_0", row.pk)
        if route.name in LETS_IN and client.get(address, follow=True).status_code != 200:
            wrong.append(f"{route} is closed to staff")
        status = strict.post(address).status_code
        if status not in (403, 405):
            wrong.append(f"{route}: a POST without the form's token answers {status}")
    assert wrong == []
    row.refresh_from_db()
    assert row.state == "received"


def test_a_dangerous_page_wants_a_fresh_sign_in_of_staff_and_tells_nobody_else() -> None:
    @doors.staff_only
    @freshness.fresh_required
    def page(request: Any, person: Staff) -> HttpResponse:
        return HttpResponse(person.actor_id)

    assert doors.asks_freshness(page)
    assert not freshness.is_dangerous(page, None)
    user = make_staff()
    client = enter(user)

    def asked(**headers: str) -> Any:
        request = RequestFactory().get("/console/x", headers=headers)
        request.user, request.session = user, client.session
        return page(request)

    assert asked().content.decode() == user.pk
    make_old(client)
    assert asked().url == "/account/confirm/?next=%2Fconsole%2Fx"
    assert asked(**{"HX-Request": "true"})["HX-Redirect"].startswith("/account/confirm/?next=")


def test_a_mark_says_whose_pages_these_are() -> None:
    page = desk().get("/console/feedback").content.decode()
    assert '<span class="badge spent">Staff</span>' in page
    assert 'href="/console/feedback"' in page
    assert STAFF in page
