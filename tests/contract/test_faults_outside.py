"""Faults outside of any operation: still one envelope under the API's paths, a plain line elsewhere."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.test import Client

from imageskill.logging import JsonFormatter
from tests.cast import Caller

pytestmark = pytest.mark.django_db

KEYS = {"ok", "command", "trace_id", "actor", "data", "warnings", "error"}
Layer = Callable[[HttpRequest], HttpResponse]


class Inner:
    """A layer below the outermost one that does what a test tells it."""

    raises: BaseException | None = None
    answers: HttpResponse | None = None

    def __init__(self, get_response: Layer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self.raises is not None:
            raise self.raises
        return self.answers or self.get_response(request)


@pytest.fixture
def inner(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a layer right below the outermost one."""
    settings.MIDDLEWARE = [settings.MIDDLEWARE[0], "tests.contract.test_faults_outside.Inner"]

    def tell(raises: BaseException | None = None, answers: HttpResponse | None = None) -> None:
        monkeypatch.setattr(Inner, "raises", raises)
        monkeypatch.setattr(Inner, "answers", answers)

    return tell


def page(path: str, **headers: Any) -> Any:
    return Client(raise_request_exception=False).get(path, **headers)


@pytest.mark.parametrize(
    ("error", "code", "status", "exit_code"),
    [
        (RuntimeError("canary"), "INTERNAL_ERROR", 500, 1),
        (KeyError("canary"), "INTERNAL_ERROR", 500, 1),
        (OperationalError("canary"), "SERVICE_UNAVAILABLE", 503, 7),
        (SuspiciousOperation("canary"), "INVALID_ARGUMENTS", 400, 2),
        (PermissionDenied("canary"), "CAPABILITY_DENIED", 403, 4),
        (Http404("canary"), "ROUTE_NOT_FOUND", 404, 1),
    ],
)
def test_an_exception_of_a_layer_is_an_envelope_without_its_words(
    inner: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    code: str,
    status: int,
    exit_code: int,
) -> None:
    inner(raises=error)
    with caplog.at_level(logging.INFO):
        answer = Caller().get("/v1/quota")
    assert (answer.code, answer.status, answer.exit_code) == (code, status, exit_code)
    assert set(answer.body) == KEYS
    assert answer.body["trace_id"] == answer.response["x-trace-id"]
    formatted = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    assert "canary" not in str(answer.body)
    assert "canary" not in formatted


@pytest.mark.parametrize(
    ("given", "code", "exit_code"),
    [
        (HttpResponse("canary", status=404), "ROUTE_NOT_FOUND", 1),
        (HttpResponse("canary", status=403), "CAPABILITY_DENIED", 4),
        (HttpResponseNotAllowed(["POST"]), "METHOD_NOT_ALLOWED", 2),
        (HttpResponse("canary", status=400), "INVALID_ARGUMENTS", 2),
        (HttpResponse("canary", status=502), "INTERNAL_ERROR", 1),
    ],
)
def test_an_answer_that_is_no_envelope_becomes_one(
    inner: Callable[..., None], given: HttpResponse, code: str, exit_code: int
) -> None:
    inner(answers=given)
    answer = Caller().get("/v1/quota")
    assert (answer.code, answer.exit_code) == (code, exit_code)
    assert "canary" not in str(answer.body)


def test_no_path_of_the_api_redirects(inner: Callable[..., None]) -> None:
    inner(answers=HttpResponseRedirect("https://elsewhere.example/v1/quota"))
    answer = Caller().get("/v1/quota")
    assert answer.status >= 400
    assert "Location" not in answer.response


@pytest.mark.parametrize(("path", "status", "exit_code"), [("/", 500, "1"), ("/skill.md", 500, "1")])
def test_a_page_that_fails_is_a_plain_line_with_an_exit_code(
    inner: Callable[..., None], path: str, status: int, exit_code: str
) -> None:
    inner(raises=RuntimeError("canary"))
    answer = page(path)
    assert (answer.status_code, answer["x-image-skill-exit-code"]) == (status, exit_code)
    assert answer.content == b"The service failed.\n"


def test_a_host_that_is_not_ours_is_told_which_is(settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["images.example"]
    settings.BASE_URL = "https://images.example"
    refused = page("/v1/models", headers={"host": "evil.example"})
    told = json.loads(refused.content)
    assert (refused.status_code, refused["x-image-skill-exit-code"]) == (400, "2")
    assert told["error"]["code"] == "INVALID_ARGUMENTS"
    assert "https://images.example" in told["error"]["message"]
    assert "evil" not in str(told)


@pytest.mark.parametrize("path", ["/nothing", "/v1x", "/v2/quota", "/healthz/"])
def test_a_missing_page_is_a_plain_line(path: str) -> None:
    answer = page(path)
    assert (answer.status_code, answer["x-image-skill-exit-code"]) == (404, "1")
    assert answer["x-trace-id"].startswith("trace_")
    assert answer["content-type"].startswith("text/plain")
