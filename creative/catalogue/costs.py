"""What a call costs the house, from the dated price of the model and the call's complete parameters.

Pure, and Decimal throughout. Credits are made from it by `billing.pricing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from creative.catalogue.entries import Confidence, JSONObject, ModelEntry, Price
from creative.catalogue.frozen import thaw
from creative.catalogue.parameters import complete
from creative.catalogue.sizes import Size, expected_size

_MICROS_PER_USD = 1_000_000


@dataclass(frozen=True, slots=True)
class ProviderCost:
    """The provider's price of one image in millionths of a USD; None when it is not known in advance.

    `ceiling_credits` is set for an unknown price only: what a call holds for each image, and the most that
    it is charged. An unknown price without a ceiling is refused in every case.
    """

    micros_per_image: int | None
    confidence: Confidence
    price_version: str
    ceiling_credits: int | None


@dataclass(frozen=True, slots=True)
class PricedOption:
    """The cost of one combination of parameters that the price data names."""

    options: JSONObject
    size: Size | None
    cost: ProviderCost


def provider_cost(
    entry: ModelEntry, parameters: Mapping[str, object], *, width: int | None, height: int | None
) -> ProviderCost:
    """Return the cost of one image of a call; the parameters are complete, the size is the expected one.

    Parameters that the price table does not name, and a price by megapixel without a size, are unknown.
    """
    price = entry.price
    row = next((row for row in price.table if _matches(row.when, parameters)), None)
    units = _units(price, width, height)
    if price.confidence is Confidence.UNKNOWN or row is None or units is None:
        return ProviderCost(None, Confidence.UNKNOWN, price.version, price.ceiling_credits)
    usd = row.usd * units
    usd += sum((extra.usd for extra in price.surcharges if _matches(extra.when, parameters)), Decimal(0))
    micros = int((usd * _MICROS_PER_USD).to_integral_value(rounding=ROUND_CEILING))
    return ProviderCost(micros, row.confidence, price.version, None)


def default_cost(entry: ModelEntry) -> ProviderCost:
    """Return the cost of one image with nothing but the model's defaults."""
    return _cost_of(entry, {})[1]


def priced_options(entry: ModelEntry) -> tuple[PricedOption, ...]:
    """Return the options that have a price in advance, in the order of the price table.

    A price by megapixel is spread over the model's aspect ratios, because a table of one row tells no
    caller what a picture costs.
    """
    if entry.price.confidence is Confidence.UNKNOWN:
        return ()
    ratio = entry.controls.aspect_ratio
    options: list[JSONObject] = [row.when for row in entry.price.table]
    if entry.price.unit == "megapixel" and ratio is not None:
        options = [
            {**row.when, ratio.parameter: value} for row in entry.price.table for value in ratio.values.values()
        ]
    return tuple(PricedOption(option, *_cost_of(entry, option)) for option in options)


def _cost_of(entry: ModelEntry, options: Mapping[str, object]) -> tuple[Size | None, ProviderCost]:
    parameters = complete(entry, thaw(options)).parameters
    size = expected_size(entry, parameters)
    width, height = size or (None, None)
    return size, provider_cost(entry, parameters, width=width, height=height)


def _units(price: Price, width: int | None, height: int | None) -> Decimal | None:
    """Return the billed units of one image: 1, or its megapixels by the provider's rounding."""
    if price.unit == "image":
        return Decimal(1)
    if price.megapixels is None or width is None or height is None:
        return None
    units = Decimal(width * height) / price.megapixels.pixels
    return units.to_integral_value(rounding=ROUND_CEILING) if price.megapixels.round_up else units


def _matches(when: JSONObject, parameters: Mapping[str, object]) -> bool:
    """Return whether each parameter has exactly the value, type included, that the row asks for."""
    return all(
        type(parameters.get(name)) is type(value) and parameters.get(name) == value for name, value in when.items()
    )
