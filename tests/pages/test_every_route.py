"""Every page of the service: who may come in, what a GET leaves behind, what needs a fresh sign-in.

The routes are read from the url map, so a new one is tested as soon as it is there (tests/pages/routes.py).
"""

import re
from typing import Any, Final

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import freshness
from accounts.models import AgentToken
from tests.pages.people import make_old, make_user, make_workspace, sign_in
from tests.pages.routes import ROUTES, SAMPLES, WALKED, Route, path_of
from tests.pages.studio import PROMPTS, Studio, add_viewer, make_studio

pytestmark = pytest.mark.django_db

VIEWERS_TOO: Final = {"workspace_leave", "overview_seen"}
"""POSTs that are a viewer's own: about the asker, not about the workspace."""

OBSERVED: Final = ("django_session",)
"""What a GET may write: the session, which keeps the workspace that was looked at last."""

SEEN_ONCE: Final = {"mfa_view_recovery_codes", "mfa_download_recovery_codes"}
"""The library's pages that note that a secret was shown, so that it is shown once."""


@pytest.fixture
def studio() -> Studio:
    return make_studio()


@pytest.fixture
def samples(studio: Studio) -> dict[str, object]:
    """One of each argument that any route takes."""
    wanted = sorted({name for route in ROUTES for name in route.arguments} & set(SAMPLES))
    return {name: SAMPLES[name](studio) for name in wanted}


@pytest.fixture
def owner(studio: Studio) -> Client:
    return visitor(studio.owner.email)


def visitor(address: str) -> Client:
    """Return somebody signed in, who gets the page of an error as a person does."""
    client = sign_in(address)
    client.raise_request_exception = False
    return client


def test_each_argument_of_a_route_has_a_sample_and_each_route_a_door() -> None:
    lacking = [
        f"{route} takes {name!r}: add a sample of it to SAMPLES in tests/pages/routes.py"
        for route in ROUTES
        for name in route.arguments
        if name not in SAMPLES
    ]
    doorless = [
        f"{route} asks nobody who they are: put login_required on its view, or its reason into OPEN"
        for route in ROUTES
        if not (route.is_inside or route.is_for_staff or route.is_open or _asks_to_sign_in(route))
    ]
    assert not lacking + doorless, "\n".join(lacking + doorless)


def _asks_to_sign_in(route: Route) -> bool:
    path = path_of(route, dict.fromkeys(route.arguments, "1"))
    answers = [Client().get(path), Client().post(path)]
    return all(_is_sign_in(answer) or answer.status_code == 405 for answer in answers)


def _is_sign_in(answer: Any) -> bool:
    return bool(answer.status_code == 302 and answer.url.startswith("/account/login/"))


def test_a_stranger_finds_no_workspace_behind_any_route(studio: Studio, samples: dict[str, object]) -> None:
    make_workspace(make_user("stranger@example.com"))
    client = visitor("stranger@example.com")
    wrong = []
    for route in WALKED:
        if route.is_inside:
            path = path_of(route, samples)
            got = [client.get(path).status_code, client.post(path).status_code]
            if set(got) not in ({404}, {404, 405}):
                wrong.append(f"{route}: GET and POST answer {got}, not 404")
    assert not wrong, "\n".join(wrong)


def test_nobody_is_sent_to_sign_in_by_every_route(studio: Studio, samples: dict[str, object]) -> None:
    wrong = []
    for route in WALKED:
        if route.is_inside:
            answers = [Client().get(path_of(route, samples)), Client().post(path_of(route, samples))]
            if not any(map(_is_sign_in, answers)) or any(
                not _is_sign_in(answer) and answer.status_code != 405 for answer in answers
            ):
                wrong.append(f"{route}: {[answer.status_code for answer in answers]}")
    assert not wrong, "\n".join(wrong)


def test_who_is_no_staff_finds_no_page_of_staff(samples: dict[str, object], owner: Client) -> None:
    wrong = []
    for route in WALKED:
        if route.is_for_staff:
            path = path_of(route, samples)
            for who, client in (("an owner", owner), ("nobody", Client(raise_request_exception=False))):
                answers = [client.get(path), client.post(path)]
                let_in = [
                    answer.status_code
                    for answer in answers
                    if answer.status_code not in (404, 405) and not _is_sign_in(answer)
                ]
                if let_in:
                    wrong.append(f"{route}: {who} is answered {let_in}, not 404")
    assert not wrong, "\n".join(wrong)


def test_a_viewer_changes_nothing_by_any_route(studio: Studio, samples: dict[str, object]) -> None:
    add_viewer(studio)
    client = visitor("bo@example.com")
    wrong = []
    for route in WALKED:
        if route.is_inside and route.name not in VIEWERS_TOO:
            status = client.post(path_of(route, samples)).status_code
            if status not in (403, 405):
                wrong.append(f"{route}: a viewer's POST answers {status}, not 403")
    assert not wrong, "\n".join(wrong)


def test_a_viewer_is_shown_no_token_and_no_file_with_prompts(studio: Studio, samples: dict[str, object]) -> None:
    add_viewer(studio)
    client = visitor("bo@example.com")
    shown = AgentToken.objects.filter(agent_id=studio.agent.agent_id).values_list("prefix", flat=True)
    secrets = [*shown, "".join(studio.agent.token or "")]
    wrong = []
    for route in WALKED:
        if route.is_inside:
            answer = client.get(path_of(route, samples))
            body = _body(answer)
            if answer.status_code >= 500:
                wrong.append(f"{route}: {answer.status_code}")
            if any(secret in body for secret in secrets):
                wrong.append(f"{route} shows a token to a viewer")
            if answer.has_header("content-disposition") and any(prompt in body for prompt, _ in PROMPTS):
                wrong.append(f"{route} gives a viewer a file with prompts")
    assert not wrong, "\n".join(wrong)


def _body(answer: Any) -> str:
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(raw.decode("utf-8", "replace"))


def rows() -> dict[str, int]:
    """Return how many rows each table has, but for those that a GET may write."""
    tables = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return {
        model._meta.db_table: model._default_manager.count()
        for model in tables
        if model._meta.db_table not in OBSERVED
    }


WRITES: Final = re.compile(r'^\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)', re.IGNORECASE)


def writes_of(queries: CaptureQueriesContext) -> list[str]:
    """Return the tables that captured statements write."""
    found = [WRITES.match(str(query["sql"])) for query in queries.captured_queries]
    return [match[1] for match in found if match and match[1] not in OBSERVED]


def test_no_get_writes(studio: Studio, samples: dict[str, object], owner: Client) -> None:
    before = rows()
    wrong = []
    for route in WALKED:
        if route.name in SEEN_ONCE:
            continue
        with CaptureQueriesContext(connection) as queries:
            answer = owner.get(path_of(route, samples))
            _body(answer)
        written = writes_of(queries)
        if written:
            wrong.append(f"{route}: its GET writes {', '.join(sorted(set(written)))}")
        if answer.status_code >= 500 and route.pattern != "healthz":
            wrong.append(f"{route}: its GET answers {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert rows() == before


def test_every_dangerous_route_asks_an_old_sign_in_to_confirm(
    studio: Studio, samples: dict[str, object], owner: Client
) -> None:
    make_old(owner)
    dangerous = [route for route in WALKED if freshness.is_dangerous(route.view, route.name)]
    assert {route.name for route in dangerous} >= freshness.OF_ALLAUTH | {"member_invite", "member_role"}
    wrong = []
    for route in dangerous:
        path = path_of(route, samples)
        for method in ("get", "post"):
            answer = getattr(owner, method)(path)
            if answer.status_code != 302 or not answer.url.startswith("/account/confirm/?next="):
                wrong.append(f"{route}: an old sign-in's {method.upper()} answers {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_every_post_of_a_workspace_needs_the_token_of_its_form(
    studio: Studio, samples: dict[str, object], owner: Client
) -> None:
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.cookies["sessionid"] = owner.cookies["sessionid"].value
    wrong = []
    for route in WALKED:
        if route.is_inside:
            status = strict.post(path_of(route, samples)).status_code
            if status not in (403, 405):
                wrong.append(f"{route}: a POST without the form's token answers {status}, not 403")
    assert not wrong, "\n".join(wrong)
