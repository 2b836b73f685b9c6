"""What fal's refusals mean: by their type, never by their words, and by the status where no type is told.

fal has two shapes: a model's own errors (`detail` is a list of objects with a `type`) and those of the machinery
around it (`error_type`, in the body or a header). It charges nothing for a 5xx, and may charge for a 4xx that
a model gave after it had begun to work.
"""

import logging
import re
from http import HTTPStatus
from typing import Final, TypeGuard

from creative.providers import bearer
from creative.providers.base import Failure, ProviderError
from creative.providers.http import Answer

NAME: Final = "fal"
SILENT: Final = "The provider cannot be reached."
LOST: Final = "The provider's answer could not be received."
LOCKED: Final = "The provider has locked this service's account, or its key lacks a right."
LOCKED_OUT: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN})
NOT_FOUND: Final = HTTPStatus.NOT_FOUND
STOPPED: Final = frozenset({"client_cancelled", "client_disconnected"})
_TOO_MANY: Final = HTTPStatus.TOO_MANY_REQUESTS
_CLOSED_BY_CLIENT: Final = 499
_REFUSED: Final = "content_policy_violation"
_NEVER_BEGAN: Final = frozenset(
    {
        "request_timeout",
        "startup_timeout",
        "runner_scheduling_failure",
        "runner_connection_timeout",
        "runner_connection_refused",
        "runner_connection_error",
        "downstream_service_unavailable",
    }
)
"""No runner could be had in time, or none answered: later one may."""
_BROKE: Final = frozenset(
    {
        "runner_disconnected",
        "runner_incomplete_response",
        "runner_server_error",
        "internal_error",
        "internal_server_error",
        "generation_timeout",
        "downstream_service_error",
    }
)
"""Faults of fal or of a model, sent with a 5xx, which is never charged."""
_WORD: Final = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_PLAIN_URL: Final = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?/[\x21-\x7e]{0,2000}")

logger = logging.getLogger("imageskill.providers")


def canceled(*, exposed: bool) -> ProviderError:
    """Return the end of a job that fal stopped."""
    return ProviderError(Failure.CANCELED, "The provider stopped before any picture was made.", exposed=exposed)


def of_submission(answer: Answer) -> ProviderError:
    """Return what it means that a job was not taken; after a fault of theirs it may have been all the same."""
    if _REFUSED in _types(answer):
        return logged(answer, ProviderError(Failure.REFUSED, bearer.REFUSED))
    return logged(answer, _by_status(answer, exposed=answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR))


def of_question(answer: Answer) -> ProviderError:
    """Return what it means that the queue does not tell where a job is: it may be made, and paid."""
    return logged(answer, _by_status(answer, exposed=True))


def of_probe(answer: Answer) -> ProviderError:
    """Return what it means that the free question was refused."""
    return logged(answer, _by_status(answer, exposed=False))


def of_result(answer: Answer, error_type: str, *, is_stopping: bool) -> ProviderError:
    """Return what a model's error means, with the word that the queue has for it, if any."""
    types = _types(answer) | ({error_type} if error_type else set())
    if is_stopping and answer.status == _CLOSED_BY_CLIENT:
        types |= STOPPED
    known = next((error for name in sorted(types) if (error := _by_type(name, is_stopping=is_stopping))), None)
    if known is not None:
        return logged(answer, known)
    if types and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and answer.status != _TOO_MANY:
        # A type of the model's own: a 403 of a model is no word about our account.
        return logged(answer, ProviderError(Failure.FAILED, "The provider rejected the call.", exposed=True))
    return logged(answer, _by_status(answer, exposed=not types))


def of_word(error_type: str, *, is_stopping: bool) -> ProviderError:
    """Return what the queue's own word for a bad end means, where the model's answer says nothing."""
    known = _by_type(error_type, is_stopping=is_stopping)
    return known or ProviderError(Failure.FAILED, bearer.NO_PICTURE, exposed=True)


def word(value: object) -> str:
    """Return the name of a type as fal writes them; anything else is an empty one."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def is_plain(url: object) -> TypeGuard[str]:
    """Say whether something is an address that every reader of addresses reads alike."""
    return isinstance(url, str) and _PLAIN_URL.fullmatch(url) is not None


def logged(answer: Answer, error: ProviderError) -> ProviderError:
    """Log a refusal by its status, its types and fal's id of the request, and return the error to raise."""
    logger.warning(
        "provider refused a call",
        extra={
            "fields": {
                "provider": NAME,
                "status": answer.status,
                "failure": str(error.failure),
                "types": sorted(_types(answer)),
                "request_id": request_id(answer),
            }
        },
    )
    return error


def request_id(answer: Answer) -> str:
    """Return fal's id of a request; an empty one where there is none that can be logged."""
    told = answer.headers.get("x-fal-request-id", "")
    return told if re.fullmatch(r"[A-Za-z0-9_-]{1,128}", told) else ""


def _types(answer: Answer) -> set[str]:
    told = bearer.told(answer)
    detail = told.get("detail")
    found = (
        {word(item.get("type")) for item in detail if isinstance(item, dict)}
        if isinstance(detail, list)
        else set()
    )
    found |= {word(told.get("error_type")), word(answer.headers.get("x-fal-error-type"))}
    return found - {""}


def _by_type(name: str, *, is_stopping: bool) -> ProviderError | None:
    if name == _REFUSED:
        return ProviderError(Failure.REFUSED, bearer.REFUSED, exposed=True)
    if name in STOPPED and is_stopping:
        return canceled(exposed=True)
    if name in _NEVER_BEGAN:
        return ProviderError(Failure.UNAVAILABLE, "The provider could not begin the job in time.")
    if name in _BROKE:
        return ProviderError(Failure.FAILED, "The provider failed while it made the picture.")
    return None


def _by_status(answer: Answer, *, exposed: bool) -> ProviderError:
    """Return what a refusal means by its status alone; nothing of its text is passed on."""
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return ProviderError(Failure.UNUSABLE, bearer.BAD_KEY, exposed=exposed)
        case HTTPStatus.PAYMENT_REQUIRED | HTTPStatus.FORBIDDEN:
            return ProviderError(Failure.UNUSABLE, LOCKED, exposed=exposed)
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            message = "The provider takes no more calls for the moment."
            return ProviderError(
                Failure.UNAVAILABLE, message, exposed=exposed, retry_after_seconds=answer.retry_after_seconds
            )
        case HTTPStatus.NOT_FOUND:
            return ProviderError(Failure.FAILED, "The provider does not know the model any more.", exposed=exposed)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ProviderError(Failure.FAILED, "The provider is out of order for the moment.", exposed=exposed)
        case _:
            return ProviderError(Failure.FAILED, "The provider rejected the call.", exposed=exposed)
