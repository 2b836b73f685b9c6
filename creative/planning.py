"""From a request to the exact plan of a job, or the exact refusal. Nothing is read or written here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from billing import pricing
from creative import inputs
from creative.catalogue import controls
from creative.catalogue.controls import Applied
from creative.catalogue.costs import ProviderCost, provider_cost
from creative.catalogue.entries import ModelEntry
from creative.catalogue.sizes import Size, expected_size
from creative.inputs import Inputs
from creative.providers.canvas import edits
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields

DEFAULT_ASPECT_RATIO = "1:1"
AUTO = "auto"
EDITS_BY_RULES = "canvas.edit"
"""The model whose result is known from the words and the picture, before it is called."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A create or an edit as the caller asked for it; None where the caller said nothing."""

    operation: str
    prompt: str
    model: str | None = None
    provider: str | None = None
    intent: str = ""
    aspect_ratio: str | None = None
    output_count: int = 1
    output_format: str | None = None
    model_parameters: Mapping[str, object] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    input_asset: str | None = None
    mask_asset: str | None = None
    max_usd_per_image: Decimal | None = None
    max_usd: Decimal | None = None
    dry_run: bool = False
    accept_unknown_cost: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked of which model, and the most that it can cost the caller."""

    wanted: Wanted
    entry: ModelEntry
    reason: str
    """Why this model: `requested` or `first_payable`."""
    parameters: dict[str, object]
    defaults_applied: tuple[str, ...]
    size: Size | None
    cost: ProviderCost
    credits_per_output: int
    warnings: tuple[str, ...]
    inputs: Inputs = inputs.NONE
    approval_required: bool = False
    """Whether the owner has to approve it first; known of dry runs only."""

    @property
    def credits_required(self) -> int:
        """The credits that are held: the price of all pictures."""
        return self.credits_per_output * self.wanted.output_count

    @property
    def may_cost(self) -> bool:
        """Whether the house has to pay a provider for it, or may have to."""
        return self.cost.micros_per_image != 0

    @property
    def cost_micros(self) -> int:
        """The provider's price of all pictures in millionths of a USD; 0 where it is unknown."""
        return (self.cost.micros_per_image or 0) * self.wanted.output_count


def draft(wanted: Wanted, entry: ModelEntry) -> Applied:
    """Return the complete parameters of a request for a model, before anything is said of its price.

    INVALID_ARGUMENTS: the model does not take what was asked.
    """
    _check_shape(wanted, entry)
    applied = controls.apply(
        entry,
        model_parameters=wanted.model_parameters,
        aspect_ratio=_aspect_ratio(wanted, entry),
        output_format=wanted.output_format,
        output_count=wanted.output_count,
    )
    if applied.errors:
        raise invalid_fields(applied.errors)
    if entry.id == EDITS_BY_RULES and not edits.understood(wanted.prompt, applied.parameters):
        raise invalid_fields({"prompt": [f"asks for nothing that {entry.id} can do: it can {edits.ABILITIES}"]})
    return applied


def plan(wanted: Wanted, entry: ModelEntry, applied: Applied, *, reason: str, pictures: Inputs) -> Plan:
    """Return the plan of a draft and the pictures that go into it, with its price.

    BUDGET_REQUIRES_CONFIRMATION: the price is unknown and was not accepted. BUDGET_CAP_EXCEEDED: the caller's
    own cap is below the price.
    """
    size = _size(wanted, entry, applied, pictures)
    width, height = size or (None, None)
    cost = provider_cost(entry, applied.parameters, width=width, height=height)
    made = Plan(
        wanted=wanted,
        entry=entry,
        reason=reason,
        parameters=applied.parameters,
        defaults_applied=applied.defaults_applied,
        size=size,
        cost=cost,
        credits_per_output=_credits_per_output(wanted, entry, cost),
        warnings=applied.warnings,
        inputs=pictures,
    )
    _check_caps(made)
    return made


def _size(wanted: Wanted, entry: ModelEntry, applied: Applied, pictures: Inputs) -> Size | None:
    """Return the size of what will be made; of an edit by rules it follows from the picture."""
    if entry.id == EDITS_BY_RULES and pictures.picture is not None:
        source = pictures.picture
        return Size(*edits.size_of(source.width, source.height, applied.parameters, wanted.prompt))
    return expected_size(entry, applied.parameters)


def _check_shape(wanted: Wanted, entry: ModelEntry) -> None:
    if wanted.operation not in entry.supports:
        raise invalid_fields({"model": [f"{entry.id} does not {wanted.operation}"]})
    longest = entry.controls.prompt_max_characters
    if longest is not None and len(wanted.prompt) > longest:
        raise invalid_fields({"prompt": [f"must be at most {longest} characters long for {entry.id}"]})
    if wanted.mask_asset is not None and not entry.accepts_mask:
        raise invalid_fields({"mask_asset_id": [f"{entry.id} takes no mask"]})
    most = entry.accepts_input_images - (wanted.input_asset is not None)
    if wanted.references and most <= 0:
        raise invalid_fields({"references": [f"{entry.id} takes no reference pictures"]})
    if len(wanted.references) > most:
        raise invalid_fields({"references": [f"must hold at most {most} pictures for {entry.id}"]})


def _aspect_ratio(wanted: Wanted, entry: ModelEntry) -> str | None:
    """Return the ratio to apply: the caller's, else for a create the wire's 1:1 where the model has it.

    The `auto` of an edit is the model's own default where it has no such value.
    """
    control = entry.controls.aspect_ratio
    if (
        wanted.operation == "edit"
        and wanted.aspect_ratio == AUTO
        and (control is None or AUTO not in control.values)
    ):
        return None
    if wanted.aspect_ratio is not None or control is None or wanted.operation != "create":
        return wanted.aspect_ratio
    free = control.parameter not in wanted.model_parameters
    return DEFAULT_ASPECT_RATIO if free and DEFAULT_ASPECT_RATIO in control.values else None


def _credits_per_output(wanted: Wanted, entry: ModelEntry, cost: ProviderCost) -> int:
    if cost.micros_per_image is not None:
        return pricing.credits_per_image(cost.micros_per_image)
    if cost.ceiling_credits is None:
        raise ApiError(
            ErrorCode.BUDGET_REQUIRES_CONFIRMATION,
            f"{entry.id} has neither a price nor a ceiling for these options, so it cannot be bought.",
            reason="no_ceiling",
        )
    if not wanted.accept_unknown_cost:
        raise ApiError(
            ErrorCode.BUDGET_REQUIRES_CONFIRMATION,
            f"The price of {entry.id} is not known in advance. With --accept-unknown-cost "
            f"{cost.ceiling_credits} credits a picture are held, and never more is charged.",
            required_flag="--accept-unknown-cost",
            ceiling_credits=cost.ceiling_credits,
            reason="unknown_price",
        )
    return cost.ceiling_credits


def _check_caps(made: Plan) -> None:
    each = pricing.CREDIT_UNIT_USD * made.credits_per_output
    _check_cap("max_estimated_usd_per_image", made.wanted.max_usd_per_image, each)
    _check_cap("max_usd", made.wanted.max_usd, pricing.CREDIT_UNIT_USD * made.credits_required)


def _check_cap(name: str, cap: Decimal | None, needed: Decimal) -> None:
    if cap is None or needed <= cap:
        return
    flag = "--" + name.replace("_", "-")
    raise ApiError(
        ErrorCode.BUDGET_CAP_EXCEEDED,
        f"This costs {_in_usd(needed)}; {name} allows {_in_usd(cap)}.",
        cap=name,
        cap_usd=float(abs(cap)),
        needed=int(needed / pricing.CREDIT_UNIT_USD),
        needed_usd=float(needed),
        required_flag=f"{flag} {needed}",
        reason="own_cap",
    )


def _in_usd(amount: Decimal) -> str:
    """Write an amount of no less than zero with two decimals, or with more where it has them; -0.0 is none."""
    whole, _, part = f"{abs(amount):f}".partition(".")
    return f"${whole}.{part.rstrip('0'):0<2}"
