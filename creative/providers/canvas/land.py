"""Land: mountains, hills, forests, dunes, fields and streets, each fading into the air with distance."""

import math

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.light import Light, far, rim
from creative.providers.canvas.scene import Scene
from creative.providers.canvas.sheet import Point, Sheet, smooth


def waves(dice: Dice, *, calm: float = 1.0) -> "list[tuple[float, float, float]]":
    """Return the parts of a rolling line: frequency, phase and height of each."""
    return [
        (dice.between(0.6, 1.3) * step, dice.between(0, 6.3), calm / step**1.25) for step in (1, 2.1, 4.3, 7.9)
    ]


def rolling(parts: "list[tuple[float, float, float]]", x: float) -> float:
    """Return the height of a rolling line at `x`, about -1 to 1."""
    return sum(height * math.sin(6.283 * rate * x + phase) for rate, phase, height in parts) / 1.6


def paint_mountains(sheet: Sheet, light: Light, scene: Scene, horizon: float, dice: Dice) -> None:
    """Paint three ranges, the nearest darkest, with lit and shaded faces."""
    snowy = scene.has("season", "winter") or scene.has("weather", "snow") or dice.chance(0.75)
    rock = scene.place_colours.get("mountain") or mix((92, 104, 124), light.shade, 0.2 + light.dim * 0.6)
    for layer in range(3):
        distance = (0.72, 0.46, 0.16)[layer]
        base = horizon - 0.16 + 0.09 * layer
        height = (0.2, 0.25, 0.22)[layer]
        tone = far(rock, light, distance)
        _range(sheet, light, base, height, tone, dice.of(f"range{layer}"), snow=snowy and layer < 2)
    veil = far(light.air, light, 0.5)
    sheet.glow((0.5, horizon), 0.9, veil, 0.35, flat=0.12)


def _range(
    sheet: Sheet, light: Light, base: float, height: float, tone: Colour, dice: Dice, *, snow: bool
) -> None:
    peaks = dice.whole(2, 4)
    tops: list[Point] = []
    for peak in range(-1, peaks + 1):
        x = (peak + 0.5 + dice.between(-0.25, 0.25)) / peaks
        tops.append((x, base - height * dice.between(0.45, 1.0)))
    for x, y in sorted(tops, key=lambda top: top[1]):
        _mountain(sheet, light, (x, y), base + 0.14, tone, dice, snow=snow)


def _mountain(
    sheet: Sheet, light: Light, top: Point, foot: float, tone: Colour, dice: Dice, *, snow: bool
) -> None:
    reach = (foot - top[1]) * dice.between(1.0, 1.45) / max(1.0, sheet.aspect * 0.8)
    left = _flank(top, (top[0] - reach, foot), dice)
    right = _flank(top, (top[0] + reach * dice.between(0.8, 1.15), foot), dice)
    spine = _flank(top, (top[0] + reach * dice.between(-0.12, 0.2), foot), dice)
    lit, dark = rim(tone, light), darker(tone, 0.22)
    sheet.shade([*left, *reversed(spine)], (lit, mix(lit, light.air, 0.4), light.air))
    sheet.shade([*spine, *reversed(right)], (dark, mix(dark, light.air, 0.4), light.air))
    if snow:
        depth = (foot - top[1]) * dice.between(0.26, 0.4)
        white = mix((246, 248, 250), light.shade, light.dim * 0.55)
        _cap(sheet, left, spine, top[1] + depth, white, dice)
        _cap(sheet, spine, right, top[1] + depth * 0.9, mix(white, light.shade, 0.28), dice)


def _flank(top: Point, foot: Point, dice: Dice) -> list[Point]:
    """Return a jagged line from a peak down."""
    line = [top]
    for step in range(1, 10):
        share = step / 10
        jag = dice.between(-0.045, 0.045) * (foot[1] - top[1]) * (1.1 - share)
        line.append((top[0] + (foot[0] - top[0]) * share + jag, top[1] + (foot[1] - top[1]) * share))
    return [*line, foot]


def _cap(sheet: Sheet, first: list[Point], second: list[Point], line: float, white: Colour, dice: Dice) -> None:
    """Paint snow on the part of a face above a ragged line."""
    a = [point for point in first if point[1] < line]
    b = [point for point in second if point[1] < line]
    if len(a) < 2 or len(b) < 2:
        return
    start, end = a[-1], b[-1]
    ragged = []
    for step in range(1, 8):
        share = step / 8
        drop = (0.5 if step % 2 else -0.22) * dice.between(0.1, 1.4) * (line - a[0][1]) * 0.4
        ragged.append((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share + drop))
    sheet.fill([*a, *ragged, *reversed(b)], white)


def paint_hills(sheet: Sheet, light: Light, scene: Scene, horizon: float, dice: Dice) -> None:
    """Paint rolling ground from the horizon to the foot of the picture."""
    tint = scene.place_colours.get("hill")
    ground = mix(tint, light.shade, light.dim) if tint else light.ground
    for layer in range(4):
        share = layer / 3
        base = horizon - 0.03 + (1 - horizon) * (0.02 + 0.72 * share**1.3)
        parts = waves(dice.of(f"hill{layer}"), calm=1.0)
        swell = 0.03 + 0.045 * share
        crest = [(x / 40, base + swell * rolling(parts[:3], x / 40)) for x in range(-1, 42)]
        white = scene.has("season", "winter") or scene.has("weather", "snow")
        tone = far(mix(ground, light.leaf, 0.04 if white else 0.15 + 0.3 * share), light, 0.55 * (1 - share))
        sheet.shade([*crest, (1.05, 1.05), (-0.05, 1.05)], (rim(tone, light), tone, darker(tone, 0.2)))
        if layer in (1, 2):
            _grove(sheet, light, scene, crest, share, dice.of(f"grove{layer}"))
        if layer:
            _stripes(sheet, crest, tone, share, light, dice.of(f"stripes{layer}"))


def _grove(sheet: Sheet, light: Light, scene: Scene, crest: list[Point], share: float, dice: Dice) -> None:
    """Paint groups of small trees along a crest, in the colours of the season."""
    leaves = [light.leaf, mix(light.leaf, light.sun, 0.18), mix(light.leaf, light.shade, 0.25)]
    if scene.has("season", "autumn"):
        leaves = [mix(tone, light.shade, light.dim) for tone in ((206, 96, 44), (226, 158, 60), (156, 66, 44))]
    elif scene.has("season", "winter") or scene.has("weather", "snow"):
        leaves = [mix(light.leaf, (232, 238, 244), lift) for lift in (0.3, 0.5, 0.65)]
    elif scene.has("season", "spring"):
        leaves += [mix((236, 176, 190), light.shade, light.dim), mix((246, 214, 220), light.shade, light.dim)]
    for _ in range(scene.some(dice.whole(2, 3))):
        middle = dice.whole(2, len(crest) - 3)
        for _ in range(dice.whole(2, 5)):
            x, y = crest[min(len(crest) - 1, max(0, middle + dice.whole(-2, 2)))]
            r = (0.011 + 0.016 * share) * dice.between(0.7, 1.25)
            at = (x + sheet.x_of(dice.between(-0.015, 0.015)), y + sheet.y_of(dice.between(0.002, 0.012)))
            _small_tree(
                sheet, at, r, far(dice.one_of(leaves), light, 0.5 * (1 - share)), round_one=dice.chance(0.6)
            )


def _small_tree(sheet: Sheet, foot: Point, r: float, tone: Colour, *, round_one: bool) -> None:
    trunk = darker(tone, 0.45)
    half = sheet.x_of(r * 0.1)
    sheet.fill(
        [(foot[0] - half, foot[1]), (foot[0], foot[1] - sheet.y_of(r * 2)), (foot[0] + half, foot[1])], trunk
    )
    tall = 1.0 if round_one else 1.9
    at = (foot[0], foot[1] - sheet.y_of(r * (0.5 + tall)))
    sheet.oval(at, r * (1.0 if round_one else 0.62), r * tall, darker(tone, 0.16))
    light_at = (at[0] - sheet.x_of(r * 0.16), at[1] - sheet.y_of(r * 0.16))
    sheet.oval(light_at, r * (0.76 if round_one else 0.44), r * tall * 0.8, tone)


def _stripes(sheet: Sheet, crest: list[Point], tone: Colour, share: float, light: Light, dice: Dice) -> None:
    """Paint the soft swells of a field, as bands that follow its crest."""
    for band in range(3):
        drop = (0.03 + 0.05 * band) * (0.5 + share) + dice.between(0, 0.015)
        thick = (0.008 + 0.012 * share) * dice.between(0.8, 1.4)
        lean = dice.between(-0.06, 0.06)
        above = [(x, y + drop + lean * x) for x, y in crest]
        below = [(x, y + thick * (1 - abs(2 * x - 1) ** 2)) for x, y in above]
        part = rim(tone, light) if band % 2 else darker(tone, 0.12)
        sheet.fill([*above, *reversed(below)], part, 0.4)


def paint_forest(sheet: Sheet, light: Light, scene: Scene, horizon: float, dice: Dice) -> None:
    """Paint rows of conifers, paler behind and dark in front; in winter they stand in snow."""
    snowy = scene.has("season", "winter") or scene.has("weather", "snow")
    white = mix((236, 240, 246), light.shade, light.dim * 0.7)
    sheet.backdrop((light.air, light.air), horizon, 1)
    for layer in range(4):
        share = layer / 3
        base = horizon + 0.02 + (1 - horizon) * 0.5 * share**1.4
        tone = far(mix(light.leaf, light.shade, 0.25 + 0.3 * share), light, 0.62 * (1 - share))
        parts = waves(dice.of(f"ground{layer}"))
        crest = [(x / 40, base + 0.02 * rolling(parts, x / 40)) for x in range(-1, 42)]
        ground = mix(white, light.air, 0.5 * (1 - share)) if snowy else tone
        sheet.fill([*crest, (1.05, 1.05), (-0.05, 1.05)], ground)
        count = scene.some((34 - 8 * layer) * max(1.0, sheet.aspect)) + 1
        for tree in range(count):
            x = (tree + dice.between(-0.4, 0.4)) / (count - 1)
            tall = (0.07 + 0.15 * share) * dice.between(0.6, 1.25)
            foot = base + 0.02 * rolling(parts, x) + 0.01
            _conifer(
                sheet, (x, foot), tall, mix(tone, light.sun, dice.between(0.0, 0.06)), white if snowy else None
            )


def _conifer(sheet: Sheet, foot: Point, tall: float, tone: Colour, snow: Colour | None) -> None:
    width, height = sheet.x_of(tall * 0.24), sheet.y_of(tall)
    for tier in range(4):
        top = foot[1] - height * (1 - tier * 0.2)
        low = foot[1] - height * (0.62 - tier * 0.2)
        half = width * (0.45 + 0.18 * tier)
        sheet.fill([(foot[0], top), (foot[0] + half, low), (foot[0] - half, low)], tone)
        if snow is not None:
            edge = (low - top) * 0.55
            sheet.fill(
                [
                    (foot[0], top),
                    (foot[0] + half * 0.3, top + edge * 0.8),
                    (foot[0] - half * 0.62, top + edge * 1.2),
                ],
                mix(snow, tone, 0.25),
            )


def paint_dunes(sheet: Sheet, light: Light, scene: Scene, horizon: float, dice: Dice) -> None:
    """Paint dunes: each has a lit side and a shaded one, parted by a winding ridge."""
    sand = scene.place_colours.get("desert") or mix((226, 168, 100), light.sky[2], 0.14)
    sand = mix(sand, light.shade, light.dim * 0.7)
    sheet.backdrop((far(sand, light, 0.5), sand), horizon, 1)
    for layer in range(4):
        share = layer / 3
        base = horizon + 0.01 + (1 - horizon) * 0.66 * share**1.25
        swell = (0.03 + 0.075 * share) * (1.25 if layer == 3 else 1)
        rng = dice.of(f"dune{layer}")
        rate, phase = rng.between(1.1, 1.5) + 0.5 * (1 - share), rng.between(0, 6.28)
        crest = [(x / 80, base - swell * math.sin(6.283 * rate * x / 80 + phase)) for x in range(-4, 86)]
        tone = mix(far(sand, light, 0.45 * (1 - share)), light.sun, 0.1)
        sheet.shade([*crest, (1.1, 1.1), (-0.1, 1.1)], (rim(tone, light), tone, darker(tone, 0.08)))
        dark = mix(tone, light.shade, 0.34 + 0.1 * share)
        for place in range(1, len(crest) - 1):
            if crest[place - 1][1] > crest[place][1] <= crest[place + 1][1]:
                _lee(sheet, crest, place, swell, (dark, mix(dark, tone, 0.55)), rng)


def _lee(
    sheet: Sheet, crest: list[Point], peak: int, swell: float, tones: tuple[Colour, Colour], dice: Dice
) -> None:
    """Paint the side of a dune that lies in the shade, from its peak down to the next trough."""
    end = peak + 1
    while end < len(crest) - 1 and crest[end + 1][1] > crest[end][1]:
        end += 1
    top, foot = crest[peak], crest[end]
    low = foot[1] + swell * 1.5
    width = foot[0] - top[0]
    bend = dice.between(0.5, 0.8)
    ridge = smooth(
        [
            top,
            (top[0] + width * 0.16, top[1] + swell * 0.7),
            (top[0] - width * 0.06, top[1] + swell * 1.7),
            (top[0] + width * bend * 0.5, low),
            (top[0] + width * bend, low + swell),
        ],
        8,
        closed=False,
    )
    sheet.shade([*crest[peak : end + 1], (foot[0] + width * 0.2, low + swell), *reversed(ridge)], tones)


def paint_city(sheet: Sheet, light: Light, scene: Scene, horizon: float, dice: Dice) -> None:
    """Paint a skyline in three rows; by night its windows are lit."""
    dark = light.time in ("night", "dusk")
    wall = scene.place_colours.get("city") or mix((112, 118, 138), light.shade, 0.3)
    neon = scene.has("mood", "neon")
    for layer in range(3):
        share = layer / 2
        tone = far(mix(wall, light.shade, 0.3 + 0.4 * share), light, (0.8, 0.45, 0.05)[layer])
        if dark:
            tone = mix(tone, light.sky[3], (0.34, 0.14, 0.0)[layer])
        x = -0.02
        rng = dice.of(f"row{layer}")
        foot = horizon + 0.06 + 0.1 * layer
        while x < 1.02:
            width = sheet.x_of(rng.between(0.05, 0.11) * (0.8 + 0.5 * share))
            tall = sheet.y_of(rng.between(0.12, 0.46) * (1 - 0.5 * share))
            _house_block(
                sheet, light, (x, foot - tall, x + width, foot + 0.3), tone, rng, dark=dark, neon=neon, near=share
            )
            x += width + sheet.x_of(rng.between(0, 0.012))
    street = darker(mix(wall, light.shade, 0.6), 0.2)
    sheet.backdrop((street, darker(street, 0.35)), horizon + 0.22, 1.0)
    if dark or scene.has("weather", "rain") or scene.has("weather", "storm"):
        for _ in range(26):
            at = (dice.between(0, 1), dice.between(horizon + 0.25, 0.98))
            glow = dice.one_of(((255, 196, 112), (255, 120, 170), (90, 220, 230))) if neon else (255, 196, 112)
            sheet.oval(at, dice.between(0.01, 0.05), 0.003, glow, 0.4)


def _house_block(
    sheet: Sheet,
    light: Light,
    at: tuple[float, float, float, float],
    tone: Colour,
    dice: Dice,
    *,
    dark: bool,
    neon: bool,
    near: float,
) -> None:
    left, top, right, foot = at
    sheet.box(left, top, right, foot, tone)
    sheet.box(left + (right - left) * 0.72, top, right, foot, darker(tone, 0.16))
    if dice.chance(0.3):
        middle = (left + right) / 2
        sheet.box(middle - 0.002, top - sheet.y_of(0.04), middle + 0.002, top, tone)
    lamp = dice.one_of(((255, 208, 130), (255, 130, 180), (110, 224, 236))) if neon else (255, 208, 130)
    step_x, step_y = sheet.x_of(0.014), sheet.y_of(0.02)
    y = top + step_y
    while y < min(foot, 1.0) - step_y:
        x = left + step_x * 0.6
        while x < right - step_x * 0.7:
            if dice.chance(0.12 + 0.3 * near if dark else 0.5):
                pane = (
                    mix(lamp, tone, dice.between(0, 0.3) + 0.35 * (1 - near))
                    if dark
                    else mix(lighter(tone, 0.2), light.sky[1], 0.4)
                )
                sheet.box(x, y, x + step_x * 0.45, y + step_y * 0.5, pane)
            x += step_x
        y += step_y
