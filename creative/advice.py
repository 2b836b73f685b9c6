"""The command that goes on from a refused create or edit: the caller's own terms, with what would let them pass.

A prompt is never told back, and neither are model parameters, which may hold text of the same kind.
"""

import secrets
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal

from billing.pricing import CREDIT_UNIT_USD
from creative.planning import Wanted
from imageskill.core.errors import ApiError, ErrorCode

_ADVISED = {
    ErrorCode.IDEMPOTENCY_CONFLICT,
    ErrorCode.BUDGET_REQUIRES_CONFIRMATION,
    ErrorCode.BUDGET_CAP_EXCEEDED,
    ErrorCode.QUOTA_EXCEEDED,
}


@contextmanager
def advising(terms: Callable[[], Wanted]) -> Iterator[None]:
    """Complete the recovery of a refusal that is raised inside with the command to run next, if there is one.

    `terms` returns what the caller asked for, or raises ApiError where that cannot be read; then nothing is added.
    """
    try:
        yield
    except ApiError as error:
        if error.code in _ADVISED:
            with suppress(ApiError):
                _advise(error, terms())
        raise


def _advise(error: ApiError, wanted: Wanted) -> None:
    better = _better_terms(wanted, error)
    if better is not None:
        error.recovery |= command_recovery(better, key=error.recovery.get("idempotency_key"))


def fresh_key(operation: str) -> str:
    """Return an idempotency key that nobody has used."""
    return f"{operation}-{secrets.token_hex(8)}"


def command_recovery(wanted: Wanted, *, key: str | None = None) -> dict[str, object]:
    """Return the recovery fields of a command with these terms; the caller puts in the prompt by itself."""
    missing = ["prompt"]
    words = ["image-skill", wanted.operation, "--prompt-file PROMPT_FILE"]
    for flag, value in (
        ("--input", wanted.input_asset),
        ("--mask", wanted.mask_asset),
        ("--model", wanted.model),
        ("--provider", wanted.provider),
        ("--intent", wanted.intent or None),
        ("--aspect-ratio", wanted.aspect_ratio),
        ("--output-count", None if wanted.output_count == 1 else wanted.output_count),
        ("--format", wanted.output_format),
        ("--max-estimated-usd-per-image", wanted.max_usd_per_image),
        ("--max-usd", wanted.max_usd),
        ("--idempotency-key", key),
    ):
        if value is not None:
            words += [flag, shlex.quote(_written(value))]
    if wanted.model_parameters:
        words.append("--model-parameters-json MODEL_PARAMETERS")
        missing.append("model_parameters")
    words += [
        flag
        for flag, said in (("--accept-unknown-cost", wanted.accept_unknown_cost), ("--dry-run", wanted.dry_run))
        if said
    ]
    return {
        "suggested_command": " ".join([*words, "--json"]),
        "suggested_command_copy_runnable": False,
        "missing_inputs": missing,
    }


def _written(value: object) -> str:
    """Return a value as somebody would type it: 0.25 instead of 0.250000."""
    return f"{value.normalize() + 0:f}" if isinstance(value, Decimal) else str(value)


def _better_terms(wanted: Wanted, error: ApiError) -> Wanted | None:
    """Return the terms that the refusal would let pass; None where the caller's terms are not the reason."""
    told = error.recovery
    if error.code is ErrorCode.IDEMPOTENCY_CONFLICT:
        told["idempotency_key"] = fresh_key(wanted.operation)
        return wanted
    if error.code is ErrorCode.BUDGET_REQUIRES_CONFIRMATION and "required_flag" in told:
        return replace(wanted, accept_unknown_cost=True)
    if error.code is ErrorCode.BUDGET_CAP_EXCEEDED:
        needed = CREDIT_UNIT_USD * told["needed"]
        if told["cap"] == "max_usd":
            return replace(wanted, max_usd=needed)
        return replace(wanted, max_usd_per_image=needed)
    if error.code is ErrorCode.QUOTA_EXCEEDED and told.get("free_model"):
        return replace(wanted, model=told["free_model"], provider=None, model_parameters={})
    return None
