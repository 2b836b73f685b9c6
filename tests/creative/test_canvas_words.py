"""What the painter reads in a prompt, and that it is to be seen in the picture."""

from collections import Counter
from typing import Any

import pytest
from PIL import Image, ImageChops

from creative.providers.canvas import words
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame
from creative.providers.canvas.light import light_of
from creative.providers.canvas.motifs import MOTIFS
from creative.providers.canvas.outdoors import place_of
from creative.providers.canvas.painter import Brief, paint, style_of
from creative.providers.canvas.repertoire import REPERTOIRE
from creative.providers.canvas.scene import Thing, read
from creative.providers.canvas.sheet import Sheet

TABLES = ("TIMES", "SEASONS", "WEATHERS", "PLACES", "SUBJECTS", "MOODS", "FORMS", "MOTIFS", "MATERIALS")


def picture(prompt: str, **other: Any) -> Image.Image:
    """Return a small picture of a prompt."""
    given: dict[str, Any] = {"style": "auto", "palette": "auto", "detail": "medium", "texture": "none"} | other
    return paint(Brief(prompt, 1, 0, 256, 256, **given))


def share(image: Image.Image, *, red: bool) -> float:
    """Return the share of pixels that are clearly red, or clearly blue."""
    raw = image.convert("RGB").tobytes()
    pixels = list(zip(raw[::3], raw[1::3], raw[2::3], strict=True))
    strong = [r > g + 50 and r > b + 50 if red else b > r + 30 for r, g, b in pixels]
    return sum(strong) / len(strong)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_no_word_twice(table: str) -> None:
    told = [word for line in getattr(words, table).values() for word in line.split()]
    assert [word for word, count in Counter(told).items() if count > 1] == []


def test_no_colour_is_named_twice() -> None:
    told = [word for _, line in words.COLOURS.values() for word in line.split()]
    assert [word for word, count in Counter(told).items() if count > 1] == []


def test_every_thing_of_the_vocabulary_can_be_painted() -> None:
    assert set(words.SUBJECTS) == set(REPERTOIRE)
    assert set(words.MOTIFS) == set(MOTIFS)


@pytest.mark.parametrize(
    ("prompt", "thing"),
    [
        ("a red boat", Thing("boat", words.COLOURS["red"][0])),
        ("Two tiny blue boats", Thing("boat", words.COLOURS["blue"][0], 2, 0.72)),
        ("Ein rotes Boot", Thing("boat", words.COLOURS["red"][0])),
        ("un bateau rouge sur la mer", Thing("boat", words.COLOURS["red"][0])),
        ("un gato negro", Thing("cat", words.COLOURS["black"][0])),
        ("three books", Thing("book", None, 3)),
        ("two people", Thing("person", None, 2)),
        ("headphones", Thing("headphones")),
        ("a compact field camera", Thing("camera", None, 1, 0.72)),
        ("a sunflower", Thing("flower", words.COLOURS["yellow"][0])),
        ("houses", Thing("house", None, 3)),
    ],
)
def test_a_thing_has_the_colour_number_and_size_of_its_words(prompt: str, thing: Thing) -> None:
    assert read(prompt).things == [thing]


def test_a_colour_belongs_to_the_next_thing_only() -> None:
    assert read("a red boat and lighthouse by a teal sea").things == [
        Thing("boat", words.COLOURS["red"][0]),
        Thing("lighthouse"),
    ]


def test_the_flowers_of_a_vase_are_no_things_of_their_own() -> None:
    assert [thing.kind for thing in read("a vase of tulips").things] == ["vase"]


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("A compact field camera on a stainless workbench", "still_life"),
        ("A lighthouse above a calm teal sea", "scene"),
        ("abstract waves of colour", "abstract"),
        ("bauhaus poster", "geometric"),
        ("abstract geometric shapes", "geometric"),
        ("a camera in the forest", "scene"),
    ],
)
def test_the_kind_of_picture_suits_the_words(prompt: str, style: str) -> None:
    assert style_of(read(prompt), Dice("tests")) == style


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("a boat", "sea"),
        ("a boat on a lake", "lake"),
        ("a rocket", "space"),
        ("a fish", "underwater"),
        ("dunes", "desert"),
    ],
)
def test_a_thing_stands_where_it_belongs(prompt: str, place: str) -> None:
    assert place_of(read(prompt), Dice("tests")) == place


def test_the_colour_of_a_thing_is_to_be_seen() -> None:
    red, blue = picture("a red mug on a table"), picture("a blue mug on a table")
    assert share(red, red=True) > 0.05 > share(blue, red=True)
    assert share(blue, red=False) > 0.05


def test_the_hour_is_to_be_seen() -> None:
    night, day = (
        picture(f"mountains, {hour}").convert("L").resize((1, 1)).getpixel((0, 0)) for hour in ("night", "noon")
    )
    assert isinstance(night, int)
    assert isinstance(day, int)
    assert night + 60 < day


def test_winter_is_white() -> None:
    winter, summer = (picture(f"a forest in {season} at noon") for season in ("winter", "summer"))
    low = (0, 200, 256, 256)
    assert (
        winter.crop(low).convert("L").resize((1, 1)).tobytes()
        > summer.crop(low).convert("L").resize((1, 1)).tobytes()
    )


@pytest.mark.parametrize("kind", sorted(REPERTOIRE))
def test_each_thing_leaves_its_mark(kind: str) -> None:
    sheet = Sheet(128, 128)
    sheet.backdrop(((120, 200, 120), (120, 200, 120)))
    before = sheet.image.copy()
    REPERTOIRE[kind].paint(Frame(sheet, (0.5, 0.8), 0.55), None, light_of(read("noon"), Dice("light")), Dice(kind))
    changed = ImageChops.difference(before, sheet.image).convert("L").point([0] * 25 + [1] * 231)
    assert 0.01 < sum(changed.tobytes()) / (sheet.w * sheet.h) < 0.9


@pytest.mark.parametrize(
    "there", ["{} mug on a beach", "{} cat on a table", "logo of {} horse", "{} robot in space"]
)
def test_a_thing_can_stand_anywhere(there: str) -> None:
    red, blue = (share(picture(there.format(colour)), red=True) for colour in ("red", "blue"))
    assert red > blue + 0.005
