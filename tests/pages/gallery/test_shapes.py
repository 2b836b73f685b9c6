"""The shapes of tiles: the style sheet has each that the page can name, and none is far from its picture."""

import re

import pytest
from django.conf import settings

from imageskill.site.gallery.shapes import SHAPES, shape_of

SHEET = (settings.REPOSITORY / "static" / "css" / "gallery.css").read_text()


def test_the_style_sheet_has_every_shape_with_its_ratio() -> None:
    rows = re.findall(r"^\.r(\d+) \{ --r: ([\d.]+); \}$", SHEET, re.MULTILINE)
    told = {int(name): float(ratio) for name, ratio in rows}
    assert told == {shape: shape / 1000 for shape in SHAPES}


@pytest.mark.parametrize(
    ("size", "name"),
    [
        ((1024, 1024), "r1000"),
        ((1536, 1024), "r1500"),
        ((1024, 1536), "r667"),
        ((1920, 1080), "r1778"),
        ((9, 16), "r563"),
    ],
)
def test_a_common_ratio_is_exact(size: tuple[int, int], name: str) -> None:
    assert shape_of(*size) == name


def test_no_picture_within_the_scale_is_cropped_by_more_than_a_sixtieth() -> None:
    for width in range(400, 3000, 7):
        shape = int(shape_of(width, 1000)[1:])
        assert abs(shape / width - 1) < 1 / 60, width


def test_an_extreme_picture_gets_the_last_shape() -> None:
    assert shape_of(9000, 100) == f"r{SHAPES[-1]}"
    assert shape_of(100, 9000) == f"r{SHAPES[0]}"
