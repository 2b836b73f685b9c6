"""The shapes of tiles: proportions as classes of the style sheet, because no page carries inline styles.

A tile takes the nearest of these, which crops at most 1.5 % of a picture; the common ratios are exact. So every
tile has its place before its picture is there, with and without script.
"""

from typing import Final

_COMMON: Final = (563, 667, 750, 800, 1000, 1250, 1333, 1500, 1778, 2333)
_STEPS: Final = tuple(round(1000 * 2 ** (number / 24)) for number in range(-33, 40))
SHAPES: Final = tuple(sorted({*_COMMON, *_STEPS}))
"""Width by height in thousandths, from 0.39 to 3.1."""

ROW: Final = 220
"""The height in CSS pixels at which a row of tiles begins to be filled."""

_FULLEST: Final = 1.35


def shape_of(width: int, height: int) -> str:
    """Return the class of a picture's proportions, the nearest there is."""
    ratio = 1000 * width / height
    return f"r{min(SHAPES, key=lambda shape: abs(shape / ratio - ratio / shape))}"


def sizes_of(width: int, height: int) -> str:
    """Return how wide a picture is about shown, as `sizes` has it."""
    return f"{max(80, round(ROW * _FULLEST * width / height))}px"
