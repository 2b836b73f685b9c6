"""The outermost layer: a trace id for each request, an exit code on each answer, one access line."""

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from imageskill.core import ids, telemetry, trace
from imageskill.core.api import EnvelopeResponse, failure_response, is_api_path
from imageskill.core.errors import ApiError, ErrorCode, exit_code_of_status

access = logging.getLogger("imageskill.access")

_TRACEPARENT = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_SECRET_PATHS = re.compile(r"^/+(a|s|pay|claim)/.*$", re.DOTALL)
# A picture's id is the key to its bytes wherever it stands; a token stands anywhere by mistake only.
_SECRET_PARTS = re.compile(r"(image_|isk_[a-z]_)[0-9A-Za-z]+")

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class AnswerMiddleware:
    """Mints the trace id, catches what nothing else caught, and completes every answer's headers."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, whatever happens below."""
        started = time.monotonic()
        trace_id = ids.new_id("trace")
        trace.enter(trace_id)
        try:
            response = self.get_response(request)
        except Exception as error:  # noqa: BLE001 - the outermost layer answers everything
            response = response_for_exception(request, error)
        if is_api_path(request.path_info) and response.get("x-image-skill-exit-code") is None:
            response = _enveloped(response)
        response.headers.setdefault("x-image-skill-exit-code", str(exit_code_of_status(response.status_code)))
        response["x-trace-id"] = trace_id
        _log(request, response, trace_id, time.monotonic() - started)
        trace.enter("")
        return response


def _enveloped(response: HttpResponseBase) -> HttpResponse:
    """Return an envelope in place of an answer that the framework gave on an API path."""
    codes = {
        404: ErrorCode.ROUTE_NOT_FOUND,
        405: ErrorCode.METHOD_NOT_ALLOWED,
        403: ErrorCode.CAPABILITY_DENIED,
    }
    default = ErrorCode.INVALID_ARGUMENTS if response.status_code < 500 else ErrorCode.INTERNAL_ERROR  # noqa: PLR2004
    return failure_response(ApiError(codes.get(response.status_code, default)))


def _log(request: HttpRequest, response: HttpResponseBase, trace_id: str, seconds: float) -> None:
    """Write the access line: no query, and no path that is itself a key."""
    parent = request.headers.get("traceparent", "")
    fields = {
        "method": request.method,
        "path": _without_secrets(_SECRET_PATHS.sub(r"/\1/-", request.path_info))[:200],
        "status": response.status_code,
        "exit_code": response["x-image-skill-exit-code"],
        "milliseconds": round(seconds * 1000, 1),
        "trace_id": trace_id,
        "trace_parent": parent if _TRACEPARENT.match(parent) else None,
    }
    if request.headers.get(telemetry.OFF_HEADER, "") != "off":
        fields["client"] = _without_secrets(request.headers.get("user-agent", ""))[:80]
        if isinstance(response, EnvelopeResponse):
            fields.update(telemetry.of_answer(response.told))
    access.info("answered", extra={"fields": fields})


def _without_secrets(text: str) -> str:
    return _SECRET_PARTS.sub(r"\1-", text)


class PlainHttpMiddleware:
    """On a service that lives at https, an API call over plain http is refused, not redirected."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Refuse or pass on."""
        if settings.HTTPS and not request.is_secure() and is_api_path(request.path_info):
            return failure_response(
                ApiError(
                    ErrorCode.INVALID_ARGUMENTS,
                    f"This service answers at {settings.BASE_URL} only; a token must not travel in clear.",
                    reason="plain_http",
                )
            )
        return self.get_response(request)
