"""Pages of errors: for people only, without database and session, and they say what was not charged."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from imageskill.core import error_pages
from tests.cast import Caller
from tests.pages.people import join, make_user, make_workspace, sign_in

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
FAULTS: list[tuple[Exception, int]] = [
    (SuspiciousOperation("canary"), 400),
    (PermissionDenied("canary"), 403),
    (Http404("canary"), 404),
    (RuntimeError("canary"), 500),
    (OperationalError("canary"), 503),
]
Layer = Callable[[HttpRequest], HttpResponse]


class Inner:
    """A layer below the outermost one that fails."""

    raises: Exception | None = None

    def __init__(self, get_response: Layer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self.raises is not None:
            raise self.raises
        return self.get_response(request)


@pytest.fixture
def failing(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Have everything below the outermost layer fail: no session, no user, no database."""
    settings.MIDDLEWARE = [settings.MIDDLEWARE[0], "tests.site.test_error_pages.Inner"]
    return lambda error: monkeypatch.setattr(Inner, "raises", error)


def get(path: str, accept: str = BROWSER) -> Any:
    return Client(raise_request_exception=False).get(path, headers={"accept": accept})


@pytest.mark.parametrize(("error", "status"), FAULTS)
def test_a_person_gets_a_page_without_database_session_or_user(
    failing: Callable[[Exception], None], error: Exception, status: int
) -> None:
    """The mark `django_db` is left out on purpose: a query would fail this test."""
    failing(error)
    answer = get("/anything")
    text = answer.content.decode()
    assert answer.status_code == status
    assert answer["content-type"].startswith("text/html")
    assert answer["cache-control"] == "no-store"
    assert re.findall(r"<code>(trace_[0-9a-z]+)</code>", text) == [answer["x-trace-id"]]
    assert "charged" in text or "costs nothing" in text
    assert "canary" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize(("error", "status"), FAULTS)
def test_a_program_gets_the_plain_line_as_before(
    failing: Callable[[Exception], None], error: Exception, status: int
) -> None:
    failing(error)
    for accept in ("*/*", "application/json", ""):
        answer = get("/anything", accept)
        assert (answer.status_code, answer["content-type"]) == (status, "text/plain; charset=utf-8")
        assert answer.content.count(b"\n") == 1


@pytest.mark.parametrize(("error", "status"), FAULTS[:4])
def test_the_api_answers_with_envelopes_whoever_asks(
    failing: Callable[[Exception], None], error: Exception, status: int
) -> None:
    failing(error)
    answer = get("/v1/anything")
    told = json.loads(answer.content)
    assert (answer.status_code, answer["content-type"]) == (status, "application/json")
    assert (told["ok"], told["trace_id"]) == (False, answer["x-trace-id"])


def test_a_page_that_cannot_be_made_is_a_plain_line(
    failing: Callable[[Exception], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(RuntimeError())
    monkeypatch.setattr(error_pages, "TEMPLATE", "errors/not_there.html")
    answer = get("/anything")
    assert (answer.status_code, answer.content) == (500, b"The service failed.\n")


def test_each_answer_shows_its_own_trace_id_though_the_page_is_drawn_once(
    failing: Callable[[Exception], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(Http404())
    first = get("/anything")

    def drawn_again(*_args: object) -> str:
        raise AssertionError("the page is drawn again")

    monkeypatch.setattr(error_pages, "render_to_string", drawn_again)
    second = get("/something-else")
    ids = [answer["x-trace-id"] for answer in (first, second)]
    texts = [answer.content.decode() for answer in (first, second)]
    assert ids[0] != ids[1]
    assert [text.count(one) for text, one in zip(texts, ids, strict=True)] == [1, 1]
    assert texts[0].replace(ids[0], "") == texts[1].replace(ids[1], "")


@pytest.mark.django_db
def test_a_form_without_its_token_says_what_to_do() -> None:
    organization = make_workspace(make_user())
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = sign_in().cookies["sessionid"].value
    answer = strict.post(f"/w/{organization.pk}/rename", {"name": "Mine"}, headers={"accept": BROWSER})
    assert answer.status_code == 403
    assert "The form is out of date" in answer.content.decode()
    plain = strict.post(f"/w/{organization.pk}/rename", {"name": "Mine"})
    assert (plain.status_code, plain.content) == (403, b"This is not allowed.\n")


@pytest.mark.django_db
def test_a_viewer_is_told_who_can_change_that() -> None:
    organization = make_workspace(make_user("bo@example.com"))
    join(make_user(), organization, Role.VIEWER)
    answer = sign_in().post(f"/w/{organization.pk}/rename", {"name": "Mine"}, headers={"accept": BROWSER})
    assert answer.status_code == 403
    assert "An owner of the workspace can give you another role" in answer.content.decode()


@pytest.mark.django_db
def test_a_workspace_of_others_and_none_at_all_look_the_same() -> None:
    organization = make_workspace(make_user("bo@example.com"))
    make_user()
    client = sign_in()
    answers = [client.get(path, headers={"accept": BROWSER}) for path in (f"/w/{organization.pk}/", "/w/org_x/")]
    bodies = {re.sub(r"trace_[0-9a-z]+", "", answer.content.decode()) for answer in answers}
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len(bodies) == 1
    assert organization.pk not in bodies.pop()


@pytest.mark.django_db
def test_too_many_tries_are_a_page_that_asks_the_database_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = error_pages.handler429(HttpRequest())
    assert (answer.status_code, len(queries)) == (429, 0)
    assert "no mail was sent" in answer.content.decode()


@pytest.mark.django_db
def test_a_refusal_of_a_token_s_holder_is_no_page() -> None:
    answer = Caller("isk_r_wrong").get("/v1/quota", headers={"accept": BROWSER})
    assert answer.code == "AUTH_REQUIRED"
