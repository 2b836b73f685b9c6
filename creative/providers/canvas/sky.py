"""The sky: its gradient, sun or moon, stars and clouds."""

from creative.providers.canvas.colour import WHITE, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.light import Light
from creative.providers.canvas.scene import Scene
from creative.providers.canvas.sheet import Point, Sheet, smooth


def paint_sky(sheet: Sheet, light: Light, scene: Scene, horizon: float, dice: Dice) -> Point:
    """Paint the sky down to the horizon and return where the sun or the moon stands."""
    sheet.backdrop(light.sky, 0.0, horizon + 0.02)
    low = light.time in ("dawn", "golden", "dusk")
    side = dice.one_of((0.24, 0.3, 0.68, 0.76))
    height = horizon - dice.between(0.03, 0.12) if low else horizon * dice.between(0.24, 0.4)
    sun = (side, height)
    covered = scene.first("weather") in ("rain", "storm", "cloud")
    if light.time == "night" and not covered:
        _stars(sheet, horizon, scene.some(150), dice.of("stars"))
    if light.time in ("overcast", "storm") or covered:
        sheet.glow(sun, 0.7, lighter(light.sky[2], 0.5), 0.5)
    elif light.time == "night":
        _moon(sheet, sun, light, dice)
    else:
        _sun(sheet, sun, light, low=low)
    if light.time != "night" or covered or dice.chance(0.4):
        _clouds(sheet, light, scene, horizon, dice.of("clouds"))
    return sun


def _sun(sheet: Sheet, sun: Point, light: Light, *, low: bool) -> None:
    sheet.glow(sun, 0.75 if low else 0.6, light.sun, 0.55)
    sheet.glow(sun, 0.3, light.sun, 0.6)
    radius = 0.085 if low else 0.06
    sheet.disc(sun, radius, mix(light.sun, WHITE, 0.35))


def _moon(sheet: Sheet, moon: Point, light: Light, dice: Dice) -> None:
    sheet.glow(moon, 0.6, light.sky[3], 0.5)
    sheet.glow(moon, 0.2, light.sun, 0.35)
    sheet.disc(moon, 0.06, light.sun)
    for _ in range(5):
        spot = (
            moon[0] + sheet.x_of(dice.between(-0.03, 0.03)),
            moon[1] + sheet.y_of(dice.between(-0.03, 0.03)),
        )
        sheet.disc(spot, dice.between(0.005, 0.012), darker(light.sun, 0.1))


def _stars(sheet: Sheet, horizon: float, count: int, dice: Dice) -> None:
    for _ in range(round(count * max(1.0, sheet.aspect))):
        high = dice.between(0, 1) ** 1.4
        star = (dice.between(0, 1), high * horizon * 0.96)
        bright = dice.between(0.25, 1) * (1 - high * 0.7)
        size = 0.0028 if dice.chance(0.08) else dice.between(0.0009, 0.0018)
        sheet.disc(star, size, mix((60, 84, 130), (250, 250, 240), bright))


def _clouds(sheet: Sheet, light: Light, scene: Scene, horizon: float, dice: Dice) -> None:
    heavy = light.time in ("overcast", "storm") or scene.first("weather") in ("rain", "storm", "cloud")
    streaks = light.time in ("dawn", "golden", "dusk")
    count = scene.some(dice.whole(5, 8) if heavy else dice.whole(2, 4))
    for place in range(count):
        share = (place + dice.between(0.1, 0.9)) / count
        middle = (dice.between(-0.05, 1.05), horizon * (0.12 + 0.66 * share))
        length = dice.between(0.16, 0.34) * (0.6 + share * 0.5)
        if streaks:
            tone = mix(light.sky[min(3, 1 + int(share * 3))], light.sun, 0.35)
            _streak(sheet, middle, length, mix(tone, light.shade, 0.12 if dice.chance(0.5) else 0.0), dice)
        else:
            _cumulus(sheet, middle, length, light, dice, heavy=heavy)


def _streak(sheet: Sheet, middle: Point, length: float, tone: tuple[int, int, int], dice: Dice) -> None:
    """Paint a long thin lens of cloud, as they lie at the ends of the day."""
    for layer in range(3):
        reach = length * dice.between(0.7, 1.3) / (1 + layer * 0.5)
        thick = dice.between(0.006, 0.014)
        at = (middle[0] + dice.between(-0.08, 0.08), middle[1] + layer * sheet.y_of(0.02))
        width, height = sheet.x_of(reach), sheet.y_of(thick)
        lens = smooth(
            [
                (at[0] - width, at[1]),
                (at[0] - width * 0.3, at[1] - height),
                (at[0] + width * 0.5, at[1] - height * 0.7),
                (at[0] + width * 1.1, at[1]),
                (at[0] + width * 0.2, at[1] + height * 0.6),
            ]
        )
        sheet.fill(lens, tone, 0.72)


def _cumulus(sheet: Sheet, middle: Point, length: float, light: Light, dice: Dice, *, heavy: bool) -> None:
    """Paint a heap of cloud: round above, flat below, lighter on top."""
    bulges = dice.whole(4, 6)
    top: list[Point] = []
    width = sheet.x_of(length)
    for bulge in range(bulges + 1):
        share = bulge / bulges
        arch = 1 - abs(2 * share - 1) ** 1.8
        tall = sheet.y_of(length * (0.06 + 0.3 * arch * dice.between(0.6, 1.0)))
        top.append((middle[0] - width + 2 * width * share, middle[1] - tall))
        if bulge < bulges:
            dip = share + 0.5 / bulges
            sag = 1 - abs(2 * dip - 1) ** 1.8
            top.append((middle[0] - width + 2 * width * dip, middle[1] - sheet.y_of(length * (0.03 + 0.2 * sag))))
    outline = [
        (middle[0] - width * 1.08, middle[1]),
        *smooth(top, 6, closed=False),
        (middle[0] + width * 1.08, middle[1]),
    ]
    bright = lighter(light.sky[3], 0.1 if heavy or light.time == "night" else 0.75)
    base = mix(light.sky[2], bright, 0.35)
    sheet.shade(outline, (bright, mix(bright, base, 0.3), base))
