"""Water: the sea with its path of light, a lake that mirrors, and the deep."""

import math
from typing import Final

from PIL import Image

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.light import Light
from creative.providers.canvas.scene import Scene
from creative.providers.canvas.sheet import Point, Sheet, gradient, smooth

_CORALS: Final = ((226, 104, 96), (240, 160, 100), (206, 112, 160))


def paint_sea(sheet: Sheet, light: Light, scene: Scene, horizon: float, sun: Point, dice: Dice) -> None:
    """Paint the open sea from the horizon down, with the sun's or the moon's path upon it."""
    tint = scene.place_colours.get("sea")
    deep = mix(tint, light.shade, light.dim * 0.7) if tint else light.water
    sheet.backdrop(
        (mix(light.sky[3], deep, 0.45), mix(deep, light.sky[2], 0.15), deep, darker(deep, 0.35)), horizon, 1
    )
    _ripples(sheet, horizon, deep, light, scene.some(150), dice.of("ripples"))
    if light.time not in ("overcast", "storm"):
        _path(sheet, horizon, sun, light, dice.of("path"))


def _ripples(sheet: Sheet, top: float, deep: Colour, light: Light, count: int, dice: Dice) -> None:
    for _ in range(count):
        near = dice.between(0, 1) ** 1.6
        y = top + (1 - top) * (0.015 + 0.98 * near)
        length = (0.012 + 0.11 * near) * dice.between(0.5, 1.5)
        tone = mix(lighter(deep, 0.22), light.sky[2], 0.35) if dice.chance(0.55) else darker(deep, 0.18)
        _dash(sheet, (dice.between(-0.02, 1.02), y), length, 0.0012 + 0.0045 * near, tone, 0.5)


def _path(sheet: Sheet, top: float, sun: Point, light: Light, dice: Dice) -> None:
    for _ in range(110):
        near = dice.between(0, 1) ** 1.25
        y = top + (1 - top) * (0.01 + 0.92 * near)
        spread = sheet.x_of(0.02 + 0.16 * near)
        x = sun[0] + spread * (dice.between(-1, 1) + dice.between(-1, 1)) / 2
        length = (0.01 + 0.05 * near) * dice.between(0.4, 1.2)
        _dash(sheet, (x, y), length, 0.0015 + 0.0035 * near, light.sun, 0.75 * (1 - 0.5 * near))


def _dash(sheet: Sheet, at: Point, length: float, thick: float, tone: Colour, alpha: float) -> None:
    """Paint a short lens of light or shade, as the back of a small wave."""
    width, height = sheet.x_of(length), sheet.y_of(thick)
    sheet.fill(
        [(at[0] - width, at[1]), (at[0], at[1] - height), (at[0] + width, at[1]), (at[0], at[1] + height)],
        tone,
        alpha,
    )


def mirror(sheet: Sheet, light: Light, scene: Scene, shore: float, dice: Dice) -> None:
    """Turn all below the shore into a lake that mirrors what stands above it."""
    top = round(shore * sheet.h)
    depth = sheet.h - top
    taken = min(depth, top)
    tint = scene.place_colours.get("lake")
    deep = mix(tint, light.shade, light.dim * 0.7) if tint else mix(light.water, light.sky[1], 0.2)
    above = sheet.image.crop((0, top - taken, sheet.w, top)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    above = above.resize((sheet.w // 4, max(1, depth // 4)), Image.Resampling.BOX).resize(
        (sheet.w, depth), Image.Resampling.BILINEAR
    )
    tone = gradient((sheet.w, depth), (mix(deep, light.sky[3], 0.5), deep, darker(deep, 0.35)))
    sheet.image.paste(Image.blend(above, tone, 0.42), (0, top))
    _ripples(sheet, shore + 0.02, deep, light, scene.some(150), dice.of("ripples"))
    sheet.box(0, shore - 0.0015, 1, shore + 0.0015, lighter(mix(deep, light.sky[3], 0.6), 0.15))


def _weed(sheet: Sheet, at: float, tall: float, lean: float, tone: Colour) -> None:
    """Paint a swaying leaf of weed that grows from the ground."""
    width = sheet.x_of(0.014)
    left = [(at - width, 1.03), (at - width + lean, 1 - tall * 0.35), (at - width * 0.8 - lean, 1 - tall * 0.7)]
    right = [(at + width * 0.8 - lean, 1 - tall * 0.68), (at + width + lean, 1 - tall * 0.33), (at + width, 1.03)]
    sheet.fill(smooth([*left, (at + lean * 0.6, 1 - tall), *right]), tone)


def paint_deep(sheet: Sheet, scene: Scene, dice: Dice) -> None:
    """Paint under water: light from above, reeds and rocks, bubbles."""
    tint = scene.place_colours.get("underwater") or (24, 104, 136)
    sheet.backdrop((lighter(tint, 0.5), lighter(tint, 0.12), tint, darker(tint, 0.62)))
    for _ in range(6):
        x, width = dice.between(-0.1, 1.0), dice.between(0.03, 0.1)
        sheet.fill(
            [(x, -0.02), (x + width, -0.02), (x + width * 2.4 - 0.2, 0.9), (x - 0.25, 0.9)],
            lighter(tint, 0.55),
            0.1,
        )
    for layer in range(2):
        tone = darker(tint, 0.3 + 0.3 * layer)
        line = 0.84 + 0.07 * layer
        crest = [(x / 20, line + dice.between(-0.012, 0.012)) for x in range(-1, 22)]
        for _ in range(6):
            at, tall = dice.between(0, 1), dice.between(0.2, 0.46) * (0.7 + 0.3 * layer)
            _weed(sheet, at, tall, dice.between(-0.04, 0.04), darker(tone, 0.12))
        sheet.fill([*smooth(crest, 4, closed=False), (1.05, 1.05), (-0.05, 1.05)], tone)
        for _ in range(2):
            _coral(
                sheet,
                (dice.between(0.04, 0.96), line + 0.02),
                mix(dice.one_of(_CORALS), tint, 0.5 - 0.3 * layer),
                dice,
            )
    for _ in range(30):
        sheet.disc(
            (dice.between(0, 1), dice.between(0.05, 0.9)), dice.between(0.002, 0.008), lighter(tint, 0.7), 0.5
        )


def _coral(sheet: Sheet, foot: Point, tone: Colour, dice: Dice) -> None:
    """Paint a branching coral."""
    branches = [(foot, dice.between(-0.2, 0.2), 0.07)]
    for _ in range(3):
        grown = []
        for start, lean, long in branches:
            for turn in (-0.42, 0.36):
                angle = lean + turn + dice.between(-0.12, 0.12)
                tip = (
                    start[0] + sheet.x_of(long * math.sin(angle)),
                    start[1] - sheet.y_of(long * math.cos(angle)),
                )
                sheet.line([start, tip], tone, long * 0.24)
                sheet.disc(tip, long * 0.12, lighter(tone, 0.12))
                grown.append((tip, angle, long * 0.76))
        branches = grown
