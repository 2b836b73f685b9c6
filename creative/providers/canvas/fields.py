"""What lies upon the land: a road that winds into the distance, and fields of flowers."""

import math
from typing import Final

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.light import Light, far, seen
from creative.providers.canvas.sheet import Point, Sheet

_PETALS: Final = ((222, 84, 88), (244, 186, 72), (236, 138, 166), (250, 240, 222), (164, 104, 184))


def paint_road(sheet: Sheet, light: Light, horizon: float, dice: Dice) -> None:
    """Paint a road from the foot of the picture to the horizon."""
    tone = mix(mix((148, 138, 132), light.ground, 0.12), light.shade, light.dim * 0.6)
    middle, bend = dice.between(0.42, 0.58), dice.one_of((-1.0, 1.0))
    left: list[Point] = []
    right: list[Point] = []
    axis: list[tuple[Point, float]] = []
    for step in range(41):
        near = step / 40
        y = horizon + 0.012 + (1.02 - horizon) * near**1.7
        sway = bend * 0.17 * math.sin(near * 4.4 + 0.5) * (0.35 + 0.65 * near)
        half = sheet.x_of(0.004 + 0.17 * near**1.7)
        at = (middle + sway, y)
        axis.append((at, half))
        left.append((at[0] - half, y))
        right.append((at[0] + half, y))
    verge = mix(tone, mix((214, 190, 150), light.shade, light.dim), 0.6)
    wide = [(x - 0.16 * half, y) for (x, y), (_, half) in zip(left, axis, strict=True)]
    other = [(x + 0.16 * half, y) for (x, y), (_, half) in zip(right, axis, strict=True)]
    sheet.fill([*wide, *reversed(other)], verge)
    sheet.shade([*left, *reversed(right)], (far(tone, light, 0.5), tone, darker(tone, 0.14)))
    for step in range(6, 39, 4):
        (x, y), half = axis[step]
        (next_x, next_y), next_half = axis[step + 2]
        dash = [(x - half * 0.04, y), (x + half * 0.04, y), (next_x + next_half * 0.04, next_y),
                (next_x - next_half * 0.04, next_y)]  # fmt: skip
        sheet.fill(dash, mix((250, 240, 214), tone, 0.12 + light.dim * 0.4))


def paint_flowers(sheet: Sheet, light: Light, horizon: float, colour: Colour | None, dice: Dice) -> None:
    """Paint a field of flowers in rows: dots of colour far away, heads with petals at the foot."""
    tones = [colour, lighter(colour, 0.25), darker(colour, 0.14)] if colour else list(_PETALS)
    leaf = mix(light.leaf, light.shade, 0.1)
    rows = 15
    for row in range(rows):
        near = row / (rows - 1)
        y = horizon + 0.1 + (0.93 - horizon) * near**1.5
        r = 0.0035 + 0.0175 * near**1.6
        tone = far(seen(tones[row // 2 % len(tones)], light), light, 0.35 * (1 - near))
        green = far(leaf, light, 0.35 * (1 - near))
        count = round(0.62 / r * max(1.0, sheet.aspect) * (0.55 + 0.3 * (1 - near)))
        bed = sheet.y_of(r * 2.4)
        sheet.fill([(-0.01, y), (1.01, y), (1.01, y + bed), (-0.01, y + bed)], green, 0.75)
        for place in range(count):
            at = ((place + dice.between(0.1, 0.9)) / count, y + sheet.y_of(r * dice.between(-0.8, 0.5)))
            part = mix(tone, light.sun, dice.between(0, 0.2))
            if r < 0.007:
                sheet.disc(at, r, part)
                continue
            _head(sheet, at, r, part, darker(green, 0.1))


def _head(sheet: Sheet, at: Point, r: float, tone: Colour, green: Colour) -> None:
    """Paint a cup of three petals upon its stalk, as tulips and poppies have."""
    width, height = sheet.x_of(r), sheet.y_of(r)
    sheet.line([at, (at[0], at[1] + height * 3.4)], green, r * 0.26)
    leaf = [
        (at[0], at[1] + height * 3.4),
        (at[0] + width * 0.9, at[1] + height * 1.5),
        (at[0] + width * 0.2, at[1] + height * 3),
    ]
    sheet.fill(leaf, lighter(green, 0.12))
    sheet.oval((at[0] - width * 0.42, at[1]), r * 0.5, r * 0.95, darker(tone, 0.12))
    sheet.oval((at[0] + width * 0.42, at[1]), r * 0.5, r * 0.95, darker(tone, 0.2))
    sheet.oval((at[0], at[1] + height * 0.12), r * 0.52, r * 0.92, lighter(tone, 0.16))
