"""OpenAI's image models: one exchange a call, pictures as base64, billed by tokens."""

import logging
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

from django.utils import timezone

from creative.providers import bearer, openai_rates
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from creative.providers.http import Answer, Deadline

PARAMETERS: Final = ("size", "quality", "background", "output_format", "output_compression", "moderation")
"""The catalogue's parameters that are passed on, by the provider's own names."""
_HOME: Final = "https://api.openai.com"
_MODERATION: Final = frozenset({"moderation_blocked", "content_policy_violation"})
_MONEY: Final = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
    }
)
"""Codes that share the status of a limit on calls, but that no waiting cures."""
_NEAR: Final = timedelta(days=60)

logger = logging.getLogger("imageskill.providers")


class Adapter:
    """Calls the Images API, once: a broken exchange may be paid for, and nothing can be fetched later."""

    resumable = False
    cancellable = False

    def __init__(self) -> None:
        """Read the key and the base address from the settings."""
        self._api = bearer.Api("openai", home=_HOME)

    def generate(self, call: ProviderCall) -> ProviderResult:
        """Make the pictures, or raise `ProviderError`; inputs make it an edit."""
        deadline = Deadline(call.timeout_seconds)
        wanted: dict[str, object] = {"model": call.model, "prompt": call.prompt, "n": call.output_count}
        wanted |= {name: call.parameters[name] for name in PARAMETERS if name in call.parameters}
        if call.inputs:
            answer = self._api.buy(
                "/v1/images/edits",
                deadline=deadline,
                output_count=call.output_count,
                fields={name: str(value) for name, value in wanted.items()},
                files=_files(call),
                means=_failure,
            )
        else:
            answer = self._api.buy(
                "/v1/images/generations",
                deadline=deadline,
                output_count=call.output_count,
                json=wanted,
                means=_failure,
            )
        try:
            return _result(call, answer)
        except ProviderError as error:
            self._api.report(answer, error)
            raise

    def probe(self) -> None:
        """Read the list of models, which is free: a bad key shows there, an empty account does not.

        Models of ours that end soon, or are not listed, are logged.
        """
        answer = self._api.ask("/v1/models")
        if not bearer.is_success(answer):
            raise _failure(answer)
        listed = bearer.told(answer).get("data")
        if not isinstance(listed, list):
            raise ProviderError(Failure.FAILED, "The provider's list of models cannot be read.")
        rows = [row for row in listed if isinstance(row, dict)]
        _warn_of_ends({row["id"]: row for row in rows if isinstance(row.get("id"), str)})


def _files(call: ProviderCall) -> list[tuple[str, tuple[str, bytes, str]]]:
    files = [
        ("image[]", (f"input-{number}.{picture.mime_type.rpartition('/')[2]}", picture.data, picture.mime_type))
        for number, picture in enumerate(call.inputs, start=1)
    ]
    if call.mask is not None:
        files.append(("mask", ("mask.png", call.mask.data, call.mask.mime_type)))
    return files


def _result(call: ProviderCall, answer: Answer) -> ProviderResult:
    """Return the pictures of an answer, no more than were asked for, and its cost by its tokens."""
    if not bearer.is_success(answer):
        raise _failure(answer)
    body = bearer.told(answer)
    cost = openai_rates.cost_micros(call.model, body.get("usage"))
    entries = body.get("data")
    found = (
        bearer.picture(entry.get("b64_json"))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    )
    pictures = tuple(islice((picture for picture in found if picture is not None), call.output_count))
    if not pictures:
        raise ProviderError(Failure.FAILED, bearer.NO_PICTURE, cost_micros=cost or 0, exposed=True)
    return ProviderResult(pictures, cost_micros=cost)


def _failure(answer: Answer) -> ProviderError:
    """Return what an error means: by its code, where that says more than the status."""
    error = bearer.told(answer).get("error")
    named = (error.get("code"), error.get("type")) if isinstance(error, dict) else ()
    said = {name for name in named if isinstance(name, str)}
    if said & _MODERATION:
        return ProviderError(Failure.REFUSED, bearer.REFUSED)
    if said & _MONEY:
        return ProviderError(Failure.UNUSABLE, bearer.OUT_OF_MONEY)
    return bearer.by_status(answer)


def _warn_of_ends(listed: Mapping[str, Mapping[str, Any]]) -> None:
    for model in openai_rates.load():
        row = listed.get(model)
        if row is None:
            logger.warning("provider does not list a model", extra={"fields": {"model": model}})
            continue
        end = _day(row.get("shutdown_date"))
        if end is not None and end - timezone.now().date() <= _NEAR:
            logger.warning(
                "provider ends a model soon", extra={"fields": {"model": model, "ends_on": end.isoformat()}}
            )


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
