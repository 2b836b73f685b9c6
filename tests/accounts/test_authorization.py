"""The header Authorization: read once, strictly, and asked of the database at each call."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import tokens
from accounts.models import AgentToken
from tests.cast import Caller, Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def call(header: str, path: str = "/v1/whoami") -> tuple[int, int]:
    """Return the status of a call and how often it asked the database."""
    with CaptureQueriesContext(connection) as queries:
        answer = Caller().get(path, headers={"authorization": header})
    return answer.status, len(queries)


@pytest.mark.parametrize("form", ["Bearer {}", "Bearer   {}", " Bearer {} ", "bEARER {}"])
def test_a_token_is_found_in_what_clients_send(agent: Member, form: str) -> None:
    assert call(form.format(agent.token))[0] == 200


@pytest.mark.parametrize(
    "form",
    [
        "{0}",
        "Bearer\t{0}",
        "Bearer:{0}",
        "Bearer {0},Bearer {0}",
        "Bearer {0}, Bearer {0}",
        "Bearer {0} {0}",
        "Bearer '{0}'",
        "Bearer {0}=",
        "Token {0}",
        "Basic {0}",
        "Bearer {1}",
        "Bearer {2}",
    ],
)
def test_anything_else_is_nobody_and_no_query(agent: Member, form: str) -> None:
    token = str(agent.token)
    swapped = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert call(form.format(token, token.swapcase(), swapped)) == (401, 0)


def test_a_claims_secret_is_no_token(agent: Member) -> None:
    secret = agent.post("/v1/agent-claims", {"contact": "a@example.com", "return_claim_secret": True}).data[
        "claim"
    ]
    assert call(f"Bearer {secret['claim_secret']}") == (401, 0)


def test_two_headers_are_nobody(agent: Member) -> None:
    """Servers join repeated headers by a comma, so that neither token counts."""
    response = Client().get("/v1/whoami", headers={"authorization": f"Bearer {agent.token},Bearer {agent.token}"})
    assert response.status_code == 401


@pytest.mark.parametrize("path", ["/v1/models", "/v1/capabilities", "/v1/credit-packs", "/v1/payment-methods"])
def test_a_bad_token_is_told_even_where_none_is_needed(anonymous: Caller, path: str) -> None:
    assert anonymous.get(path).ok
    assert call("Bearer isk_r_wrong", path) == (401, 0)


def test_a_header_that_has_nothing_to_say_at_signup_is_not_read(agent: Member) -> None:
    body = {"agent_name": "second", "runtime": "tests"}
    answer = agent.post("/v1/agent-signups", body, headers={"authorization": "Bearer nonsense"})
    assert answer.ok
    assert answer.body["actor"]["actor_id"] != agent.agent_id


def test_nothing_remembers_a_token_that_was_revoked(agent: Member) -> None:
    assert agent.get("/v1/whoami").ok
    tokens.revoke(token=AgentToken.objects.get())
    for path in ("/v1/whoami", "/v1/quota", "/v1/activity", "/v1/models"):
        assert agent.get(path).code == "AUTH_REQUIRED"
    assert agent.create().code == agent.post("/v1/agent-tokens/rotate").code == "AUTH_REQUIRED"
    assert AgentToken.objects.count() == 1


def test_every_path_that_needs_a_token_says_so_alike(anonymous: Caller) -> None:
    told = [
        anonymous.send(method, path).error
        for method, path in (
            ("GET", "/v1/whoami"),
            ("GET", "/v1/quota"),
            ("GET", "/v1/activity"),
            ("GET", "/v1/activity/evt_1"),
            ("GET", "/v1/jobs/job_1"),
            ("GET", "/v1/assets/image_1"),
            ("POST", "/v1/agent-claims"),
            ("POST", "/v1/agent-tokens/rotate"),
            ("POST", "/v1/credit-quotes"),
            ("GET", "/v1/credit-purchases/status"),
        )
    ]
    assert {error["code"] for error in told} == {"AUTH_REQUIRED"}
    assert all(error == told[0] for error in told)
