"""Every answer under /healthz and /v1 is one envelope with an exit code, whoever gives it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.handlers.base import BaseHandler
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory

from imageskill.cli.commands import Request, parse
from imageskill.core.api import failure_response
from imageskill.core.errors import HELP, ApiError, ErrorCode
from imageskill.core.middleware import AnswerMiddleware
from tests.cast import Answer, Caller, Member

pytestmark = pytest.mark.django_db

KEYS = {"ok", "command", "trace_id", "actor", "data", "warnings", "error"}
TRACE = re.compile(r"trace_[0-9a-z]{25}")


def assert_envelope(answer: Answer) -> None:
    """Show that an answer has exactly the shape of the contract, in its body and in its headers."""
    body = answer.body
    assert set(body) == KEYS
    assert isinstance(body["command"], str)
    assert body["command"].startswith("image-skill")
    assert TRACE.fullmatch(body["trace_id"])
    assert answer.response["x-trace-id"] == body["trace_id"]
    assert isinstance(body["warnings"], list)
    assert answer.response["x-image-skill-exit-code"] == str(answer.exit_code)
    assert answer.response["content-type"] == "application/json"
    assert (answer.exit_code == 0) is body["ok"] is (answer.status < 400)
    assert (body["data"] is None) is (not body["ok"])
    assert (body["error"] is None) is body["ok"]
    if not body["ok"]:
        assert set(body["error"]) <= {"code", "message", "retryable", "recovery"}
        assert {"code", "message", "retryable"} <= set(body["error"])
        assert isinstance(body["error"]["retryable"], bool)


@pytest.mark.parametrize(
    ("method", "path", "code", "status", "exit_code"),
    [
        ("GET", "/v1", "ROUTE_NOT_FOUND", 404, 1),
        ("GET", "/v1/", "ROUTE_NOT_FOUND", 404, 1),
        ("GET", "/v1/nothing", "ROUTE_NOT_FOUND", 404, 1),
        ("POST", "/v1/create/", "ROUTE_NOT_FOUND", 404, 1),
        ("GET", "/v1/%00", "ROUTE_NOT_FOUND", 404, 1),
        ("GET", "/v1/models/a/b", "ROUTE_NOT_FOUND", 404, 1),
        ("GET", "/v1/create", "METHOD_NOT_ALLOWED", 405, 2),
        ("PUT", "/v1/create", "METHOD_NOT_ALLOWED", 405, 2),
        ("PATCH", "/v1/quota", "METHOD_NOT_ALLOWED", 405, 2),
        ("OPTIONS", "/v1/models", "METHOD_NOT_ALLOWED", 405, 2),
        ("DELETE", "/v1/jobs/job_1", "METHOD_NOT_ALLOWED", 405, 2),
        ("GET", "/v1/whoami", "AUTH_REQUIRED", 401, 3),
        ("POST", "/v1/credit-quotes", "AUTH_REQUIRED", 401, 3),
        ("POST", "/healthz", "METHOD_NOT_ALLOWED", 405, 2),
    ],
)
def test_a_refusal_is_an_envelope(
    anonymous: Caller, method: str, path: str, code: str, status: int, exit_code: int
) -> None:
    answer = anonymous.send(method, path)
    assert_envelope(answer)
    assert (answer.code, answer.status, answer.exit_code) == (code, status, exit_code)
    assert answer.body["actor"] is None


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/v1/capabilities", "/v1/credit-packs"])
def test_a_success_is_an_envelope(anonymous: Caller, path: str) -> None:
    assert_envelope(anonymous.get(path))


@pytest.mark.parametrize("path", ["/v1/whoami", "/v1/quota", "/v1/activity"])
def test_an_authenticated_answer_names_its_actor(agent: Member, path: str) -> None:
    answer = agent.get(path)
    assert_envelope(answer)
    assert answer.body["actor"] == {
        "actor_type": "agent",
        "actor_id": agent.agent_id,
        "organization_id": agent.row.organization_id,
        "claim_state": "unclaimed",
    }


@pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: code.name)
def test_each_error_of_the_catalogue_becomes_its_envelope(code: ErrorCode) -> None:
    response: Any = failure_response(ApiError(code))
    assert (response.status_code, response["x-image-skill-exit-code"]) == (
        code.spec.http_status,
        str(code.spec.exit_code),
    )
    assert response.told["error"]["code"] == code.name
    assert response.told["error"]["message"] == code.spec.meaning
    assert response.told["error"]["retryable"] is bool(code.spec.retryable)


def test_a_wrong_method_names_the_right_ones(anonymous: Caller) -> None:
    for answer, allowed in (
        (anonymous.get("/v1/create"), ["POST"]),
        (anonymous.send("DELETE", "/v1/models"), ["GET"]),
        (anonymous.send("PUT", "/v1/assets/image_1"), ["GET", "DELETE"]),
    ):
        assert answer.response["Allow"] == ", ".join(allowed)
        assert answer.error["recovery"] == {"allowed_methods": allowed, "suggested_command": HELP}


def test_an_unknown_path_says_how_to_find_the_known_ones(anonymous: Caller) -> None:
    assert anonymous.get("/v1/nothing").error["recovery"] == {"suggested_command": HELP}
    assert isinstance(parse(HELP.split()[1:]), Request)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/a/image_1.png", "GET, HEAD"),
        ("POST", "/livez", "GET, HEAD"),
        ("GET", "/webhooks/stripe", "POST"),
    ],
)
def test_a_wrong_method_outside_the_api_is_a_405_with_a_line(method: str, path: str, allowed: str) -> None:
    response = Client(enforce_csrf_checks=True).generic(method, path)
    assert (response.status_code, response["x-image-skill-exit-code"]) == (405, "2")
    assert response["Allow"] == allowed
    assert response["content-type"] == "text/plain; charset=utf-8"
    assert response.content.decode() == f"This address does not take this method; it takes {allowed}.\n"


def test_a_provider_that_nobody_has_is_named(anonymous: Caller) -> None:
    refused = anonymous.create("A boat", provider="nope", dry_run=True)
    assert refused.code == "INVALID_ARGUMENTS"
    assert "canvas" in refused.error["recovery"]["fields"]["provider"][0]


def test_head_is_refused_with_its_headers() -> None:
    response = Client().head("/v1/models")
    assert (response.status_code, response["x-image-skill-exit-code"], response.content) == (405, "2", b"")


@pytest.mark.parametrize("path", ["/v1/create", "/v1/quota", "/healthz", "/a/image_1.png", "/v1/nothing", "/x"])
def test_an_answer_to_head_has_no_body_that_a_server_would_have_to_drop(path: str) -> None:
    """Asked below the test client, which takes such a body away by itself."""
    handler = BaseHandler()
    handler.load_middleware()
    response: Any = handler.get_response(RequestFactory().head(path))
    assert response.content == b""
    assert int(response["Content-Length"]) > 0


def test_what_would_be_streamed_to_head_is_closed_and_not_read() -> None:
    class Stream:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            raise AssertionError("it is read")
            yield b""

        def close(self) -> None:
            self.closed = True

    stream = Stream()
    given = StreamingHttpResponse(stream, headers={"Content-Length": "7"})
    response = AnswerMiddleware(lambda _request: given)(RequestFactory().head("/a/image_1.png"))
    assert list(response) == []
    assert response["Content-Length"] == "7"
    response.close()
    assert stream.closed


def test_an_authentication_error_says_how(anonymous: Caller) -> None:
    refused = anonymous.get("/v1/quota")
    assert refused.response["WWW-Authenticate"] == "Bearer"
    assert refused.error["recovery"]["suggested_command"].startswith("image-skill signup --agent ")


def test_a_callers_trace_is_kept_as_the_parent_only(anonymous: Caller, caplog: pytest.LogCaptureFixture) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with caplog.at_level("INFO"):
        answers = [anonymous.get("/v1/models", headers={"traceparent": parent}) for _ in range(2)]
    assert len({answer.body["trace_id"] for answer in answers}) == 2
    assert all("0af7651916cd43dd8448eb211c80319c" not in str(answer.body) for answer in answers)
    lines = [record.__dict__["fields"] for record in caplog.records if record.name == "imageskill.access"]
    assert [line["trace_parent"] for line in lines] == [parent, parent]


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/xml;q=0.9"])
def test_accept_is_ignored(anonymous: Caller, accept: str) -> None:
    assert_envelope(anonymous.get("/v1/models", headers={"accept": accept}))


def test_unknown_query_fields_are_named_in_a_warning(agent: Member) -> None:
    answer = agent.get("/v1/quota?credits=5000&x=1")
    assert answer.body["warnings"] == ["Unknown query fields are ignored: credits, x."]


def test_plain_http_at_a_public_service_is_an_envelope_and_no_redirect(
    agent: Member, settings: LazySettings
) -> None:
    settings.HTTPS = True
    settings.BASE_URL = "https://images.example"
    refused = agent.get("/v1/quota")
    assert_envelope(refused)
    assert (refused.status, refused.code) == (400, "INVALID_ARGUMENTS")
    assert "https://images.example" in refused.error["message"]
