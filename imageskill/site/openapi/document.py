"""The whole description, made once a process from the url map."""

from functools import cache
from threading import Lock
from typing import Any

from django.conf import settings
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator

from creative.views.assets import AssetDelete, AssetShow
from creative.views.feedback import FeedbackCreate, FeedbackList
from imageskill import __version__
from imageskill.core.api import ApiView
from imageskill.site.openapi import answers
from imageskill.site.openapi.operations import OPERATIONS, TAGS
from imageskill.site.openapi.schema import OperationSchema
from imageskill.site.openapi.typed import Components, Schema

SPLIT = {
    ("/v1/assets/{reference}", "GET"): AssetShow,
    ("/v1/assets/{reference}", "DELETE"): AssetDelete,
    ("/v1/feedback", "GET"): FeedbackList,
    ("/v1/feedback", "POST"): FeedbackCreate,
}
"""Operations whose path is served by a function that passes a call on by its method."""

_ABOUT = """\
Pictures for agents, under caps that hold. Every answer is one envelope: `ok`, `command`, `trace_id`, `actor`,
`data`, `warnings`, `error`. The header `x-image-skill-exit-code` is the exit code of a command that gets the
answer. Paths are never redirected; bodies are JSON objects in UTF-8; a token travels in the header `Authorization`
and nowhere else. Examples are answers of the suite's own service; long lists in them are cut to one item."""


_guard = Lock()


class _Endpoints(EndpointEnumerator):
    """The operations of the url map: what an `ApiView` serves, and the split ones."""

    def get_api_endpoints(self, patterns: Any = None, prefix: str = "") -> list[Any]:  # noqa: ANN401 - Django's patterns
        """Return path, regex, method and callback of each operation."""
        every = super().get_api_endpoints(patterns, prefix)  # type: ignore[no-untyped-call]
        found = [endpoint for endpoint in every if issubclass(endpoint[-1].cls, ApiView)]
        return found + [(path, path, method, view.as_view()) for (path, method), view in SPLIT.items()]


class _Generator(SchemaGenerator):
    """Walks the url map with the house's own schemas."""

    endpoint_inspector_cls = _Endpoints


def described() -> Schema:
    """Return the OpenAPI 3.1 document of this service."""
    with _guard:
        return _described()


def _order(path: str) -> int:
    """Return a path's place in the table of operations."""
    return next(place for place, operation in enumerate(OPERATIONS) if operation.endswith(f" {path}"))


@cache
def _described() -> Schema:
    components = Components()
    OperationSchema.components = components
    paths: dict[str, Schema] = _Generator().parse(None, public=True)  # type: ignore[no-untyped-call]
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Image Skill",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": settings.BASE_URL}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": dict(sorted(paths.items(), key=lambda pair: _order(pair[0]))),
        "components": {
            "securitySchemes": {
                "agentToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "isk_r_...",
                    "description": "The token that signing up returns once.",
                }
            },
            "headers": answers.HEADERS,
            "schemas": dict(sorted(components.schemas.items())),
        },
    }
