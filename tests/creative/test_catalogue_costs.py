from dataclasses import replace
from decimal import Decimal

import pytest

from billing import pricing
from creative.catalogue import costs, loader, parameters
from creative.catalogue.entries import Confidence, Megapixels, ModelEntry, Surcharge
from creative.catalogue.frozen import thaw

ORDER = loader.current().order
every_model = pytest.mark.parametrize("entry", ORDER, ids=lambda entry: str(entry.id))


def model(model_id: str) -> ModelEntry:
    entry = loader.current().find(model_id)
    assert entry is not None
    return entry


FLUX, GROK, GPT, CANVAS = map(
    model, ("fal.flux-dev", "xai.grok-imagine-image", "openai.gpt-image-2", "canvas.draft")
)


def cost_of(entry: ModelEntry, **supplied: object) -> costs.ProviderCost:
    complete = parameters.complete(entry, supplied).parameters
    return costs.provider_cost(entry, complete, width=1024, height=1024)


@pytest.mark.parametrize(
    ("entry", "micros", "credits_due"),
    [(FLUX, 25_000, 5), (GROK, 20_000, 4), (GPT, 53_000, 9), (CANVAS, 0, 1)],
    ids=lambda value: str(getattr(value, "id", value)),
)
def test_the_default_picture_has_a_known_price(entry: ModelEntry, micros: int, credits_due: int) -> None:
    cost = costs.default_cost(entry)
    assert cost == costs.ProviderCost(micros, Confidence.KNOWN, entry.price.version, None)
    assert pricing.credits_per_image(micros) == credits_due


@every_model
def test_every_priced_option_can_be_called_and_gives_a_whole_positive_price(entry: ModelEntry) -> None:
    options = costs.priced_options(entry)
    assert bool(options) is (entry.price.confidence is not Confidence.UNKNOWN)
    for option in options:
        assert parameters.validate(entry, thaw(option.options)) == {}
        micros = option.cost.micros_per_image
        assert micros is not None
        assert option.cost.confidence is not Confidence.UNKNOWN
        assert option.cost.ceiling_credits is None
        credits_due = pricing.credits_per_image(micros)
        assert type(credits_due) is int
        assert credits_due >= 1
        assert entry.price.ceiling_credits is None or credits_due <= entry.price.ceiling_credits


def test_the_table_of_qualities_and_sizes_is_that_of_the_source() -> None:
    table = {
        (option.options["quality"], option.options["size"]): option.cost for option in costs.priced_options(GPT)
    }
    assert table["low", "1024x1024"].micros_per_image == 6_000
    assert table["high", "1024x1024"].micros_per_image == 211_000
    assert table["medium", "1024x1536"].micros_per_image == 42_000
    assert table["high", "3840x2160"].micros_per_image == 401_000
    assert table["medium", "1024x1536"].confidence is Confidence.KNOWN
    assert table["medium", "1536x1024"].confidence is Confidence.ESTIMATED
    assert len(table) == 18


@pytest.mark.parametrize(
    ("entry", "option", "ceiling"),
    [
        (GPT, {"quality": "auto"}, 110),
        (GPT, {"size": "auto"}, 110),
        (GPT, {"size": "2048x2048"}, 110),
        (GROK, {"resolution": "2k"}, 14),
        (model("openai.gpt-image-2-edit"), {}, 120),
        (model("openai.gpt-image-2-edit"), {"quality": "low", "size": "1024x1024"}, 120),
        (model("fal.nano-banana-2-edit"), {}, 30),
        (model("fal.nano-banana-2-edit"), {"resolution": "4K"}, 30),
    ],
    ids=lambda value: str(getattr(value, "id", value)),
)
def test_an_option_without_a_price_is_unknown_and_names_its_ceiling(
    entry: ModelEntry, option: dict[str, object], ceiling: int
) -> None:
    assert parameters.validate(entry, option) == {}
    cost = cost_of(entry, **option)
    assert cost == costs.ProviderCost(None, Confidence.UNKNOWN, entry.price.version, ceiling)


@pytest.mark.parametrize(
    ("model_id", "dearest_usd"),
    [
        ("xai.grok-imagine-image", "0.08"),
        ("openai.gpt-image-2", "0.401"),
        ("openai.gpt-image-2-edit", "0.466"),
        ("fal.nano-banana-2-edit", "0.177"),
    ],
)
def test_a_ceiling_covers_the_dearest_published_option(model_id: str, dearest_usd: str) -> None:
    ceiling = model(model_id).price.ceiling_credits
    assert ceiling is not None
    assert ceiling >= pricing.credits_per_image(int(Decimal(dearest_usd) * 1_000_000))


@pytest.mark.parametrize(
    ("width", "height", "micros"),
    [
        (512, 512, 25_000),
        (1024, 1024, 25_000),
        (1040, 1024, 50_000),
        (1536, 1024, 50_000),
        (1536, 1536, 75_000),
    ],
)
def test_a_part_of_a_megapixel_is_billed_as_a_whole_one(width: int, height: int, micros: int) -> None:
    assert costs.provider_cost(FLUX, {}, width=width, height=height).micros_per_image == micros


def test_what_a_megapixel_is_stands_in_the_data() -> None:
    strict = replace(FLUX, price=replace(FLUX.price, megapixels=Megapixels(1_000_000, round_up=True)))
    exact = replace(FLUX, price=replace(FLUX.price, megapixels=Megapixels(1_000_000, round_up=False)))
    assert costs.default_cost(strict).micros_per_image == 50_000
    assert costs.default_cost(exact).micros_per_image == 26_215


def test_five_credits_cover_a_default_picture_even_if_the_provider_counts_two_megapixels() -> None:
    strict = replace(FLUX, price=replace(FLUX.price, megapixels=Megapixels(1_000_000, round_up=True)))
    micros = costs.default_cost(strict).micros_per_image
    assert micros is not None
    assert pricing.estimated_revenue_micros(5) >= micros


def test_a_price_by_megapixel_without_a_size_is_unknown() -> None:
    cost = costs.provider_cost(FLUX, {}, width=None, height=None)
    assert (cost.micros_per_image, cost.confidence) == (None, Confidence.UNKNOWN)


def test_surcharges_that_match_are_added_and_others_are_not() -> None:
    extras = (
        Surcharge({"style": "scene"}, Decimal("0.015")),
        Surcharge({"detail": "high"}, Decimal("0.002")),
    )
    entry = replace(CANVAS, price=replace(CANVAS.price, surcharges=extras))
    assert cost_of(entry).micros_per_image == 0
    assert cost_of(entry, style="scene").micros_per_image == 15_000
    assert cost_of(entry, style="scene", detail="high").micros_per_image == 17_000


def test_a_row_of_the_table_does_not_take_true_for_one() -> None:
    row = replace(CANVAS.price.table[0], when={"seed": 1})
    entry = replace(CANVAS, price=replace(CANVAS.price, table=(row,)))
    assert cost_of(entry, seed=1).micros_per_image == 0
    assert cost_of(entry, seed=True).micros_per_image is None
