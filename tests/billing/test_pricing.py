from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing import pricing

COSTS = st.integers(min_value=0, max_value=10**12)


@pytest.mark.parametrize(
    ("cost_micros", "credits_due"),
    [
        (0, 1),
        (1, 1),
        (6_000, 1),
        (6_001, 2),
        (20_000, 4),
        (25_000, 5),
        (53_000, 9),
        (66_000, 11),
        (70_000, 12),
        (200_000, 34),
        (600_000, 100),
        (600_001, 101),
    ],
)
def test_a_provider_cost_has_exactly_the_price_of_the_contract(cost_micros: int, credits_due: int) -> None:
    assert pricing.credits_per_image(cost_micros) == credits_due


@given(COSTS)
@example(6_000)
@example(599_999)
def test_a_price_is_a_whole_number_that_never_loses_the_margin(cost_micros: int) -> None:
    price = pricing.credits_per_image(cost_micros)
    assert type(price) is int
    assert price >= 1
    needed_usd = Decimal(cost_micros) / 1_000_000 / (1 - pricing.MARGIN)
    assert price * pricing.CREDIT_UNIT_USD >= needed_usd
    assert price == 1 or (price - 1) * pricing.CREDIT_UNIT_USD < needed_usd


@given(COSTS, COSTS)
def test_a_dearer_picture_never_costs_less(one: int, other: int) -> None:
    cheap, dear = sorted((one, other))
    assert pricing.credits_per_image(cheap) <= pricing.credits_per_image(dear)


@given(COSTS)
def test_the_revenue_of_a_price_covers_the_cost(cost_micros: int) -> None:
    price = pricing.credits_per_image(cost_micros)
    assert pricing.estimated_revenue_micros(price) == price * 10_000
    assert pricing.estimated_revenue_micros(price) > cost_micros


def test_negative_numbers_have_no_price() -> None:
    with pytest.raises(ValueError, match="not negative"):
        pricing.credits_per_image(-1)
    with pytest.raises(ValueError, match="not negative"):
        pricing.estimated_revenue_micros(-1)
