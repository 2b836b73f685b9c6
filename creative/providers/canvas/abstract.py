"""Pictures of nothing: a motif of free shapes, or a strict composition of simple forms."""

import math
from typing import Final

from creative.providers.canvas.colour import Colour, darker, lighter, mix, turned
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.motifs import MOTIFS
from creative.providers.canvas.scene import Scene
from creative.providers.canvas.sheet import Point, Sheet, smooth

_FAMILIES: Final = (
    ((240, 232, 216), (206, 84, 62), (34, 70, 92), (230, 172, 84), (110, 152, 146)),
    ((234, 230, 222), (44, 58, 92), (214, 120, 104), (242, 200, 160), (96, 120, 168)),
    ((28, 34, 52), (232, 168, 92), (190, 74, 84), (78, 140, 146), (238, 224, 200)),
    ((236, 226, 224), (120, 84, 132), (226, 136, 124), (246, 206, 132), (66, 98, 130)),
    ((226, 232, 224), (46, 98, 84), (222, 148, 70), (148, 184, 152), (40, 50, 64)),
)


def family(scene: Scene, dice: Dice) -> tuple[Colour, ...]:
    """Return a ground and four colours upon it: those that the prompt names, completed in harmony."""
    if not scene.colours:
        return dice.one_of(_FAMILIES)
    named = scene.colours[:4]
    first = named[0]
    ground = lighter(mix(named[-1], (240, 234, 222), 0.8), 0.2) if dice.chance(0.65) else darker(first, 0.78)
    spare = [turned(first, 24, 0.9, 1.05), turned(first, 186, 0.7, 1.0), lighter(first, 0.45), darker(first, 0.45)]
    return (ground, *(named + spare)[:4])


def paint_abstract(sheet: Sheet, scene: Scene, dice: Dice, *, detail: float) -> None:
    """Paint one motif on a softly lit ground: the one that the prompt names, or one by chance."""
    ground, *tones = family(scene, dice.of("family"))
    sheet.backdrop((lighter(ground, 0.1), ground, mix(ground, tones[0], 0.18)))
    glow = lighter(mix(ground, tones[2], 0.4), 0.3)
    sheet.glow((dice.between(0.2, 0.8), dice.between(0.15, 0.5)), 0.8, glow, 0.5)
    motif = scene.first("motif") or dice.one_of(sorted(MOTIFS))
    MOTIFS[motif](sheet, ground, tones, dice.of("motif"), detail)


def paint_geometric(sheet: Sheet, scene: Scene, dice: Dice, *, detail: float) -> None:
    """Paint a grid of quarter circles, triangles, bars and discs, in the manner of old posters."""
    ground, *tones = family(scene, dice.of("family"))
    sheet.backdrop((ground, ground))
    columns = max(2, round((3 + 3 * detail) * min(1.6, max(1.0, sheet.aspect))))
    cell = 1 / columns
    rows = max(2, round(sheet.h / (sheet.w * cell)))
    tall = 1 / rows
    last: Colour = ground
    for row in range(rows):
        for column in range(columns):
            choices = [tone for tone in (*tones, ground) if tone != last]
            back = dice.one_of(choices)
            last = back
            front = dice.one_of([tone for tone in (*tones, lighter(ground, 0.3)) if tone != back])
            _tile(sheet, column * cell, row * tall, cell, tall, back, front, dice)


def _tile(sheet: Sheet, x: float, y: float, w: float, h: float, back: Colour, front: Colour, dice: Dice) -> None:
    sheet.fill([(x, y), (x + w + 0.001, y), (x + w + 0.001, y + h + 0.001), (x, y + h + 0.001)], back)
    corner = dice.whole(0, 3)
    cx, cy = x + w * (corner % 2), y + h * (corner // 2)
    kind = dice.whole(0, 6)
    if kind <= 1:
        _quarter(sheet, (cx, cy), x, y, w, h, front, 1.0)
        _quarter(sheet, (cx, cy), x, y, w, h, back if kind else mix(front, back, 0.45), 0.5)
    elif kind == 2:
        sheet.fill([(x, y), (x + w, y), (cx, y + h)], front)
    elif kind == 3:
        r = min(w * sheet.w, h * sheet.h) / sheet.u
        sheet.disc((x + w / 2, y + h / 2), r * 0.42, front)
        sheet.disc((x + w / 2, y + h / 2), r * 0.2, mix(back, front, 0.25))
    elif kind == 4:
        for bar in range(4):
            top = y + h * (bar * 2 + 0.5) / 8
            sheet.fill([(x, top), (x + w, top), (x + w, top + h / 8), (x, top + h / 8)], front)
    elif kind == 5:
        sheet.fill([(x + w / 2, y), (x + w, y + h / 2), (x + w / 2, y + h), (x, y + h / 2)], front)
    else:
        leaf: list[Point] = [(x, y), (x + w * 0.7, y + h * 0.3), (x + w, y + h), (x + w * 0.3, y + h * 0.7)]
        sheet.fill(smooth(leaf, 6), front)


def _quarter(sheet: Sheet, at: Point, x: float, y: float, w: float, h: float, tone: Colour, share: float) -> None:
    """Fill a quarter of an ellipse that has its centre in a corner of the tile."""
    right, down = at[0] == x, at[1] == y
    start = {(True, True): 0.0, (False, True): 90.0, (False, False): 180.0, (True, False): 270.0}[(right, down)]
    arc = [
        (
            at[0] + w * share * math.cos(math.radians(start + 3 * step)),
            at[1] + h * share * math.sin(math.radians(start + 3 * step)),
        )
        for step in range(31)
    ]
    sheet.fill([at, *arc], tone)
