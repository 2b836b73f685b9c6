"""The models as JSON: rows of the list, the full row, and the summary beside them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypedDict

from billing import pricing
from creative.catalogue import costs
from creative.catalogue.costs import PricedOption
from creative.catalogue.entries import JSONObject, ModelEntry
from creative.catalogue.frozen import thaw
from creative.catalogue.selection import Row, default_row


class ExecutionJSON(TypedDict):
    """Whether code exists for the model."""

    model_execution_status: str


class ModelJSON(TypedDict):
    """A compact row of `GET /v1/models`; money is for one picture with the model's defaults."""

    id: str
    display_name: str
    provider_id: str
    status: str
    availability_reason: str | None
    default: bool
    modality: str
    operations: list[str]
    supports: list[str]
    accepts_input_images: int
    aspect_ratios: list[str]
    credits_required: int | None
    estimated_usd_per_image: float | None
    pricing_confidence: str
    latency_class: str
    execution: ExecutionJSON
    show_command: str


class MediaJSON(TypedDict):
    """What goes in and what comes out."""

    input: dict[str, object]
    output: dict[str, object]


class OptionJSON(TypedDict):
    """The price of one picture for one combination of parameters; the rest are the defaults."""

    options: dict[str, object]
    width: int | None
    height: int | None
    estimated_usd: float | None
    credits_required: int | None
    pricing_confidence: str


class SurchargeJSON(TypedDict):
    """Provider cost that is added to a picture where the options hold."""

    options: dict[str, object]
    estimated_usd: float


class MegapixelsJSON(TypedDict):
    """How the provider counts megapixels."""

    pixels: int
    rounding: str


class EconomicsJSON(TypedDict):
    """The dated price; `estimated_usd` is provider cost, one credit is `credit_unit_usd`."""

    price_version: str
    as_of: str
    source: str
    pricing_confidence: str
    unit: str
    currency: str
    credit_unit_usd: float
    credits_required: int | None
    estimated_usd_per_image: float | None
    options: list[OptionJSON]
    surcharges: list[SurchargeJSON]
    megapixels: MegapixelsJSON | None
    ceiling_credits: int | None
    ceiling_basis: str | None
    unverified: list[str]


class MigrationJSON(TypedDict):
    """What comes after the model; `how` says what a caller changes."""

    replaced_by: str | None
    retires_on: str | None
    notes: str | None
    how: str | None


class AspectRatioJSON(TypedDict):
    """How the request's aspect_ratio becomes a parameter."""

    parameter: str
    default: str
    values: dict[str, object]


class ControlsJSON(TypedDict):
    """The request's common controls, as this model takes them."""

    prompt_max_characters: int | None
    aspect_ratio: AspectRatioJSON | None
    output_format: dict[str, object]
    output_count: dict[str, object]


class ModelDetailJSON(ModelJSON):
    """The full row: `GET /v1/models/ID`, and the list with `details=true`."""

    aliases: list[str]
    description: str
    max_outputs: int
    accepts_mask: bool
    media: MediaJSON
    controls: ControlsJSON
    parameters: dict[str, object]
    defaults: dict[str, object]
    fixed_controls: dict[str, object]
    economics: EconomicsJSON
    safety: dict[str, object]
    migration: MigrationJSON


class SummaryJSON(TypedDict):
    """Counts over the whole catalogue, but for `returned`; retired models count as unavailable."""

    result_shape: str
    total: int
    returned: int
    available: int
    executable: int
    cataloged_not_wired: int
    unavailable: int


class ModelsJSON(TypedDict):
    """`GET /v1/models`."""

    models: list[ModelJSON]
    summary: SummaryJSON


def models_json(rows: Sequence[Row], shown: Sequence[Row], *, details: bool = False) -> ModelsJSON:
    """Return the list: `rows` is the whole catalogue today, `shown` what the filters left of it."""
    default_id = default_id_of(rows)
    present = model_detail_json if details else _compact
    available = sum(row.available for row in rows)
    executable = sum(row.executable for row in rows)
    return {
        "models": [present(row, default_id=default_id) for row in shown],
        "summary": {
            "result_shape": "model_details" if details else "compact_model_summary",
            "total": len(rows),
            "returned": len(shown),
            "available": available,
            "executable": executable,
            "cataloged_not_wired": len(rows) - executable,
            "unavailable": len(rows) - available,
        },
    }


_MOST_KEPT: Final = 1_000
_kept: dict[tuple[int, bool], tuple[Row, ModelJSON]] = {}
"""Compact rows by the row they tell of: while nothing changes every list is made of the same ones."""


def _compact(row: Row, *, default_id: str | None) -> ModelJSON:
    """Return the compact row, made once for each state of a model; nobody changes it."""
    key = (id(row), row.entry.id == default_id)
    kept = _kept.get(key)
    if kept is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        # The row is kept too, so that no other one gets its id.
        _kept[key] = kept = (row, model_json(row, default_id=default_id))
    return kept[1]


def default_id_of(rows: Sequence[Row]) -> str | None:
    """Return the id that `default` stands for today, for the `default` flag of a row."""
    row = default_row(rows)
    return row.entry.id if row else None


def model_json(row: Row, *, default_id: str | None) -> ModelJSON:
    """Return the compact row."""
    entry, standing = row.entry, row.availability
    cost = costs.default_cost(entry)
    return {
        "id": entry.id,
        "display_name": entry.display_name,
        "provider_id": entry.provider_id,
        "status": standing.status.value,
        "availability_reason": standing.availability_reason,
        "default": entry.id == default_id,
        "modality": entry.modality,
        "operations": [operation.value for operation in entry.operations],
        "supports": list(entry.supports),
        "accepts_input_images": entry.accepts_input_images,
        "aspect_ratios": list(entry.aspect_ratios),
        "credits_required": _credits(cost.micros_per_image),
        "estimated_usd_per_image": usd(cost.micros_per_image),
        "pricing_confidence": cost.confidence.value,
        "latency_class": entry.latency_class,
        "execution": {"model_execution_status": standing.execution_status.value},
        "show_command": show_command(entry),
    }


def model_detail_json(row: Row, *, default_id: str | None) -> ModelDetailJSON:
    """Return the full row."""
    entry = row.entry
    return {
        **model_json(row, default_id=default_id),
        "aliases": list(entry.aliases),
        "description": entry.description,
        "max_outputs": entry.max_outputs,
        "accepts_mask": entry.accepts_mask,
        "media": {"input": thaw(entry.media["input"]), "output": thaw(entry.media["output"])},
        "controls": controls_json(entry),
        "parameters": thaw(entry.parameters),
        "defaults": thaw(entry.defaults),
        "fixed_controls": thaw(entry.fixed_controls),
        "economics": economics_json(entry),
        "safety": thaw(entry.safety),
        "migration": migration_json(entry),
    }


def controls_json(entry: ModelEntry) -> ControlsJSON:
    """Return how the model takes the common controls; `parameter` null means that no parameter carries it."""
    ratio, form, count = (
        entry.controls.aspect_ratio,
        entry.controls.output_format,
        entry.controls.output_count,
    )
    return {
        "prompt_max_characters": entry.controls.prompt_max_characters,
        "aspect_ratio": None
        if ratio is None
        else {"parameter": ratio.parameter, "default": ratio.default, "values": thaw(ratio.values)},
        "output_format": {"parameter": form.parameter, "default": form.default, "values": list(form.values)},
        "output_count": {"parameter": count.parameter, "max": count.max, "basis": count.basis},
    }


def economics_json(entry: ModelEntry) -> EconomicsJSON:
    """Return the dated price with the credits of every option that has one in advance."""
    price, cost = entry.price, costs.default_cost(entry)
    rule = price.megapixels
    return {
        "price_version": price.version,
        "as_of": price.as_of.isoformat(),
        "source": price.source,
        "pricing_confidence": price.confidence.value,
        "unit": price.unit,
        "currency": "USD",
        "credit_unit_usd": float(pricing.CREDIT_UNIT_USD),
        "credits_required": _credits(cost.micros_per_image),
        "estimated_usd_per_image": usd(cost.micros_per_image),
        "options": [_option_json(option) for option in costs.priced_options(entry)],
        "surcharges": [_surcharge_json(extra.when, extra.usd) for extra in price.surcharges],
        "megapixels": {"pixels": rule.pixels, "rounding": "up" if rule.round_up else "none"} if rule else None,
        "ceiling_credits": price.ceiling_credits,
        "ceiling_basis": price.ceiling_basis,
        "unverified": list(price.unverified),
    }


def migration_json(entry: ModelEntry) -> MigrationJSON:
    """Return what comes after the model."""
    retirement = entry.retirement
    return {
        "replaced_by": retirement.replaced_by,
        "retires_on": retirement.retires_on.isoformat() if retirement.retires_on else None,
        "notes": retirement.notes,
        "how": retirement.migration,
    }


def show_command(entry: ModelEntry) -> str:
    """Return the client's command that shows the model."""
    return f"image-skill models show {entry.id} --json"


def usd(micros: int | None) -> float | None:
    """Return millionths of a USD as the wire's display float."""
    return None if micros is None else float(Decimal(micros) / pricing.MICROS_PER_USD)


def _credits(micros: int | None) -> int | None:
    return None if micros is None else pricing.credits_per_image(micros)


def _option_json(option: PricedOption) -> OptionJSON:
    micros = option.cost.micros_per_image
    return {
        "options": thaw(option.options),
        "width": option.size.width if option.size else None,
        "height": option.size.height if option.size else None,
        "estimated_usd": usd(micros),
        "credits_required": _credits(micros),
        "pricing_confidence": option.cost.confidence.value,
    }


def _surcharge_json(options: JSONObject, amount: Decimal) -> SurchargeJSON:
    return {"options": thaw(options), "estimated_usd": float(amount)}
