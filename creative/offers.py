"""What this service offers today: the models with their standing, and which one a request gets."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from billing.spendable import Request
from creative import prices, registry, standing, switches
from creative.catalogue import loader, selection
from creative.catalogue.costs import default_cost
from creative.catalogue.entries import ModelEntry
from creative.catalogue.loader import Catalogue
from creative.catalogue.selection import Row
from creative.planning import Plan
from creative.standing import Standing
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields

LIST_COMMAND = "image-skill models list --available --json"


def rows() -> tuple[Row, ...]:
    """Return every model with its standing today."""
    now = standing.now()
    today = timezone.now().date()
    return switches.applied(_rows(now.catalogue, registry.wired(), registry.configured(), today), now.switched_off)


@lru_cache(maxsize=8)
def _rows(catalogue: Catalogue, wired: frozenset[str], configured: frozenset[str], today: date) -> tuple[Row, ...]:
    return tuple(selection.rows(catalogue, wired=wired, configured=configured, today=today))


def row_of(reference: str, among: Sequence[Row] | None = None) -> Row:
    """Return a model by id, alias or `default`. MODEL_NOT_FOUND: there is none."""
    row = selection.find(rows() if among is None else among, reference)
    if row is None:
        raise ApiError(ErrorCode.MODEL_NOT_FOUND, suggested_command="image-skill models list --json")
    return row


def entry_of(model_id: str) -> ModelEntry:
    """Return the catalogue's entry of a job's model with the price in force, whatever its standing."""
    return _entry_of(prices.catalogue(), model_id)


def entry_in(now: Standing, model_id: str) -> ModelEntry:
    """Return the same of what was just read of this moment; no query."""
    return _entry_of(now.catalogue, model_id)


def _entry_of(catalogue: Catalogue, model_id: str) -> ModelEntry:
    entry = catalogue.find(model_id)
    if entry is None:
        raise LookupError(model_id)
    return entry


def described(model_id: str) -> ModelEntry:
    """Return what the catalogue says of a job's model but for its price, which may be another one; no query."""
    return _entry_of(loader.current(), model_id)


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


def preview_models(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the models that free credits buy: PREVIEW_MODELS, or those that cost the house nothing."""
    if settings.PREVIEW_MODELS:
        return tuple(settings.PREVIEW_MODELS)
    return _costing_nothing(catalogue)


@lru_cache(maxsize=8)
def _costing_nothing(catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(entry.id for entry in catalogue.order if _costs_nothing(entry))


def _costs_nothing(entry: ModelEntry) -> bool:
    return default_cost(entry).micros_per_image == 0


def payment(plan: Plan) -> Request:
    """Return what a plan asks of the organization's credits, by the price that it was made with."""
    return _request(plan.entry, plan.wanted.operation, plan.credits_required, approved=False)


def request_for(model_id: str, operation: str, credits: int, *, approved: bool = False) -> Request:
    """Return the same by the prices that were read last; `approved`: the owner approved exactly this plan."""
    return _request(_entry_of(prices.last_read(), model_id), operation, credits, approved=approved)


def _request(entry: ModelEntry, operation: str, credits: int, *, approved: bool) -> Request:
    # Another thread may have read other prices since: of this model only the given one counts.
    catalogue = prices.last_read()
    preview = preview_models(catalogue)
    fitting = [one.id for one in catalogue.order if one.id in preview and operation in one.supports]
    return Request(
        model_id=entry.id,
        credits=credits,
        free_allowed=entry.id in settings.PREVIEW_MODELS if settings.PREVIEW_MODELS else _costs_nothing(entry),
        # The model that free credits would buy instead is one that does the same operation.
        free_alternative=fitting[-1] if fitting else None,
        play_allowed=_costs_nothing(entry) or settings.ALLOW_FREE_PROVIDER_SPEND,
        grant=f"{operation}.preview",
        approved=approved,
    )
