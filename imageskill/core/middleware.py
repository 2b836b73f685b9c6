"""The outermost layer: a trace id for each request, an exit code on each answer, one access line."""

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from imageskill.core import error_pages, ids, metrics, spans, telemetry, trace
from imageskill.core.api import EnvelopeResponse, failure_response, is_api_path
from imageskill.core.errors import ApiError, ErrorCode, exit_code_of_status

access = logging.getLogger("imageskill.access")

_SECRET_PATHS = re.compile(r"^/+(a|s|pay|claim)/.*$", re.DOTALL)
# A picture's id is the key to its bytes wherever it stands; a token stands anywhere by mistake only.
_SECRET_PARTS = re.compile(r"(image_|isk_[a-z]_)[0-9A-Za-z]+")

# A mail address, or as many digits as a card has: nobody's business in a log, wherever a caller puts them.
_PEOPLE = re.compile(r"[^\s/@]{1,64}@[^\s/@]{1,255}|\d(?:[ -]?\d){12,18}")
_LOOKED_AT = 2000
"""So many characters of a path or a client's name are looked at; the line shows fewer."""

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
        with spans.span("request", kind="server", parent=spans.parent_of(request)) as span:
            response = self._completed(request, trace_id)
            seconds = time.monotonic() - started
            _tell(span, request, response)
        metrics.answered(request, response, seconds, error_code=_error_code(response))
        _log(request, response, trace_id, seconds)
        trace.enter("")
        return response

    def _completed(self, request: HttpRequest, trace_id: str) -> HttpResponseBase:
        """Return the answer with its headers, whatever happens below."""
        try:
            response = self.get_response(request)
        except Exception as error:  # noqa: BLE001 - the outermost layer answers everything
            response = response_for_exception(request, error)
        if is_api_path(request.path_info):
            if response.get("x-image-skill-exit-code") is None:
                response = _enveloped(response)
        elif response.status_code == 405:  # noqa: PLR2004
            response = _shown(request, response)
        response.headers.setdefault("x-image-skill-exit-code", str(exit_code_of_status(response.status_code)))
        response["x-trace-id"] = trace_id
        if request.method == "HEAD":
            _empty(response)
        return response


def _enveloped(response: HttpResponseBase) -> HttpResponse:
    """Return an envelope in place of an answer that the framework gave on an API path."""
    codes = {
        404: ErrorCode.ROUTE_NOT_FOUND,
        405: ErrorCode.METHOD_NOT_ALLOWED,
        403: ErrorCode.CAPABILITY_DENIED,
    }
    default = ErrorCode.INVALID_ARGUMENTS if response.status_code < 500 else ErrorCode.INTERNAL_ERROR  # noqa: PLR2004
    allowed = response.get("Allow") if response.status_code == 405 else None  # noqa: PLR2004
    return failure_response(
        ApiError(codes.get(response.status_code, default)), allow=allowed.split(", ") if allowed else ()
    )


def _shown(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return a page, or a line, in place of the empty answer to a wrong method, with that answer's headers."""
    shown = error_pages.page(response.status_code) if error_pages.wanted(request) else None
    if shown is None and isinstance(response, HttpResponse) and response.content:
        return response
    shown = shown or error_pages.wrong_method(response.get("Allow", ""))
    for name, value in response.headers.items():
        if name != "Content-Length":
            shown.headers.setdefault(name, value)
    return shown


def _empty(response: HttpResponseBase) -> None:
    """Take the body of an answer to HEAD away: a server that is given one has to drop it, and complains.

    The length stays the one of the body. What would be streamed is not read; whoever serves the answer closes it.
    """
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()
    elif isinstance(response, HttpResponse) and response.content:
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""


def _tell(span: spans.Span, request: HttpRequest, response: HttpResponseBase) -> None:
    """Name the request's span by its route; the path itself may hold an id, a token or a name."""
    route, method = metrics.route_of(request), metrics.method_of(request)
    span.rename(f"{method} {route}")
    span.tell(http__route=route, http__request__method=method, http__response__status_code=response.status_code)
    code = _error_code(response)
    if code is not None:
        span.tell(imageskill__error_code=code)
    if response.status_code >= 500:  # noqa: PLR2004 - HTTP's own number
        span.fail(code or str(response.status_code))


def _error_code(response: HttpResponseBase) -> str | None:
    error = response.told["error"] if isinstance(response, EnvelopeResponse) else None
    return None if error is None else error["code"]


def _log(request: HttpRequest, response: HttpResponseBase, trace_id: str, seconds: float) -> None:
    """Write the access line: no query, and no path that is itself a key."""
    fields = {
        "method": request.method,
        "path": _without_secrets(_SECRET_PATHS.sub(r"/\1/-", request.path_info))[:200],
        "status": response.status_code,
        "exit_code": response["x-image-skill-exit-code"],
        "milliseconds": round(seconds * 1000, 1),
        "trace_id": trace_id,
        "trace_parent": spans.parent_of(request) or None,
    }
    if request.headers.get(telemetry.OFF_HEADER, "") != "off":
        fields["client"] = _without_secrets(request.headers.get("user-agent", ""))[:80]
        if isinstance(response, EnvelopeResponse):
            fields.update(telemetry.of_answer(response.told))
    access.info("answered", extra={"fields": fields})


def _without_secrets(text: str) -> str:
    return _PEOPLE.sub("-", _SECRET_PARTS.sub(r"\1-", text[:_LOOKED_AT]))


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
