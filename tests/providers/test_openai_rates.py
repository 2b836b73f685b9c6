"""The cost of OpenAI's tokens, by hand."""

from typing import Any

import pytest

from creative.catalogue import loader
from creative.providers import openai_rates
from creative.providers.openai_rates import Rates


@pytest.mark.parametrize(
    ("usage", "micros"),
    [
        ({"input_tokens": 0, "output_tokens": 0}, 0),
        ({"input_tokens": 0, "output_tokens": 7_024}, 210_720),
        # Text at 5, pictures at 8, output at 30 millionths of a USD a token.
        (
            {
                "input_tokens": 30,
                "output_tokens": 1,
                "input_tokens_details": {"text_tokens": 10, "image_tokens": 20},
            },
            240,
        ),
        # What is not called text counts as the dearer kind.
        ({"input_tokens": 30, "output_tokens": 1}, 270),
        ({"input_tokens": 30, "output_tokens": 1, "input_tokens_details": {"text_tokens": 900}}, 180),
        ({"input_tokens": 30, "output_tokens": 1, "input_tokens_details": None}, 270),
    ],
)
def test_tokens_cost_what_the_dated_rates_say(usage: dict[str, Any], micros: int) -> None:
    assert openai_rates.cost_micros("gpt-image-2", usage) == micros


def test_a_part_of_a_micro_is_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_rates, "load", lambda: {"cheap": Rates(text_in=1, image_in=1_250_000, out=1)})
    assert openai_rates.cost_micros("cheap", {"input_tokens": 3, "output_tokens": 0}) == 4
    assert openai_rates.cost_micros("cheap", {"input_tokens": 4, "output_tokens": 1}) == 6


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "much",
        [],
        {},
        {"input_tokens": 3},
        {"input_tokens": "3", "output_tokens": 3},
        {"input_tokens": True, "output_tokens": 3},
        {"input_tokens": -1, "output_tokens": 3},
        {"input_tokens": 1.5, "output_tokens": 3},
    ],
)
def test_a_usage_that_cannot_be_read_has_no_cost(usage: object) -> None:
    assert openai_rates.cost_micros("gpt-image-2", usage) is None


def test_a_model_without_rates_has_no_cost() -> None:
    assert openai_rates.cost_micros("gpt-image-9", {"input_tokens": 1, "output_tokens": 1}) is None


def test_every_openai_model_of_the_catalogue_has_rates() -> None:
    ours = {entry.provider_model for entry in loader.current().order if entry.provider_id == "openai"}
    assert ours == set(openai_rates.load())
