"""Which models can be used today, which one `default` means, and the filters of the list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from creative.catalogue.entries import ModelEntry, Operation
from creative.catalogue.loader import Catalogue

DEFAULT = "default"


class Status(StrEnum):
    """Whether a model can be called today."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    DEPRECATED = "deprecated"
    """It can be called still, and has a successor or a day on which it ends."""
    RETIRED = "retired"


class ExecutionStatus(StrEnum):
    """Whether the service has the code to run a model, whatever keys are set."""

    EXECUTABLE = "executable"
    CATALOGED_NOT_WIRED = "cataloged_not_wired"


class Availability(NamedTuple):
    """A model's status on a day, why it cannot be called (None if it can), and whether code exists."""

    status: Status
    availability_reason: str | None
    execution_status: ExecutionStatus


@dataclass(frozen=True, slots=True)
class Row:
    """A model together with what it is worth on this service today."""

    entry: ModelEntry
    availability: Availability

    @property
    def executable(self) -> bool:
        """Whether the service has an adapter for it."""
        return self.availability.execution_status is ExecutionStatus.EXECUTABLE

    @property
    def available(self) -> bool:
        """Whether a create or edit may name it now."""
        return self.executable and self.availability.status in {Status.AVAILABLE, Status.DEPRECATED}


def availability(
    entry: ModelEntry, wired: frozenset[str], configured: frozenset[str], today: date
) -> Availability:
    """Return the model's standing: `wired` providers have an adapter in code, `configured` ones a key.

    `today` is the day in UTC; from the day `retires_on` itself the model is retired.
    """
    retirement = entry.retirement
    if retirement.retires_on is not None and today >= retirement.retires_on:
        successor = f" Use {retirement.replaced_by}." if retirement.replaced_by else ""
        reason = f"Retired on {retirement.retires_on.isoformat()}.{successor}"
        return Availability(Status.RETIRED, reason, ExecutionStatus.CATALOGED_NOT_WIRED)
    if entry.provider_id not in wired:
        reason = "Catalogued for planning; this service has no adapter for its provider yet."
        return Availability(Status.UNAVAILABLE, reason, ExecutionStatus.CATALOGED_NOT_WIRED)
    if entry.requires_key and entry.provider_id not in configured:
        reason = f"The operator of this service has not configured {entry.provider_id}."
        return Availability(Status.UNAVAILABLE, reason, ExecutionStatus.EXECUTABLE)
    ends = retirement.retires_on is not None or retirement.replaced_by is not None
    status = Status.DEPRECATED if ends else Status.AVAILABLE
    return Availability(status, None, ExecutionStatus.EXECUTABLE)


def rows(
    catalogue: Catalogue, *, wired: frozenset[str], configured: frozenset[str], today: date
) -> tuple[Row, ...]:
    """Return every model with its standing, in the catalogue's order."""
    return tuple(Row(entry, availability(entry, wired, configured, today)) for entry in catalogue.order)


def default_row(rows: Iterable[Row], operation: Operation | None = None) -> Row | None:
    """Return the first row that can be called now, for one operation if given; None when there is none."""
    return next(
        (row for row in rows if row.available and (operation is None or operation in row.entry.operations)),
        None,
    )


def find(rows: Iterable[Row], reference: str, operation: Operation | None = None) -> Row | None:
    """Return the row of an id, an alias or `default`; only `default` looks at the operation."""
    if reference == DEFAULT:
        return default_row(rows, operation)
    return next((row for row in rows if reference in (row.entry.id, *row.entry.aliases)), None)


def filter_models(
    rows: Iterable[Row],
    *,
    available: bool | None = None,
    executable: bool | None = None,
    operation: str | None = None,
    modality: str | None = None,
    provider: str | None = None,
    query: str | None = None,
    catalog_only: bool = False,
) -> tuple[Row, ...]:
    """Return the rows that pass every filter that is set.

    `operation` is image.generate, image.edit, create or edit; `query` is words that must all occur in what
    the row says of itself; `catalog_only` leaves the models without an adapter.
    """
    words = query.casefold().split() if query else []
    return tuple(
        row
        for row in rows
        if available in (None, row.available)
        and executable in (None, row.executable)
        and not (catalog_only and row.executable)
        and (operation is None or operation in row.entry.operations or operation in row.entry.supports)
        and modality in (None, row.entry.modality)
        and provider in (None, row.entry.provider_id)
        and _says(row.entry, words)
    )


def known_values(rows: Iterable[Row]) -> dict[str, list[str]]:
    """Return the values of the filters that name something, so that an empty list can be explained."""
    entries = [row.entry for row in rows]
    operations = {str(word) for entry in entries for word in (*entry.operations, *entry.supports)}
    return {
        "operation": sorted(operations),
        "modality": sorted({entry.modality for entry in entries}),
        "provider": sorted({entry.provider_id for entry in entries}),
    }


def _says(entry: ModelEntry, words: list[str]) -> bool:
    text = " ".join(
        (
            entry.id,
            *entry.aliases,
            entry.display_name,
            entry.provider_id,
            entry.provider_model,
            entry.description,
            *entry.operations,
            *entry.supports,
            *entry.properties,
        )
    ).casefold()
    return all(word in text for word in words)
