"""What a visit shows: the visited workspace by every page of it, no prompt, no file, nothing of another place."""

from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AgentToken
from creative.models import Job
from imageskill.console.view_as import rules
from imageskill.core import veil
from tests.cast import Member
from tests.console.desk import STAFF, desk, enter
from tests.pages.people import make_user, make_workspace
from tests.pages.routes import ROUTES, SAMPLES, WALKED, path_of
from tests.pages.studio import Studio, make_studio
from tests.pages.test_every_route import rows, writes_of

pytestmark = pytest.mark.django_db

ALL_METHODS: Final = ("post", "put", "patch", "delete", "options", "trace")


@pytest.fixture
def studio() -> Studio:
    return make_studio()


@pytest.fixture
def samples(studio: Studio) -> dict[str, object]:
    wanted = sorted({name for route in ROUTES for name in route.arguments} & set(SAMPLES))
    return {name: SAMPLES[name](studio) for name in wanted}


@pytest.fixture
def client(studio: Studio) -> Client:
    return visiting(studio.organization.pk)


def visiting(organization_id: str, address: str = STAFF) -> Client:
    """Return staff who looks at a workspace."""
    client = desk(address)
    client.raise_request_exception = False
    answer = client.post(f"/console/workspaces/{organization_id}/view", {"reason": "Ticket 7"})
    assert (answer.status_code, answer.url) == (302, f"/w/{organization_id}/")
    return client


def body_of(answer: Any) -> str:
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(raw.decode("utf-8", "replace"))


def test_each_page_that_an_owner_opens_is_named_as_shown_or_as_kept_out(
    studio: Studio, samples: dict[str, object]
) -> None:
    owner = enter(studio.owner)
    unnamed = [
        route.name
        for route in WALKED
        if route.is_inside and route.name not in rules.SHOWN and route.name not in rules.KEPT_OUT
        if owner.get(path_of(route, samples)).status_code == 200
    ]
    assert not unnamed, "name these in rules.SHOWN or in rules.KEPT_OUT"


def test_every_page_shows_the_visited_workspace_or_is_refused(
    studio: Studio, samples: dict[str, object], client: Client
) -> None:
    prompts = list(Job.objects.values_list("prompt", flat=True))
    secrets = list(AgentToken.objects.values_list("prefix", flat=True))
    before = rows()
    wrong = []
    for route in WALKED:
        if not route.is_inside:
            continue
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path_of(route, samples))
            body = body_of(answer)
        shown = route.name in rules.SHOWN
        if answer.status_code not in ({200, 302, 304, 400} if shown else {403}):
            wrong.append(f"{route}: its GET answers {answer.status_code}")
        if any(prompt in body for prompt in prompts):
            wrong.append(f"{route} shows a prompt")
        if any(secret in body for secret in secrets):
            wrong.append(f"{route} shows a token")
        if answer.streaming or answer.has_header("content-disposition"):
            wrong.append(f"{route} sends a file")
        if writes_of(queries):
            wrong.append(f"{route} writes {writes_of(queries)}")
        if shown and answer.status_code == 200 and "<body>" in body and "End the visit" not in body:
            wrong.append(f"{route} lacks the banner")
    assert not wrong, "\n".join(wrong)
    assert rows() == before
    assert len(prompts) == 5, "there was something to hide"


def test_every_other_method_of_every_route_is_refused(samples: dict[str, object], client: Client) -> None:
    before = rows()
    wrong = []
    for route in WALKED:
        if route.name in rules.LEAVING:
            continue
        for method in ALL_METHODS:
            status = getattr(client, method)(path_of(route, samples)).status_code
            if status != 403:
                wrong.append(f"{route}: {method} answers {status}")
    assert not wrong, "\n".join(wrong)
    assert rows() == before


def test_pictures_are_shown_and_what_they_were_asked_for_by_is_not(studio: Studio, client: Client) -> None:
    wall = body_of(client.get(f"/w/{studio.organization.pk}/gallery"))
    assert all(asset.pk in wall for asset in studio.assets)
    assert veil.HIDDEN.partition(":")[0] in wall
    one = body_of(client.get(f"/w/{studio.organization.pk}/gallery/{studio.assets[0].pk}"))
    assert "Hidden: prompts are for members" in one
    picture = client.get(f"/a/{studio.assets[0].pk}-320.webp")
    assert (picture.status_code, len(picture.getvalue()) > 100) == (200, True)
    picture.close()


def test_no_word_of_a_prompt_can_be_asked_for(studio: Studio, client: Client) -> None:
    base = f"/w/{studio.organization.pk}/gallery"
    asked = [client.get(base, {"q": words}).status_code for words in ("lighthouse", "no such words")]
    assert asked == [403, 403], "a hit would tell the words"
    assert client.get(base).status_code == 200


def test_no_other_workspace_is_reached_not_even_an_own_one(studio: Studio, client: Client) -> None:
    theirs = make_workspace(make_user("stranger@example.com"), name="Foreign")
    for organization_id in (theirs.pk, "org_nobody"):
        assert client.get(f"/w/{organization_id}/").status_code == 404
        assert client.get(f"/w/{organization_id}/gallery").status_code == 404
    assert "Foreign" not in body_of(client.get(f"/w/{studio.organization.pk}/"))


def test_own_workspaces_are_out_of_reach_meanwhile_and_back_afterwards(studio: Studio) -> None:
    client = desk()
    own = make_workspace(client_user(client), name="My own")
    assert client.get(f"/w/{own.pk}/").status_code == 200
    client.post(f"/console/workspaces/{studio.organization.pk}/view", {"reason": "Ticket 7"})
    assert client.get(f"/w/{own.pk}/").status_code == 404
    assert "My own" not in body_of(client.get(f"/w/{studio.organization.pk}/"))
    client.post("/console/view/end")
    assert client.get(f"/w/{own.pk}/").status_code == 200
    assert client.get(f"/w/{studio.organization.pk}/").status_code == 404


def client_user(client: Client) -> Any:
    return client.get("/console/search").wsgi_request.user


def test_claims_payments_shares_and_the_own_account_are_out_of_reach(
    studio: Studio, samples: dict[str, object], client: Client
) -> None:
    kept_out = ("claim", "pay/", "s/", "account/", "home", "workspaces/", "invitations")
    wrong = []
    for route in WALKED:
        if route.pattern.startswith(kept_out) and route.name not in rules.LEAVING:
            status = client.get(path_of(route, samples)).status_code
            if status != 403:
                wrong.append(f"{route}: {status}")
    assert not wrong, "\n".join(wrong)


def test_agents_calls_know_nothing_of_it(studio: Studio, client: Client) -> None:
    assert Member(studio.agent.token, studio.agent.agent_id).create("A red boat at sea", model="canvas.draft").ok
    assert Job.objects.filter(prompt="A red boat at sea").count() == 1


def test_the_routes_are_those_of_the_url_map() -> None:
    names = {route.name for route in ROUTES}
    assert not rules.SHOWN - names
    assert not set(rules.KEPT_OUT) - names
    assert not rules.LEAVING - names
    assert not rules.SHOWN & set(rules.KEPT_OUT)
