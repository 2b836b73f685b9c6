"""What this service offers today: the models with their standing, and which one a request gets."""

from collections.abc import Callable, Sequence

from django.conf import settings
from django.utils import timezone

from billing.spendable import Request
from creative import registry, switches
from creative.catalogue import loader, selection
from creative.catalogue.costs import default_cost
from creative.catalogue.entries import ModelEntry
from creative.catalogue.selection import Row
from creative.planning import Plan
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields

LIST_COMMAND = "image-skill models list --available --json"


def rows() -> tuple[Row, ...]:
    """Return every model with its standing today."""
    return switches.applied(
        selection.rows(
            loader.current(),
            wired=registry.wired(),
            configured=registry.configured(),
            today=timezone.now().date(),
        )
    )


def row_of(reference: str, among: Sequence[Row] | None = None) -> Row:
    """Return a model by id, alias or `default`. MODEL_NOT_FOUND: there is none."""
    row = selection.find(rows() if among is None else among, reference)
    if row is None:
        raise ApiError(ErrorCode.MODEL_NOT_FOUND, suggested_command="image-skill models list --json")
    return row


def entry_of(model_id: str) -> ModelEntry:
    """Return the catalogue's entry of a job's model, whatever its standing."""
    entry = loader.current().find(model_id)
    if entry is None:
        raise LookupError(model_id)
    return entry


def executable_row(reference: str) -> Row:
    """Return a model that can be called now. PROVIDER_UNAVAILABLE: it is catalogued, but cannot be."""
    row = row_of(reference)
    if not row.available:
        standing = row.availability
        wired = standing.execution_status is selection.ExecutionStatus.EXECUTABLE
        raise ApiError(
            ErrorCode.PROVIDER_UNAVAILABLE,
            f"{row.entry.id} cannot be used now. {standing.availability_reason or ''}".strip(),
            # Repeating cannot help before the operator or a new version changes what is there.
            retryable=False,
            reason=str(standing.status if wired else standing.execution_status),
            suggested_command=LIST_COMMAND,
        )
    return row


def first_payable(
    operation: str,
    provider: str | None,
    attempt: Callable[[Row], Plan],
    payable: Callable[[Plan], bool],
) -> Plan:
    """Return the plan of the first model, in the catalogue's order, that fits and that the caller can pay.

    `attempt` raises where a model does not fit. Where none can be paid the last that fits is returned: it has the
    lowest price, and its refusal says what is missing. Where none fits, the last refusal is raised.
    """
    refusal: ApiError | None = None
    unpaid: Plan | None = None
    for row in rows():
        if (
            not row.available
            or operation not in row.entry.supports
            or provider not in (None, row.entry.provider_id)
        ):
            continue
        try:
            made = attempt(row)
        except ApiError as error:
            refusal = error
            continue
        if payable(made):
            return made
        unpaid = made
    if unpaid is not None:
        return unpaid
    known = {entry.provider_id for entry in loader.current().order}
    if provider is not None and provider not in known:
        raise invalid_fields({"provider": [f"must be one of {', '.join(sorted(known))}"]})
    raise refusal or ApiError(
        ErrorCode.PROVIDER_UNAVAILABLE,
        f"No model is available for {operation}.",
        retryable=False,
        reason="no_model",
        suggested_command=LIST_COMMAND,
    )


def preview_models() -> tuple[str, ...]:
    """Return the models that free credits buy: PREVIEW_MODELS, or those that cost the house nothing."""
    if settings.PREVIEW_MODELS:
        return tuple(settings.PREVIEW_MODELS)
    return tuple(entry.id for entry in loader.current().order if default_cost(entry).micros_per_image == 0)


def payment(plan: Plan) -> Request:
    """Return what a plan asks of the organization's credits."""
    return request_for(plan.entry.id, plan.wanted.operation, plan.credits_required)


def request_for(model_id: str, operation: str, credits: int, *, approved: bool = False) -> Request:
    """Return what so many credits for a model ask; `approved`: the owner approved exactly this plan.

    The model that free credits would buy instead is one that does the same operation.
    """
    preview = preview_models()
    costs_nothing = default_cost(entry_of(model_id)).micros_per_image == 0
    fitting = [entry.id for entry in loader.current().order if entry.id in preview and operation in entry.supports]
    return Request(
        model_id=model_id,
        credits=credits,
        free_allowed=model_id in preview,
        free_alternative=fitting[-1] if fitting else None,
        play_allowed=costs_nothing or settings.ALLOW_FREE_PROVIDER_SPEND,
        grant=f"{operation}.preview",
        approved=approved,
    )
