import math
from typing import Any

import pytest

from creative.catalogue import loader, parameters
from creative.catalogue.entries import ModelEntry


def model(model_id: str) -> ModelEntry:
    entry = loader.current().find(model_id)
    assert entry is not None
    return entry


FLUX, GROK, GPT, CANVAS = map(
    model, ("fal.flux-dev", "xai.grok-imagine-image", "openai.gpt-image-2", "canvas.draft")
)
SEED = "must be an integer between 0 and 4294967295"


@pytest.mark.parametrize("value", [0, 1234, 4294967295])
def test_an_integer_within_its_bounds_is_taken(value: int) -> None:
    assert parameters.validate(FLUX, {"seed": value}) == {}


@pytest.mark.parametrize(
    "value",
    [True, False, 1.0, 1234.5, "1234", None, [1], {"a": 1}, -1, 4294967296, 10**400, math.nan, math.inf],
)
def test_nothing_but_an_integer_within_its_bounds_is_a_seed(value: object) -> None:
    assert parameters.validate(FLUX, {"seed": value}) == {"model_parameters.seed": [SEED]}


@pytest.mark.parametrize(
    ("entry", "name", "value", "message"),
    [
        (CANVAS, "style", "photo", "must be one of auto, scene, abstract, geometric, still_life"),
        (CANVAS, "style", ["scene"], "must be one of auto, scene, abstract, geometric, still_life"),
        (CANVAS, "long_side", 255, "must be an integer between 256 and 2048"),
        (CANVAS, "long_side", 2049, "must be an integer between 256 and 2048"),
        (GPT, "quality", "xhigh", "must be one of auto, low, medium, high"),
        (GPT, "quality", "Medium", "must be one of auto, low, medium, high"),
        (GROK, "resolution", "4k", "must be one of 1k, 2k"),
    ],
)
def test_a_wrong_value_is_answered_with_what_would_be_right(
    entry: ModelEntry, name: str, value: object, message: str
) -> None:
    assert parameters.validate(entry, {name: value}) == {f"model_parameters.{name}": [message]}


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ("auto", True),
        ("1024x1024", True),
        ("3840x2160", True),
        ("2160x3840", True),
        ("2880x2880", True),
        ("1536x512", True),
        ("1920x1080", False),
        ("1000x1000", False),
        ("512x512", False),
        ("3840x2176", False),
        ("4096x2048", False),
        ("2064x672", False),
        ("1024X1024", False),
        ("1024x1024\n", False),
        ("1024x1024x1", False),
        ("\u0661\u0660\u0662\u0664x1024", False),
        ("", False),
        (1024, False),
        (None, False),
    ],
)
def test_a_free_size_keeps_the_rules_of_the_provider(size: object, fits: bool) -> None:  # noqa: FBT001 - a table
    errors = parameters.validate(GPT, {"size": size})
    assert (errors == {}) is fits
    if not fits:
        assert "both multiples of 16" in errors["model_parameters.size"][0]


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("square_hd", True),
        ({"width": 1152, "height": 768}, True),
        ({"width": 1152}, False),
        ({"width": 1152, "height": 768, "depth": 1}, False),
        ({"width": 1152.0, "height": 768}, False),
        ({"width": True, "height": 768}, False),
        ({"width": 1153, "height": 768}, False),
        ({"width": 4096, "height": 768}, False),
        ("1152x768", False),
    ],
)
def test_a_size_object_is_checked_to_its_bottom(value: object, fits: bool) -> None:  # noqa: FBT001 - a table
    errors = parameters.validate(FLUX, {"image_size": value})
    assert (errors == {}) is fits
    if not fits:
        assert (
            "or an object with width (an integer between 256 and 1536" in errors["model_parameters.image_size"][0]
        )


def test_an_unknown_name_fails_closed_and_names_the_allowed_ones() -> None:
    errors = parameters.validate(FLUX, {"sead": 1, "seed": 1})
    assert errors == {
        "model_parameters.sead": [
            "is no parameter of fal.flux-dev; allowed are image_size, seed, output_format, acceleration"
        ]
    }


def test_names_that_belong_to_the_service_say_so() -> None:
    supplied: dict[str, Any] = {"num_images": 2, "enable_safety_checker": False}
    assert parameters.validate(FLUX, supplied) == {
        "model_parameters.num_images": ["is set by output_count"],
        "model_parameters.enable_safety_checker": ["is fixed for fal.flux-dev and cannot be changed"],
    }


@pytest.mark.parametrize(
    ("entry", "name", "value"),
    [(FLUX, "num_inference_steps", 28), (FLUX, "guidance_scale", 3.5), (GPT, "partial_images", 0)],
)
def test_a_parameter_that_is_not_executable_yet_fails_closed(entry: ModelEntry, name: str, value: object) -> None:
    assert name in entry.properties
    assert parameters.validate(entry, {name: value}) == {
        f"model_parameters.{name}": ["is visible for planning but not executable yet"]
    }


@pytest.mark.parametrize(
    ("entry", "supplied", "path", "message"),
    [
        (CANVAS, {"quality": 50}, "quality", "needs output_format to be jpeg or webp"),
        (
            CANVAS,
            {"quality": 50, "output_format": "png"},
            "quality",
            "needs output_format to be jpeg or webp",
        ),
        (GPT, {"output_compression": 50}, "output_compression", "needs output_format to be jpeg or webp"),
        (
            GPT,
            {"background": "transparent", "output_format": "jpeg"},
            "background",
            "transparent needs output_format to be png or webp",
        ),
    ],
)
def test_a_parameter_that_needs_another_one_is_refused_without_it(
    entry: ModelEntry, supplied: dict[str, object], path: str, message: str
) -> None:
    assert parameters.validate(entry, supplied) == {f"model_parameters.{path}": [message]}


@pytest.mark.parametrize(
    ("entry", "supplied"),
    [
        (CANVAS, {"quality": 50, "output_format": "jpeg"}),
        (GPT, {"output_compression": 0, "output_format": "webp"}),
        (GPT, {"background": "transparent"}),
        (GPT, {"background": "opaque", "output_format": "jpeg"}),
    ],
)
def test_a_parameter_that_needs_another_one_is_taken_with_it(
    entry: ModelEntry, supplied: dict[str, object]
) -> None:
    assert parameters.validate(entry, supplied) == {}


def test_all_faults_are_told_at_once_and_thousands_of_names_are_not_echoed() -> None:
    errors = parameters.validate(FLUX, {"seed": "x", "acceleration": 1})
    assert list(errors) == ["model_parameters.seed", "model_parameters.acceleration"]
    flood = parameters.validate(FLUX, {f"{index:05}" + "x" * 1000: 1 for index in range(5000)})
    assert len(flood) == 10
    assert max(map(len, flood)) < 100


def test_defaults_fill_what_is_absent_and_say_so() -> None:
    completed = parameters.complete(GPT, {"quality": "high", "moderation": "low"})
    assert completed.parameters == {
        "size": "1024x1024",
        "quality": "high",
        "output_format": "png",
        "moderation": "low",
    }
    assert completed.defaults_applied == ("size", "output_format")
