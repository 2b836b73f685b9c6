"""The rows of the catalogue as immutable typed values; schema.json says what each field may hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

JSONObject = Mapping[str, object]


class Operation(StrEnum):
    """What a model can do, in the wire's words."""

    GENERATE = "image.generate"
    EDIT = "image.edit"

    @property
    def verb(self) -> str:
        """The wire's `supports` word, which is the command too: create or edit."""
        return "create" if self is Operation.GENERATE else "edit"


class Confidence(StrEnum):
    """How sure the price of a call is before it is made."""

    KNOWN = "known"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class SizeKind(StrEnum):
    """How a model's parameters tell the size of its pictures."""

    NAMED = "named"
    """A parameter names a preset, or holds an object with width and height."""
    TEXT = "text"
    """A parameter holds WIDTHxHEIGHT."""
    RATIO = "ratio"
    """One parameter holds a ratio such as 16:9, another the pixels of the longer side."""
    UNSTATED = "unstated"
    """The provider does not say."""


@dataclass(frozen=True, slots=True)
class AspectRatioControl:
    """How the wire's `aspect_ratio` becomes a parameter of the model."""

    parameter: str
    default: str
    values: JSONObject
    """Aspect ratio -> value of the parameter."""


@dataclass(frozen=True, slots=True)
class OutputFormatControl:
    """How the wire's `output_format` becomes a parameter of the model; no parameter means one format only."""

    parameter: str | None
    default: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutputCountControl:
    """How many pictures one call may ask for, the provider's name for it, and where the limit comes from."""

    parameter: str | None
    max: int
    basis: str


@dataclass(frozen=True, slots=True)
class Controls:
    """The wire's common controls, as this model takes them."""

    prompt_max_characters: int | None
    aspect_ratio: AspectRatioControl | None
    output_format: OutputFormatControl
    output_count: OutputCountControl


@dataclass(frozen=True, slots=True)
class SizeRule:
    """How the expected width and height follow from complete parameters; see `sizes.expected_size`."""

    kind: SizeKind
    parameter: str = ""
    sizes: Mapping[str, tuple[int, int]] | None = None
    long_side_parameter: str = ""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """The price in USD of one unit (an image or a megapixel) where all of `when` holds."""

    when: JSONObject
    """Parameter -> the value that it must have; an empty one always holds."""
    usd: Decimal
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Surcharge:
    """USD that are added to an image where all of `when` holds."""

    when: JSONObject
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Megapixels:
    """How a provider counts megapixels: pixels in one, and whether a part counts as a whole."""

    pixels: int
    round_up: bool


@dataclass(frozen=True, slots=True)
class Price:
    """What the provider charges the house: dated data, never code."""

    version: str
    as_of: date
    source: str
    confidence: Confidence
    unit: str
    """`image` or `megapixel`."""
    table: tuple[PriceRow, ...]
    surcharges: tuple[Surcharge, ...]
    megapixels: Megapixels | None
    ceiling_credits: int | None
    """Credits an image that a call of unknown price holds, and the most that it is charged."""
    ceiling_basis: str | None
    unverified: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retirement:
    """When the provider switches the model off, and what a caller does about it."""

    retires_on: date | None
    """From this day (UTC) on the model is retired."""
    replaced_by: str | None
    notes: str | None
    migration: str | None


@dataclass(frozen=True, slots=True, eq=False)
class ModelEntry:
    """One model. Entries are compared by identity: the loader makes each once."""

    id: str
    rank: int
    aliases: tuple[str, ...]
    display_name: str
    provider_id: str
    provider_model: str
    """The provider's own name of the model."""
    requires_key: bool
    description: str
    modality: str
    operations: tuple[Operation, ...]
    accepts_input_images: int
    """The most input pictures of a call, references included; 0 for none."""
    accepts_mask: bool
    latency_class: str
    media: JSONObject
    parameters: JSONObject
    """JSON Schema 2020-12 of `model_parameters`; `x-executable` marks what may be sent today."""
    defaults: JSONObject
    fixed_controls: JSONObject
    controls: Controls
    size: SizeRule
    safety: JSONObject
    retirement: Retirement
    price: Price

    @property
    def supports(self) -> tuple[str, ...]:
        """`create`, `edit`: the commands that take this model."""
        return tuple(operation.verb for operation in self.operations)

    @property
    def aspect_ratios(self) -> tuple[str, ...]:
        """The values of the wire's `aspect_ratio` that this model takes; none if it ignores the field."""
        return tuple(self.controls.aspect_ratio.values) if self.controls.aspect_ratio else ()

    @property
    def max_outputs(self) -> int:
        """The most pictures of one call."""
        return self.controls.output_count.max

    @property
    def properties(self) -> Mapping[str, JSONObject]:
        """The parameters' own schemas by name, in the order of the data file."""
        found = self.parameters["properties"]
        if not isinstance(found, Mapping):
            raise TypeError(f"{self.id}: parameters.properties is no object")
        return found
