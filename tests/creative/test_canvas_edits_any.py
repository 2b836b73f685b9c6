"""Any valid call of the offline edits gives a picture of the size that was foretold, and bad ones are named."""

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from creative import offers
from creative.catalogue import controls
from creative.providers.base import ProviderError
from creative.providers.canvas.edits import edited, size_of, understood
from creative.providers.canvas.edits.colours import GREYS, NAMES
from tests.creative.canvas_edits import complete, corners, stored

SCHEMA = offers.described("canvas.edit").properties
HEXADECIMAL = st.from_regex(r"\A#[0-9a-fA-F]{6}\Z")


def values(name: str) -> st.SearchStrategy[Any]:
    """Return values that the catalogue's schema allows for a parameter; sizes stay small enough for a test."""
    schema: Any = SCHEMA[name]
    if "anyOf" in schema:
        return st.sampled_from(list(schema["anyOf"][0]["enum"])) | HEXADECIMAL
    if "enum" in schema:
        return st.sampled_from(list(schema["enum"]))
    if schema["type"] == "boolean":
        return st.booleans()
    high = min(schema["maximum"], 400)
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], high)
    return st.floats(schema["minimum"], high, allow_nan=False) | st.integers(schema["minimum"], high)


PARAMETERS = st.fixed_dictionaries(
    {}, optional={name: values(name) for name in SCHEMA if name not in {"quality", "remove_background"}}
)
PICTURES = st.tuples(
    st.integers(1, 60), st.integers(1, 60), st.sampled_from(["L", "LA", "P", "RGB", "RGBA"]), st.booleans()
)
PROMPTS = st.sampled_from(
    [
        "",
        "half size",
        "rotate it 33 degrees",
        "crop to 16:9 and flip it",
        "resize to 50x70",
        "resize to 30 px high",
        "sepia",
    ]
)


@settings(max_examples=150, deadline=None)
@given(PICTURES, PARAMETERS, PROMPTS)
def test_any_valid_call_gives_a_picture_of_the_foretold_size(
    picture: tuple[int, int, str, bool], given_: dict[str, Any], prompt: str
) -> None:
    width, height, mode, masked = picture
    parameters = complete(**given_)
    mask = stored(Image.new("RGBA", (width, height), (0, 0, 0, 90))) if masked else None
    source = stored(corners(width, height).convert(mode))
    if not understood(prompt, parameters):
        with pytest.raises(ProviderError):
            edited(source, mask, prompt, parameters)
        return
    made = edited(source, mask, prompt, parameters)
    decoded = Image.open(io.BytesIO(made.data))
    decoded.load()
    assert decoded.size == size_of(width, height, parameters, prompt)
    assert max(decoded.size) <= 4096


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.binary(min_size=1, max_size=12), st.integers(1, 40))
def test_a_removed_background_gives_a_picture_or_a_sentence(
    width: int, height: int, colours: bytes, tolerance: int
) -> None:
    source = Image.frombytes("L", (width, height), (colours * (width * height))[: width * height]).convert("RGB")
    parameters = complete(remove_background=True, background_tolerance=tolerance)
    try:
        made = edited(stored(source), None, "", parameters)
    except ProviderError as error:
        assert "background" in error.message  # noqa: PT017 - either end is right
    else:
        decoded = Image.open(io.BytesIO(made.data))
        assert (decoded.size, decoded.mode) == ((width, height), "RGBA")


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert all(isinstance(phrase, str) for phrase in understood(text, {}))
    assert min(size_of(640, 480, {}, text)) >= 1


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("width", 16, 4096),
        ("height", 16, 4096),
        ("long_side", 16, 4096),
        ("scale_percent", 1, 800),
        ("rotate", -360, 360),
        ("background_tolerance", 1, 40),
        ("brightness", -100, 100),
        ("contrast", -100, 100),
        ("saturation", -100, 100),
        ("temperature", -100, 100),
        ("tint_strength", 0, 100),
        ("blur", 0, 10),
        ("sharpen", 0, 100),
    ],
)
def test_each_number_has_its_bounds(name: str, low: int, high: int) -> None:
    assert faults({name: low}) == faults({name: high}) == {}
    for wrong in (low - 1, high + 1, "1", None, True):
        assert list(faults({name: wrong})) == [f"model_parameters.{name}"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tint": "#12345"},
        {"tint": "grey"},
        {"tint": "sparkle"},
        {"fill": "#gg0000"},
        {"flip": "diagonal"},
        {"keep": "face"},
        {"aspect_ratio": "17:3"},
        {"grayscale": 1},
        {"output_format": "gif"},
        {"quality": 80, "output_format": "png"},
        {"prompt": "x"},
    ],
)
def test_what_no_edit_can_have_is_named(wrong: dict[str, Any]) -> None:
    assert faults(wrong) != {}


def test_the_catalogue_and_the_edits_know_the_same_colours() -> None:
    tint: Any = SCHEMA["tint"]
    fill: Any = SCHEMA["fill"]
    assert set(tint["anyOf"][0]["enum"]) == {"none", *NAMES}
    assert set(fill["anyOf"][0]["enum"]) == {"transparent", *NAMES, *GREYS} - {"gray"}


def test_a_value_that_changes_nothing_asks_for_nothing() -> None:
    neutral = complete(
        rotate=360,
        flip="none",
        blur=0,
        contrast=0,
        tint="none",
        grayscale=False,
        scale_percent=100,
        tint_strength=9,
    )
    assert understood("", neutral) == []


def faults(parameters: dict[str, Any]) -> dict[str, list[str]]:
    return controls.apply(offers.described("canvas.edit"), model_parameters=parameters).errors
