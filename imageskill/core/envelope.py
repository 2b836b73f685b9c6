"""The envelope: the one JSON shape of every answer under `/healthz` and `/v1`."""

from collections.abc import Sequence
from typing import Any, TypedDict

from imageskill.core.errors import ApiError


class ActorJSON(TypedDict):
    """Who made the call."""

    actor_type: str
    actor_id: str
    organization_id: str | None
    claim_state: str | None


class ErrorJSON(TypedDict, total=False):
    """Why it was refused, and what can be done."""

    code: str
    message: str
    retryable: bool
    recovery: dict[str, Any]


class Envelope(TypedDict):
    """Exactly these keys, always."""

    ok: bool
    command: str
    trace_id: str
    actor: ActorJSON | None
    data: dict[str, Any] | None
    warnings: list[str]
    error: ErrorJSON | None


def success(
    *,
    command: str,
    trace_id: str,
    actor: ActorJSON | None,
    data: dict[str, Any],
    warnings: Sequence[str] = (),
) -> Envelope:
    """Return the envelope of an answer."""
    return Envelope(
        ok=True,
        command=command,
        trace_id=trace_id,
        actor=actor,
        data=data,
        warnings=list(warnings),
        error=None,
    )


def failure(
    *, command: str, trace_id: str, actor: ActorJSON | None, error: ApiError, warnings: Sequence[str] = ()
) -> Envelope:
    """Return the envelope of a refusal or failure."""
    told = ErrorJSON(code=error.code.name, message=error.message, retryable=error.retryable)
    if error.recovery:
        told["recovery"] = error.recovery
    return Envelope(
        ok=False,
        command=command,
        trace_id=trace_id,
        actor=actor,
        data=None,
        warnings=list(warnings),
        error=told,
    )
