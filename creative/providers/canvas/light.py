"""Light: the colours of sky, air and ground at each time of day, in each weather and season."""

from dataclasses import dataclass
from typing import Final

from creative.providers.canvas.colour import Colour, lighter, mix, turned
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.scene import Scene


@dataclass(frozen=True, slots=True)
class Light:
    """One hour's colours: the sky from top to horizon, the sun or moon, the air that distance fades into."""

    time: str
    sky: tuple[Colour, ...]
    sun: Colour
    air: Colour
    shade: Colour
    ground: Colour
    leaf: Colour
    water: Colour
    dim: float
    """How much of a thing's own colour is lost in the dark, 0 to 1."""


_HOURS: Final = {
    "dawn": Light(
        "dawn",
        ((98, 122, 168), (178, 164, 186), (238, 190, 172), (252, 222, 186)),
        (255, 236, 200),
        (226, 190, 180),
        (70, 66, 104),
        (108, 128, 104),
        (74, 108, 92),
        (96, 132, 158),
        0.12,
    ),
    "day": Light(
        "day",
        ((64, 132, 186), (112, 172, 208), (176, 212, 222), (228, 238, 230)),
        (255, 250, 226),
        (196, 218, 222),
        (46, 74, 102),
        (116, 152, 86),
        (62, 112, 74),
        (52, 122, 150),
        0.0,
    ),
    "golden": Light(
        "golden",
        ((86, 112, 152), (184, 150, 140), (240, 170, 104), (254, 216, 142)),
        (255, 240, 196),
        (238, 182, 132),
        (84, 58, 78),
        (136, 120, 62),
        (92, 96, 56),
        (92, 116, 136),
        0.1,
    ),
    "dusk": Light(
        "dusk",
        ((38, 38, 84), (92, 66, 122), (176, 94, 126), (242, 150, 112)),
        (255, 206, 160),
        (146, 96, 128),
        (30, 26, 58),
        (62, 62, 82),
        (40, 54, 72),
        (58, 66, 112),
        0.38,
    ),
    "night": Light(
        "night",
        ((9, 14, 36), (16, 30, 62), (30, 54, 92), (62, 90, 120)),
        (238, 240, 224),
        (40, 62, 96),
        (8, 12, 30),
        (26, 42, 56),
        (16, 34, 46),
        (20, 44, 78),
        0.5,
    ),
    "storm": Light(
        "storm",
        ((44, 50, 66), (66, 74, 92), (98, 108, 122), (142, 152, 156)),
        (226, 232, 236),
        (108, 120, 132),
        (24, 28, 42),
        (62, 82, 70),
        (38, 58, 56),
        (46, 68, 84),
        0.3,
    ),
    "overcast": Light(
        "overcast",
        ((110, 124, 138), (146, 158, 168), (182, 192, 196), (212, 216, 214)),
        (236, 238, 236),
        (178, 188, 192),
        (54, 64, 78),
        (104, 122, 98),
        (62, 90, 80),
        (84, 108, 122),
        0.1,
    ),
}
_LEAVES: Final = {
    "spring": (122, 158, 88),
    "autumn": (198, 108, 44),
    "winter": (96, 112, 120),
}
_GROUNDS: Final = {
    "spring": (138, 172, 92),
    "autumn": (166, 128, 66),
    "winter": (226, 232, 238),
}


def light_of(scene: Scene, dice: Dice) -> Light:
    """Return the light of a scene; where the prompt names no time, one that suits its words."""
    time = scene.first("time")
    if not time:
        if scene.has("mood", "dark") or scene.has("mood", "neon"):
            time = "night" if dice.chance(0.5) or scene.has("weather", "rain") else "dusk"
        elif scene.first("weather") in ("rain", "fog", "cloud", "storm"):
            time = "storm" if scene.first("weather") == "storm" else "overcast"
        else:
            time = dice.one_of(("day", "day", "golden", "dawn"))
    elif time == "day" and scene.first("weather") in ("rain", "fog", "storm"):
        time = "overcast"
    return _seasoned(_HOURS[time], scene, dice)


def _seasoned(light: Light, scene: Scene, dice: Dice) -> Light:
    """Return the light with the season's leaves and ground, its hues turned a little by chance."""
    turn = dice.between(-9, 9)
    season = scene.first("season")
    leaf, ground = light.leaf, light.ground
    if season in _LEAVES:
        leaf = mix(_LEAVES[season], light.shade, light.dim)
        ground = mix(_GROUNDS[season], light.shade, light.dim * 0.8)
    if scene.has("weather", "snow"):
        ground = mix((228, 234, 240), light.shade, light.dim * 0.8)
    sky = tuple(turned(stop, turn) for stop in light.sky)
    return Light(
        light.time,
        sky,
        light.sun,
        turned(light.air, turn),
        light.shade,
        ground,
        leaf,
        turned(light.water, turn),
        light.dim,
    )


def seen(colour: Colour, light: Light) -> Colour:
    """Return how a thing's own colour looks in this light."""
    toned = mix(colour, light.shade, light.dim * 0.75)
    return mix(toned, light.air, 0.06)


def far(colour: Colour, light: Light, distance: float) -> Colour:
    """Return a colour seen from afar: it fades into the air (`distance` 0 to 1)."""
    return mix(colour, light.air, distance)


def rim(colour: Colour, light: Light) -> Colour:
    """Return a colour where the light touches it."""
    return lighter(mix(colour, light.sun, 0.3), 0.12)
