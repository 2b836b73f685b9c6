"""Motifs of abstract pictures: flowing bands, circles that overlap, and shapes as if cut out of paper."""

import math
from collections.abc import Callable, Sequence
from typing import Final

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.sheet import Point, Sheet, smooth

Motif = Callable[[Sheet, Colour, Sequence[Colour], Dice, float], None]


def waves(sheet: Sheet, ground: Colour, tones: Sequence[Colour], dice: Dice, detail: float) -> None:
    """Paint flowing bands below a disc, with a few drops among them."""
    disc = (dice.one_of((0.3, 0.68)), dice.between(0.24, 0.4))
    sheet.disc(disc, dice.between(0.14, 0.22), tones[1])
    bands = round(5 + 6 * detail)
    slope = dice.between(-0.22, 0.22)
    swing = [(dice.between(0.5, 1.2), dice.between(0, 6.28)), (dice.between(1.3, 2.4), dice.between(0, 6.28))]
    for band in range(bands):
        share = band / (bands - 1)
        wave = _wave(0.3 + 0.78 * share, slope, swing, band)
        tone = tones[band % len(tones)]
        tone = mix(tone, darker(tone, 0.5), share * 0.45) if band % 2 else mix(tone, ground, 0.25)
        below = [(x, y + 0.03) for x, y in reversed(wave)]
        sheet.shadow([*wave, *below], 0.012, 0.3)
        foot = min(1.1, 0.8 + 0.78 * share)
        sheet.shade([*wave, (1.05, foot), (-0.05, foot)], (lighter(tone, 0.16), tone, darker(tone, 0.2)))
        if dice.chance(0.5):
            sheet.line(wave, lighter(tone, 0.4), 0.0026)
    for _ in range(round(4 + 10 * detail)):
        at = (dice.between(0.04, 0.96), dice.between(0.05, 0.95))
        sheet.disc(at, dice.between(0.004, 0.016), dice.one_of(tones), 0.9)


def _wave(base: float, slope: float, swing: list[tuple[float, float]], band: int) -> list[Point]:
    line = []
    for x in range(-1, 26):
        sway = sum(
            high * math.sin(6.28 * rate * x / 24 + phase + band * 0.42)
            for (rate, phase), high in zip(swing, (0.07, 0.026), strict=True)
        )
        line.append((x / 24, base + slope * (x / 24 - 0.5) + sway))
    return line


def circles(sheet: Sheet, ground: Colour, tones: Sequence[Colour], dice: Dice, detail: float) -> None:
    """Paint large and small circles, some clear, some as rings, in the manner of Kandinsky's."""
    middle = (0.5 + dice.between(-0.08, 0.08), 0.5 + dice.between(-0.08, 0.08))
    for place in range(round(7 + 9 * detail)):
        out, turn = 0.5 * (place / 16) ** 0.5 * dice.between(0.8, 1.2), place * 2.4 + dice.between(-0.3, 0.3)
        # The cloud of circles follows the shape of the sheet half of the way.
        across, down = 1.1 * sheet.x_of(1) ** 0.45, 1.1 * sheet.y_of(1) ** 0.45
        at = (middle[0] + out * across * math.cos(turn), middle[1] + out * down * math.sin(turn))
        r = dice.between(0.05, 0.12) if place > 3 else dice.between(0.16, 0.27)
        tone = tones[place % len(tones)]
        kind = dice.whole(0, 3)
        if kind == 0:
            for ring in range(5):
                part = tones[(place + ring) % len(tones)] if ring % 2 else mix(tone, ground, 0.15)
                sheet.disc(at, r * (1 - 0.19 * ring), part)
        elif kind == 1:
            sheet.hoop(at, r, tone, r * 0.12)
            sheet.disc(at, r * 0.7, tone, 0.5)
        else:
            sheet.shadow(sheet.ring((at[0] + 0.008, at[1] + 0.012), r, r), 0.02, 0.22)
            sheet.shade(sheet.ring(at, r, r, 72), (lighter(tone, 0.2), tone, darker(tone, 0.18)))
            if kind == 3:
                sheet.disc((at[0] - sheet.x_of(r * 0.25), at[1] - sheet.y_of(r * 0.2)), r * 0.5, ground, 0.3)
    for _ in range(3):
        turn = dice.between(-0.7, 0.7)
        start = (dice.between(0.05, 0.5), dice.between(0.1, 0.9))
        end = (start[0] + 0.45 * math.cos(turn), start[1] + 0.45 * math.sin(turn))
        sheet.line([start, end], darker(tones[0], 0.55), 0.003)


def cutouts(sheet: Sheet, ground: Colour, tones: Sequence[Colour], dice: Dice, detail: float) -> None:
    """Paint large soft shapes with leaves and dots over them, as if cut out of coloured paper."""
    for place in range(3):
        at = (
            (0.26, 0.72, 0.5)[place] + dice.between(-0.08, 0.08),
            (0.3, 0.44, 0.78)[place] + dice.between(-0.06, 0.06),
        )
        _paper(sheet, _pebble(sheet, at, dice.between(0.24, 0.34), dice), tones[place % len(tones)])
    for place in range(round(2 + 3 * detail)):
        foot = ((0.2, 0.78, 0.5, 0.34, 0.66)[place % 5] + dice.between(-0.06, 0.06), dice.between(0.8, 0.98))
        tone = tones[(place + 1) % len(tones)] if place % 2 else darker(tones[0], 0.55)
        _leafed(sheet, foot, dice.between(0.36, 0.6), dice.between(-0.4, 0.4), tone)
    sun = (dice.between(0.25, 0.75), dice.between(0.14, 0.26))
    _paper(sheet, sheet.ring(sun, 0.085, 0.085, 64), tones[-1])
    for _ in range(round(3 + 6 * detail)):
        sheet.disc(
            (dice.between(0.05, 0.95), dice.between(0.05, 0.95)), dice.between(0.006, 0.014), dice.one_of(tones)
        )


def _pebble(sheet: Sheet, at: Point, r: float, dice: Dice) -> list[Point]:
    """Return a soft closed shape around a point."""
    shape = []
    for step in range(7):
        turn, reach = 2 * math.pi * step / 7, r * dice.between(0.68, 1.15)
        shape.append((at[0] + sheet.x_of(reach * math.cos(turn)), at[1] + sheet.y_of(reach * math.sin(turn))))
    return smooth(shape, 12)


def _paper(sheet: Sheet, shape: list[Point], tone: Colour) -> None:
    sheet.shadow([(x + 0.004, y + 0.01) for x, y in shape], 0.014, 0.3)
    sheet.shade(shape, (lighter(tone, 0.08), tone, darker(tone, 0.06)))


def _leafed(sheet: Sheet, foot: Point, tall: float, lean: float, tone: Colour) -> None:
    """Paint a stalk with pairs of leaves."""
    stalk = [
        (foot[0] + sheet.x_of(tall * lean * (s / 8) ** 2), foot[1] - sheet.y_of(tall * s / 8)) for s in range(9)
    ]
    sheet.line(stalk, tone, 0.007)
    for step in range(2, 9):
        x, y = stalk[step]
        long = tall * 0.3 * (1 - 0.075 * step)
        for side in (-1, 1):
            tip = (x + sheet.x_of(side * long * 0.85), y - sheet.y_of(long * 0.62))
            bow = (x + sheet.x_of(side * long * 0.22), y - sheet.y_of(long * 0.5))
            belly = (x + sheet.x_of(side * long * 0.6), y - sheet.y_of(long * 0.1))
            sheet.fill(smooth([(x, y), bow, tip, belly], 6), tone)


MOTIFS: Final[dict[str, Motif]] = {"waves": waves, "circles": circles, "cutouts": cutouts}
