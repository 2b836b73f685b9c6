"""Who reaches the search, the agents, the providers and the sign-ups, by which method: route x role x method."""

from typing import Final

import pytest
from django.test import Client

from accounts.models import Agent, Role
from tests.console.desk import desk, enter, make_agent, make_staff
from tests.pages.people import join, make_old, make_user, make_workspace

pytestmark = pytest.mark.django_db

LOOKS: Final = {
    "/console/search": 200,
    "/console/search?q=nobody": 200,
    "/console/people": 200,
    "/console/people/AGENT": 200,
    "/console/providers": 200,
    "/console/signups": 200,
}
ASKS: Final = {
    "/console/people/AGENT/stop?act=quarantine": 200,
    "/console/people/AGENT/stop?act=revoke": 200,
    "/console/providers/switch?target=provider:fal&to=stop": 200,
    "/console/signups/expiry?network=loopback": 200,
}
"""Forms of dangerous acts: they want a fresh sign-in before they are shown."""


@pytest.fixture
def agent() -> Agent:
    return make_agent()


def statuses(client: Client, agent: Agent, method: str) -> set[int]:
    paths = [path.replace("AGENT", agent.pk) for path in (*LOOKS, *ASKS)]
    return {getattr(client, method)(path).status_code for path in paths}


@pytest.mark.parametrize("role", ["nobody", "somebody", *Role.values])
def test_for_everybody_else_there_is_nothing(agent: Agent, role: str) -> None:
    client = Client()
    if role != "nobody":
        user = make_user("ada@example.com")
        if role != "somebody":
            join(user, agent.organization, Role(role))
        client = enter(user)
    for method in ("get", "head", "post", "put", "delete", "options"):
        assert statuses(client, agent, method) == {404}, method


def test_staff_without_a_factor_in_the_session_is_asked_for_it(agent: Agent) -> None:
    client = enter(make_staff(), record={"method": "code"})
    for method in ("get", "post"):
        assert statuses(client, agent, method) == {403}, method


def test_staff_comes_in_and_looking_takes_no_other_method(agent: Agent) -> None:
    client = desk()
    told = {path: client.get(path.replace("AGENT", agent.pk)).status_code for path in (*LOOKS, *ASKS)}
    assert told == LOOKS | ASKS
    for path in LOOKS:
        for method in ("post", "put", "delete"):
            assert getattr(client, method)(path.replace("AGENT", agent.pk)).status_code == 405, path
    for path in ASKS:
        assert client.put(path.replace("AGENT", agent.pk)).status_code == 405, path


def test_an_old_sign_in_looks_and_is_asked_again_before_it_acts(agent: Agent) -> None:
    client = desk()
    make_old(client)
    assert {path: client.get(path.replace("AGENT", agent.pk)).status_code for path in LOOKS} == LOOKS
    for path in ASKS:
        for method in ("get", "post"):
            answer = getattr(client, method)(path.replace("AGENT", agent.pk))
            assert (answer.status_code, answer.url.startswith("/account/confirm/?next=")) == (302, True), path


def test_a_form_without_its_token_does_nothing(agent: Agent) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = desk().cookies
    assert statuses(client, agent, "post") == {403}
    make_workspace(make_user("bo@example.com"))
    assert Agent.objects.get(pk=agent.pk).paused_at is None
