"""The envelope around every answer, as schemas."""

from typing import Any, Final

from imageskill.core.errors import ErrorCode
from imageskill.site.openapi.shapes.identity import ActorJSON
from imageskill.site.openapi.typed import Components, Schema

_KEYS: Final = ["ok", "command", "trace_id", "actor", "data", "warnings", "error"]
_TRACE: Final = {"type": "string", "pattern": "^trace_[0-9a-z]+$", "description": "Quote it to the operator."}
HEADERS: Final[dict[str, Schema]] = {
    "ExitCode": {
        "description": "The exit code of a command that gets this answer.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]$"},
    },
    "TraceId": {"description": "The envelope's trace_id.", "required": True, "schema": _TRACE},
    "RetryAfter": {
        "description": "Seconds after which to call again, where the answer says when.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "Challenge": {"description": "How to authenticate.", "required": True, "schema": {"const": "Bearer"}},
}
"""Headers of answers, as components."""

_ALWAYS: Final = {"x-image-skill-exit-code": "ExitCode", "x-trace-id": "TraceId"}
_RETRYING: Final = frozenset({429, 502, 503, 504})
_ANY_COMMAND: Final = "image-skill"


def success(components: Components, command: str, data: Any, name: str, status: int) -> Schema:  # noqa: ANN401 - a type
    """Return the response of a call that did what it was asked."""

    def envelope() -> Schema:
        told = _envelope(components, command, ok=True)
        told["properties"] |= {"data": components.of(data), "error": {"type": "null"}}
        return told

    words = "The job still runs; wait for it." if status == 202 else "Done."  # noqa: PLR2004 - HTTP's own number
    return _response(words, components.named(f"{name}Answer", command, envelope), {})


def failure(components: Components, command: str, codes: list[str], status: int) -> Schema:
    """Return the response of a call that was refused or failed, with the codes that this status may carry."""
    components.named("Recovery", _recovery, _recovery)
    components.named("Error", _error, lambda: _error(components))
    reference = components.named("Refusal", _refusal, lambda: _refusal(components))
    narrowed = {"allOf": [reference, {"properties": {"error": {"properties": {"code": {"enum": codes}}}}}]}
    headers = {"Retry-After": "RetryAfter"} if status in _RETRYING else {}
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        headers["WWW-Authenticate"] = "Challenge"
    meanings = [f"`{code}`: {ErrorCode[code].spec.meaning}" for code in codes]
    return _response(" ".join(meanings), narrowed, headers)


def _response(words: str, schema: Schema, headers: dict[str, str]) -> Schema:
    told = {name: {"$ref": f"#/components/headers/{component}"} for name, component in (_ALWAYS | headers).items()}
    return {"description": words, "headers": told, "content": {"application/json": {"schema": schema}}}


def _envelope(components: Components, command: str, *, ok: bool) -> Schema:
    label: Schema = {"const": command} if command != _ANY_COMMAND else {"type": "string"}
    return {
        "type": "object",
        "required": _KEYS,
        "additionalProperties": False,
        "properties": {
            "ok": {"const": ok},
            "command": label | {"description": "The command that this call is."},
            "trace_id": _TRACE,
            "actor": {
                "anyOf": [components.of(ActorJSON), {"type": "null"}],
                "description": "Null where nobody is.",
            },
            "warnings": {"type": "array", "items": {"type": "string"}, "description": "Always a list."},
        },
    }


def _refusal(components: Components) -> Schema:
    told = _envelope(components, _ANY_COMMAND, ok=False)
    told["properties"] |= {
        "data": {"type": "null"},
        "error": components.named("Error", _error, lambda: _error(components)),
    }
    return told


def _error(components: Components) -> Schema:
    return {
        "type": "object",
        "description": "Why, and what can be done.",
        "required": ["code", "message", "retryable"],
        "properties": {
            "code": {"enum": [code.name for code in ErrorCode], "description": "It never changes its meaning."},
            "message": {"type": "string", "description": "Safe to show; its words may change."},
            "retryable": {
                "type": "boolean",
                "description": "Whether the very same call with the same key is worth making again.",
            },
            "recovery": components.named("Recovery", _recovery, _recovery),
        },
    }


def _recovery() -> Schema:
    texts = {"type": "array", "items": {"type": "string"}}
    described: dict[str, tuple[Schema, str]] = {
        "suggested_command": ({"type": "string"}, "What to run next."),
        "suggested_command_copy_runnable": ({"type": "boolean"}, "False where inputs have to be filled in."),
        "suggested_commands": (texts, "What may be run next."),
        "missing_inputs": (texts, "What has to be filled in."),
        "required_flag": ({"type": "string"}, "The flag without which it will not go."),
        "required_flags": (texts, "The flags without which it will not go."),
        "fields": ({"type": "object", "additionalProperties": texts}, "Field -> what is wrong with it."),
        "reason": ({"type": "string"}, "One word for programs."),
        "retry_after_seconds": ({"type": "integer"}, "When to call again."),
        "idempotency_key": ({"type": "string"}, "A key that is free."),
        "job_id": ({"type": "string"}, "The job behind the answer."),
    }
    return {
        "type": "object",
        "description": "What can be done, and the numbers behind a refusal; other fields may stand here.",
        "properties": {name: schema | {"description": words} for name, (schema, words) in described.items()},
    }
