"""The call behind a command line, made inside this process with what belongs to its caller."""

import io
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, urlencode

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from rest_framework.request import Request

from imageskill.cli import commands
from imageskill.core.api import EnvelopeResponse
from imageskill.core.errors import ApiError, ErrorCode

OWN_PATH: Final = "/v1/cli"
PASSED_ON: Final = (
    *("HTTP_AUTHORIZATION", "HTTP_HOST", "HTTP_IDEMPOTENCY_KEY", "HTTP_IMAGE_SKILL_CONTRACT"),
    *("HTTP_IMAGE_SKILL_TELEMETRY", "HTTP_PREFER", "HTTP_TRACEPARENT", "HTTP_USER_AGENT"),
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT"),
    *("wsgi.url_scheme", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess"),
)
"""What of the caller's request belongs to the inner one too."""

IGNORED: Final = {
    "human": "--human is ignored: the service answers in JSON.",
    "poll_interval_ms": "--poll-interval-ms is ignored: the service is told when a job ends.",
}
"""Flags that mean nothing here, by field; they do no harm."""

SAID: Final = frozenset({"json", "agent", "provider", "no_save"})
"""Flags that only say what is so anyway: answers are JSON, an agent signs up, Stripe takes the payment."""

_CANNOT: Final = "it reads or writes the caller's machine"


def refusal_of(asked: commands.Request | commands.ParseError) -> ApiError | None:
    """Return why a line cannot be run here: it means nothing, or needs the caller's machine. None: it can."""
    if isinstance(asked, commands.ParseError):
        return ApiError(ErrorCode.INVALID_ARGUMENTS, asked.message, **asked.recovery)
    if asked.local or not asked.path or asked.path == OWN_PATH:
        reasons = {name: [why] for name, why in asked.local.items()} or {asked.command.words: [_CANNOT]}
        name, told = next(iter(reasons.items()))
        return _local(f"{name} cannot be run on the service: {told[0]}. Use the client instead.", reasons)
    milliseconds = asked.options.get("timeout_ms", 0)
    if not 0 <= milliseconds <= settings.CREATE_WAIT_SECONDS * 1000:
        problem = f"must be between 0 and {settings.CREATE_WAIT_SECONDS * 1000} on the service"
        return _local(f"--timeout-ms {problem}", {"--timeout-ms": [problem]})
    return None


def _local(message: str, reasons: Mapping[str, list[str]]) -> ApiError:
    return ApiError(ErrorCode.INVALID_ARGUMENTS, message, reason="local_only", fields=dict(reasons))


def ignored(asked: commands.Request) -> list[str]:
    """Return a warning for each flag that means nothing here."""
    return [words for field, words in IGNORED.items() if asked.options.get(field)]


def run(request: Request, asked: commands.Request) -> EnvelopeResponse:
    """Make the call and return its answer. ROUTE_NOT_FOUND: this service has no such operation."""
    inner = _inner(request._request, asked)  # noqa: SLF001 - the plain request below DRF's
    try:
        found = resolve(inner.path_info)
    except Resolver404:
        raise ApiError(ErrorCode.ROUTE_NOT_FOUND) from None
    answer = found.func(inner, *found.args, **found.kwargs)
    if not isinstance(answer, EnvelopeResponse):
        raise TypeError(f"{found.route} answers with no envelope")
    return answer


def with_warnings(answer: HttpResponse, warnings: list[str]) -> HttpResponse:
    """Return the answer with warnings added."""
    if isinstance(answer, EnvelopeResponse) and warnings:
        answer.told["warnings"] += warnings
        answer.content = json.dumps(answer.told, ensure_ascii=False).encode()
    return answer


def _inner(outer: HttpRequest, asked: commands.Request) -> WSGIRequest:
    body = b"" if asked.body is None else json.dumps(asked.body).encode()
    environ: dict[str, Any] = {name: outer.META[name] for name in PASSED_ON if name in outer.META}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers_of(asked).items()}
    environ |= {
        "REQUEST_METHOD": asked.method,
        "SCRIPT_NAME": "",
        # WSGI has the decoded path, byte by byte.
        "PATH_INFO": unquote(asked.path, "latin-1"),
        "QUERY_STRING": urlencode(asked.query),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    return WSGIRequest(environ)


def headers_of(asked: commands.Request) -> dict[str, str]:
    """Return the headers that a line sets; a create or edit waits as long as it says."""
    milliseconds = asked.options.get("timeout_ms")
    if milliseconds is None or "prefer" in asked.headers:
        return asked.headers
    return asked.headers | {"prefer": f"wait={seconds_of(milliseconds)}"}


def seconds_of(milliseconds: int) -> int:
    """Return whole seconds, at least as long."""
    return -(-milliseconds // 1000)
