"""The base of every operation under `/v1`, and the one place that turns errors into HTTP."""

import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from imageskill.core import body, envelope, error_pages, trace
from imageskill.core.envelope import ActorJSON
from imageskill.core.errors import ApiError, ErrorCode, auth_required, invalid_fields
from imageskill.core.units import LostCommitError

logger = logging.getLogger("imageskill.api")

BODY_LIMIT = 256 * 1024
SERVICE_COMMAND = "image-skill"
"""The command label of an answer that no operation gave (an unknown route, an outage before one)."""


def is_api_path(path: str) -> bool:
    """Say whether answers under this path are envelopes."""
    if path in {"/v1/openapi.json", "/v1/docs"}:
        return False
    return path in {"/healthz", "/v1"} or path.startswith("/v1/")


@cache
def _fields_of(kind: type[serializers.Serializer[Any]]) -> object:
    """Return the fields of a body, made once a process: DRF copies them for each, and they keep nothing."""
    return kind().fields


class OneContentType(BaseContentNegotiation):
    """`Accept` is ignored: there is one content type."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """Return the only parser."""
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the only renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ApiView(APIView):
    """One operation, or one path with a GET and a POST.

    A method has four moves: `parse`, fetch, call, `answer`. `command` labels the envelope; `grant` is what the
    agent must hold (None: any valid token); `anonymous` lets a call without a token through.
    """

    command: ClassVar[str] = SERVICE_COMMAND
    grant: ClassVar[str | None] = None
    anonymous: ClassVar[bool] = False
    strict_body: ClassVar[bool] = False
    query_fields: ClassVar[frozenset[str]] = frozenset()
    body_limit: ClassVar[int] = BODY_LIMIT
    has_acted = False
    """Set by an operation once it has made what a repeat would make again."""
    tells_notices: ClassVar[bool] = False
    """Whether a GET tells what the service owes its caller, as every answer to POST does."""
    http_method_names = ["get", "post", "delete"]
    content_negotiation_class = OneContentType

    class Input(serializers.Serializer[Any]):
        """The types of the request's body; nested and replaced in each operation."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - DRF's signature
        """Refuse a wrong method before anything else, then authenticate, permit and throttle."""
        self.warnings: list[str] = []
        if (request.method or "").lower() not in self._allowed():
            self.http_method_not_allowed(request)
        self._check_query(request)
        super().initial(request, *args, **kwargs)

    def _allowed(self) -> list[str]:
        return [name for name in self.http_method_names if hasattr(self, name)]

    def _check_query(self, request: Request) -> None:
        if "isk_" in request.META.get("QUERY_STRING", ""):
            raise ApiError(
                ErrorCode.INVALID_ARGUMENTS,
                "A token must not stand in the address; send it as Authorization: Bearer.",
                reason="token_in_query",
            )
        unknown = sorted(set(request.query_params) - self.query_fields)
        if unknown:
            self.warnings.append(f"Unknown query fields are ignored: {', '.join(unknown)[:200]}.")

    def parse(self, request: Request) -> dict[str, Any]:
        """Return the validated body; unknown fields are refused or named in a warning."""
        return self.validated(self.read(request))

    def read(self, request: Request) -> dict[str, Any]:
        """Return the body as it was sent."""
        return body.read_json(request._request, limit=self.body_limit)  # noqa: SLF001 - the unread stream

    def validated(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return a body's fields by the types of `Input`. INVALID_ARGUMENTS otherwise."""
        serializer = self.Input(data=raw)
        serializer.__dict__["fields"] = _fields_of(self.Input)
        unknown = sorted(set(raw) - set(serializer.fields))
        if unknown and self.strict_body:
            raise invalid_fields({name[:64]: ["is not a known field"] for name in unknown[:20]})
        if unknown:
            self.warnings.append(f"Unknown fields are ignored: {', '.join(unknown)[:200]}.")
        if not serializer.is_valid():
            raise invalid_fields(flatten(serializer.errors))
        fields: dict[str, Any] = serializer.validated_data
        return fields

    def is_repeatable(self, request: Request) -> bool:
        """Say whether the very same call may be made again after a fault of ours, and cannot charge twice."""
        return request.method == "GET"

    def answer(
        self, data: Mapping[str, Any], *, status: int = 200, actor: ActorJSON | None = None
    ) -> HttpResponse:
        """Return the envelope of a success; `actor` replaces the caller's where the call made one."""
        told = envelope.success(
            command=self.command,
            trace_id=trace.current(),
            actor=actor or actor_of(self.request),
            data=dict(data),
            warnings=[*self.warnings, *self._notices()],
        )
        return _respond(told, status=status, exit_code=0)

    def _notices(self) -> list[str]:
        """Return the lines that the service owes the caller; what has been done succeeds without them too."""
        take = getattr(getattr(self.request, "_user", None), "take_notices", None)
        if take is None or not (self.tells_notices or self.request.method == "POST"):
            return []
        try:
            return list(take())
        except (DatabaseError, ApiError) as error:
            logger.warning("notices away", exc_info=error)
            return []


def flatten(errors: Any, path: str = "") -> dict[str, list[str]]:  # noqa: ANN401 - DRF's nested lists and dicts
    """Return DRF's nested errors as field path -> messages."""
    if isinstance(errors, dict):
        flat: dict[str, list[str]] = {}
        for key, value in errors.items():
            name = "body" if key == "non_field_errors" and not path else str(key)
            flat.update(flatten(value, f"{path}.{name}" if path else name))
        return flat
    if isinstance(errors, list):
        return {path or "body": [str(item) for item in errors]}
    return {path or "body": [str(errors)]}


def actor_of(request: object) -> ActorJSON | None:
    """Return the authenticated caller as the envelope tells it; None where nobody is."""
    user = getattr(request, "_user", None)
    as_json = getattr(user, "actor_json", None)
    return as_json() if as_json is not None else None


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Turn whatever an operation raised into an envelope (DRF's EXCEPTION_HANDLER)."""
    view = context["view"]
    request = context["request"]
    known = as_api_error(error, repeatable=view.is_repeatable(request), acted=getattr(view, "has_acted", False))
    if known.code is ErrorCode.INTERNAL_ERROR:
        logger.error("uncaught fault", exc_info=error)
    return failure_response(
        known,
        command=getattr(view, "command", SERVICE_COMMAND),
        actor=None if known.code is ErrorCode.AUTH_REQUIRED else actor_of(request),
        warnings=getattr(view, "warnings", []),
        allow=getattr(view, "_allowed", list)() if known.code is ErrorCode.METHOD_NOT_ALLOWED else (),
    )


_FRAMEWORK_ERRORS: Final = (
    ((exceptions.MethodNotAllowed,), ErrorCode.METHOD_NOT_ALLOWED),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), ErrorCode.AUTH_REQUIRED),
    ((exceptions.PermissionDenied, PermissionDenied), ErrorCode.CAPABILITY_DENIED),
    ((exceptions.NotFound, Http404), ErrorCode.ROUTE_NOT_FOUND),
    ((exceptions.UnsupportedMediaType,), ErrorCode.UNSUPPORTED_MEDIA_TYPE),
)


def as_api_error(error: Exception, *, repeatable: bool, acted: bool = False) -> ApiError:
    """Return the catalogue's error for any exception, the framework's own included.

    `repeatable`: the very same call may be made again after a fault of ours, and cannot charge twice. `acted`: it
    had made what a repeat would make again.
    """
    if isinstance(error, ApiError):
        return error
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("database away", exc_info=error)
        return ApiError(
            ErrorCode.SERVICE_UNAVAILABLE,
            retryable=repeatable or not (acted or isinstance(error, LostCommitError)),
            retry_after_seconds=5,
        )
    if isinstance(error, exceptions.Throttled):
        seconds = max(1, round(getattr(error, "wait", None) or 1))
        return ApiError(
            ErrorCode.RATE_LIMITED,
            f"Too many calls. Call again in {seconds} seconds.",
            retry_after_seconds=seconds,
        )
    for kinds, code in _FRAMEWORK_ERRORS:
        if isinstance(error, kinds):
            return auth_required() if code is ErrorCode.AUTH_REQUIRED else ApiError(code)
    return ApiError(
        ErrorCode.INTERNAL_ERROR,
        "The service failed. Nothing is lost: quote the trace id to its operator.",
        retryable=repeatable,
    )


def failure_response(
    error: ApiError,
    *,
    command: str = SERVICE_COMMAND,
    actor: ActorJSON | None = None,
    warnings: Sequence[str] = (),
    allow: Sequence[str] = (),
) -> HttpResponse:
    """Return an error as HTTP: the envelope, the exit code and the headers that belong to the code."""
    if allow:
        error.recovery["allowed_methods"] = [name.upper() for name in allow]
    told = envelope.failure(command=command, trace_id=trace.current(), actor=actor, error=error, warnings=warnings)
    response = _respond(told, status=error.status, exit_code=error.exit_code)
    if error.code is ErrorCode.AUTH_REQUIRED:
        response["WWW-Authenticate"] = "Bearer"
    if "retry_after_seconds" in error.recovery:
        response["Retry-After"] = str(error.recovery["retry_after_seconds"])
    if allow:
        response["Allow"] = ", ".join(name.upper() for name in allow)
    return response


class EnvelopeResponse(JsonResponse):
    """An envelope as HTTP; `told` is what it says, for the access line."""

    def __init__(self, told: envelope.Envelope, *, status: int) -> None:
        """Keep what is told."""
        super().__init__(told, status=status, json_dumps_params={"ensure_ascii": False})
        self.told = told


def _respond(told: envelope.Envelope, *, status: int, exit_code: int) -> HttpResponse:
    response = EnvelopeResponse(told, status=status)
    response["x-image-skill-exit-code"] = str(exit_code)
    response["Cache-Control"] = "no-store"
    return response


def error_page(request: HttpRequest, status: int) -> HttpResponse:
    """Return the framework's own 400 to 503: an envelope on the API's paths, else a page or a line."""
    code = {
        400: ErrorCode.INVALID_ARGUMENTS,
        403: ErrorCode.CAPABILITY_DENIED,
        404: ErrorCode.ROUTE_NOT_FOUND,
    }.get(status, ErrorCode.INTERNAL_ERROR)
    if is_api_path(request.path_info):
        return failure_response(ApiError(code, _page_message(status), status=status))
    shown = error_pages.page(status) if error_pages.wanted(request) else None
    return shown or HttpResponse(
        f"{_page_message(status)}\n", status=status, content_type="text/plain; charset=utf-8"
    )


def _page_message(status: int) -> str:
    if status == 400:  # noqa: PLR2004 - HTTP's own number
        return f"The request is malformed, or its host is not the one of {settings.BASE_URL}."
    words = {403: "This is not allowed.", 404: "No such path.", 503: "The service cannot work now. Try again."}
    return words.get(status, "The service failed.")


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what the framework found malformed."""
    return error_page(request, 400)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what the framework forbade."""
    return error_page(request, 403)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an unknown route."""
    return error_page(request, 404)


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer a fault outside of any operation; Django calls this while it handles the exception."""
    error = sys.exception()
    if isinstance(error, OperationalError | InterfaceError):
        away = as_api_error(error, repeatable=False)
        if is_api_path(request.path_info):
            return failure_response(away)
        response = error_page(request, away.status)
        response["x-image-skill-exit-code"] = str(away.exit_code)
        response["Retry-After"] = str(away.recovery["retry_after_seconds"])
        return response
    logger.error("uncaught fault", exc_info=error)
    return error_page(request, 500)
