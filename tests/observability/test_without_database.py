"""Reads that need no database take none: while it is away, or busy, they are answered as ever.

No test here may reach a database: whatever asks it fails, and is answered with 500.
"""

import pytest
from django.test import Client

from accounts import tokens

NO_TOKEN = tokens.mint("r").raw[:-1] + "-"
READS = {
    "/livez": 204,
    "/": 200,
    "/skill.md": 200,
    "/llms.txt": 200,
    "/cli.md": 200,
    "/v1/openapi.json": 200,
    "/v1/docs": 200,
    "/static/css/none.css": 404,
    "/none": 404,
    "/v1/none": 404,
    "/metrics": 404,
    "/robots.txt": 404,
    "/favicon.ico": 404,
    "/account/login/": 200,
    "/account/login/code/": 200,
    "/account/signup/": 200,
    "/claim": 200,
    "/home": 302,
    "/w/org_none/agents": 302,
    "/console": 404,
    "/admin/": 404,
}
"""What anybody may read, or is told at once that they may not, with the status of the answer."""
PRIVATE = ("/v1/whoami", "/v1/quota", "/v1/jobs", "/v1/assets", "/v1/activity")
EMPTY = ("/v1/agent-signups", "/v1/agent-claims/collect", "/v1/cli")


@pytest.mark.parametrize("path", READS)
def test_what_is_the_same_for_everybody_is_answered_without_it(path: str) -> None:
    assert Client(raise_request_exception=False).get(path).status_code == READS[path]


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize(
    "given",
    ["", "Bearer ", f"Bearer {NO_TOKEN}", "Basic bm9ib2R5Og=="],
    ids=["nothing", "no token", "an unknown token", "another scheme"],
)
def test_who_has_no_token_is_refused_without_it(path: str, given: str) -> None:
    headers = {"authorization": given} if given else {}
    assert Client(raise_request_exception=False).get(path, headers=headers).status_code == 401


@pytest.mark.parametrize("path", EMPTY)
def test_a_body_that_says_nothing_is_refused_without_it(path: str) -> None:
    answer = Client(raise_request_exception=False).post(path, {}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_ARGUMENTS")


def test_a_method_that_an_address_does_not_take_is_refused_without_it() -> None:
    for method, path in (("DELETE", "/v1/quota"), ("POST", "/"), ("PUT", "/skill.md")):
        assert Client(raise_request_exception=False).generic(method, path).status_code == 405
