"""What a picture costs the caller, from what it costs the house. Pure: numbers in, numbers out.

Cost is in micros (millionths of a USD), the price in credits (one credit is one cent). The rule is
the contract's: `max(1, ceil(round(provider_cost / (1 - margin) / 0.01, 6)))` an output.
"""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, localcontext

MARGIN = Decimal("0.40")
"""The part of a price that is not provider cost: contract section 5, in force since `MARGIN_AS_OF`."""
MARGIN_AS_OF = "2026-11-21"

CREDIT_UNIT_USD = Decimal("0.01")
MICROS_PER_USD = 1_000_000
MICROS_PER_CREDIT = 10_000

_ROUNDING = Decimal("0.000001")
_PRECISION = 50


def credits_per_image(cost_micros: int) -> int:
    """Return the credits that one output of this provider cost is sold for; never less than 1.

    The price is rounded to six places before it is rounded up, so that a division that does not end
    (0.02 / 0.6) cannot add a credit to a price that is whole.
    """
    if cost_micros < 0:
        raise ValueError("a provider's cost is not negative")
    with localcontext() as context:
        context.prec = _PRECISION
        cost_usd = Decimal(cost_micros) / MICROS_PER_USD
        exact = cost_usd / (1 - MARGIN) / CREDIT_UNIT_USD
        whole = exact.quantize(_ROUNDING, rounding=ROUND_HALF_EVEN).to_integral_value(rounding=ROUND_CEILING)
    return max(1, int(whole))


def estimated_revenue_micros(credits: int) -> int:
    """Return what that many credits are worth in micros: one credit is one cent."""
    if credits < 0:
        raise ValueError("a number of credits is not negative")
    return credits * MICROS_PER_CREDIT
