"""The colours that an edit knows by name, and the colour in which a phrase ends or begins."""

import re
from typing import Final

from creative.providers.canvas.colour import BLACK, WHITE, Colour, mix

NAMES: Final[dict[str, Colour]] = {
    "amber": (232, 162, 38),
    "aqua": (64, 190, 200),
    "beige": (214, 194, 160),
    "blue": (44, 98, 188),
    "bronze": (168, 116, 60),
    "brown": (128, 84, 54),
    "coral": (240, 122, 98),
    "crimson": (186, 28, 52),
    "cyan": (34, 178, 204),
    "emerald": (26, 142, 94),
    "gold": (214, 168, 48),
    "green": (60, 148, 72),
    "indigo": (70, 58, 156),
    "lavender": (160, 138, 206),
    "lime": (142, 196, 46),
    "magenta": (198, 44, 146),
    "maroon": (118, 32, 44),
    "mint": (120, 204, 168),
    "navy": (34, 52, 110),
    "olive": (122, 124, 50),
    "orange": (232, 124, 36),
    "peach": (244, 170, 132),
    "pink": (232, 122, 162),
    "plum": (124, 58, 114),
    "purple": (118, 66, 160),
    "red": (200, 46, 42),
    "rose": (216, 92, 116),
    "ruby": (168, 26, 66),
    "rust": (172, 80, 40),
    "salmon": (240, 134, 116),
    "sand": (206, 182, 136),
    "sapphire": (30, 72, 158),
    "sea-green": (46, 139, 110),
    "sky-blue": (108, 176, 224),
    "teal": (28, 128, 132),
    "turquoise": (52, 184, 174),
    "violet": (128, 76, 186),
    "yellow": (240, 202, 44),
}
"""Names as `tint` and `fill` take them. A tint keeps the lights, so hue and saturation matter most."""

GREYS: Final[dict[str, Colour]] = {
    "black": BLACK,
    "white": WHITE,
    "grey": (128, 128, 128),
    "gray": (128, 128, 128),
}
"""They can fill a corner, and tint nothing."""

_SHADES: Final = {"dark": (BLACK, 0.35), "deep": (BLACK, 0.25), "light": (WHITE, 0.35), "pale": (WHITE, 0.45)}
_ADJECTIVES: Final = r"(?:dark|deep|light|pale|bright|warm|cool|soft)(?:er)?"
_SPELLED: Final = "|".join(
    re.escape(name).replace(r"\-", "[- ]?") for name in sorted([*NAMES, *GREYS], key=len, reverse=True)
)
PHRASE: Final = re.compile(
    rf"(?:#(?P<hex>[0-9a-f]{{6}})|\b(?:(?P<shade>{_ADJECTIVES})[- ])?(?P<name>{_SPELLED})(?:ish|er|y)?)\b"
)
"""A colour in lower-case text: `#2e8b6e`, `sea green`, `dark blue`, `greenish`."""


def named(value: str) -> Colour:
    """Return the colour of a parameter, `#RRGGBB` or a name; KeyError for a name that nobody knows."""
    if value.startswith("#"):
        return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)
    return {**NAMES, **GREYS}[value]


def hexadecimal(colour: Colour) -> str:
    """Return `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def of_phrase(match: re.Match[str]) -> str:
    """Return the colour that PHRASE has found as `#rrggbb`."""
    if match["hex"]:
        return f"#{match['hex']}"
    known = {name.replace("-", ""): colour for name, colour in {**NAMES, **GREYS}.items()}
    colour = known[re.sub("[- ]", "", match["name"])]
    shade = _SHADES.get((match["shade"] or "").removesuffix("er"))
    return hexadecimal(mix(colour, *shade) if shade else colour)


def is_grey(value: str) -> bool:
    """Return whether a colour has no hue, so that it can tint nothing."""
    colour = named(value)
    return max(colour) == min(colour)
