"""The capabilities as JSON: the same catalogue seen from what a caller wants to do."""

from collections.abc import Sequence
from typing import TypedDict

from creative.catalogue.capabilities import Capability
from creative.catalogue.frozen import thaw
from creative.catalogue.selection import Row, Status
from creative.presenters.models import ControlsJSON, controls_json, show_command
from imageskill.core.routes import is_served


class AuthJSON(TypedDict):
    """How a caller proves who it is, and the grants of which any one is enough."""

    required: bool
    scheme: str
    grants_any_of: list[str]


class CapabilityModelJSON(TypedDict):
    """What one model adds to the capability: its own parameters and how it takes the common controls."""

    model_id: str
    status: str
    model_execution_status: str
    accepts_input_images: int
    accepts_mask: bool
    max_outputs: int
    controls: ControlsJSON
    parameters: dict[str, object]
    defaults: dict[str, object]
    fixed_controls: dict[str, object]
    show_command: str


class DeprecationNoticeJSON(TypedDict):
    """A model of the capability that ends or has ended."""

    model_id: str
    status: str
    retires_on: str | None
    replaced_by: str | None
    notes: str | None
    migration: str | None


class CapabilityJSON(TypedDict):
    """`GET /v1/capabilities/ID`, and each item of the list."""

    id: str
    display_name: str
    description: str
    status: str
    operation: str
    method: str
    path: str
    command: str
    controls: dict[str, object]
    models: list[CapabilityModelJSON]
    auth: AuthJSON
    deprecation_notices: list[DeprecationNoticeJSON]
    notes: list[str]
    show_command: str


class CapabilitiesSummaryJSON(TypedDict):
    """Counts of the list."""

    total: int
    available: int


class CapabilitiesJSON(TypedDict):
    """`GET /v1/capabilities`."""

    capabilities: list[CapabilityJSON]
    summary: CapabilitiesSummaryJSON


def capabilities_json(capabilities: Sequence[Capability], rows: Sequence[Row]) -> CapabilitiesJSON:
    """Return every capability; `rows` is the whole catalogue today."""
    items = [capability_json(capability, rows) for capability in capabilities]
    available = sum(item["status"] == Status.AVAILABLE for item in items)
    return {"capabilities": items, "summary": {"total": len(items), "available": available}}


def capability_json(capability: Capability, rows: Sequence[Row]) -> CapabilityJSON:
    """Return the capability with the parameter schema of each of its models.

    It is available when this service answers its path and one of its models is available, or it needs none.
    """
    operation = capability.model_operation
    own = [row for row in rows if operation in row.entry.operations]
    usable = is_served(capability.path) and (operation is None or any(row.available for row in own))
    return {
        "id": capability.id,
        "display_name": capability.display_name,
        "description": capability.description,
        "status": (Status.AVAILABLE if usable else Status.UNAVAILABLE).value,
        "operation": capability.operation,
        "method": capability.method,
        "path": capability.path,
        "command": capability.command,
        "controls": thaw(capability.controls),
        "models": [_model_json(row) for row in own],
        "auth": {"required": True, "scheme": "bearer", "grants_any_of": list(capability.grants)},
        "deprecation_notices": [_notice_json(row) for row in own if _ends(row)],
        "notes": list(capability.notes),
        "show_command": f"image-skill capabilities show {capability.id} --json",
    }


def _model_json(row: Row) -> CapabilityModelJSON:
    entry = row.entry
    return {
        "model_id": entry.id,
        "status": row.availability.status.value,
        "model_execution_status": row.availability.execution_status.value,
        "accepts_input_images": entry.accepts_input_images,
        "accepts_mask": entry.accepts_mask,
        "max_outputs": entry.max_outputs,
        "controls": controls_json(entry),
        "parameters": thaw(entry.parameters),
        "defaults": thaw(entry.defaults),
        "fixed_controls": thaw(entry.fixed_controls),
        "show_command": show_command(entry),
    }


def _ends(row: Row) -> bool:
    retirement = row.entry.retirement
    return retirement.retires_on is not None or retirement.replaced_by is not None


def _notice_json(row: Row) -> DeprecationNoticeJSON:
    retirement = row.entry.retirement
    return {
        "model_id": row.entry.id,
        "status": row.availability.status.value,
        "retires_on": retirement.retires_on.isoformat() if retirement.retires_on else None,
        "replaced_by": retirement.replaced_by,
        "notes": retirement.notes,
        "migration": retirement.migration,
    }
