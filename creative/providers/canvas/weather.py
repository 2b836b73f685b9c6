"""Weather over a finished scene: rain, snow and fog."""

from creative.providers.canvas.colour import lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.light import Light
from creative.providers.canvas.sheet import Sheet


def paint_weather(sheet: Sheet, light: Light, weather: str, horizon: float, dice: Dice) -> None:
    """Lay the weather over the picture; clear weather leaves it as it is."""
    if weather in ("rain", "storm"):
        if weather == "storm":
            _lightning(sheet, horizon, dice.of("bolt"))
        _rain(sheet, light, dice)
    elif weather == "snow":
        _snow(sheet, dice)
    elif weather == "fog":
        _fog(sheet, light, horizon, dice)


def _lightning(sheet: Sheet, horizon: float, dice: Dice) -> None:
    """Paint a bolt from the clouds to the horizon, to one side."""
    x, y = dice.one_of((0.16, 0.82)), 0.1
    bolt = [(x, y)]
    while y < horizon - 0.06:
        x, y = x + sheet.x_of(dice.between(-0.05, 0.05)), y + dice.between(0.03, 0.07)
        bolt.append((x, min(y, horizon - 0.02)))
    middle = bolt[len(bolt) // 2]
    sheet.glow(middle, 0.45, (214, 224, 255), 0.4)
    sheet.line(bolt, (196, 208, 255), 0.009)
    sheet.line(bolt, (255, 255, 255), 0.004)
    side = dice.one_of((-1, 1))
    fork = [middle, (middle[0] + side * sheet.x_of(0.05), middle[1] + 0.05)]
    fork.append((fork[1][0] + side * sheet.x_of(0.02), fork[1][1] + 0.06))
    sheet.line(fork, (236, 240, 255), 0.003)


def _rain(sheet: Sheet, light: Light, dice: Dice) -> None:
    tone = lighter(light.air, 0.35)
    for _ in range(230):
        near = dice.between(0, 1)
        x, y = dice.between(-0.05, 1.05), dice.between(-0.05, 1)
        length = sheet.y_of(0.02 + 0.05 * near)
        half = sheet.x_of(0.0008 + 0.0009 * near)
        slant = sheet.x_of(0.012)
        drop = [(x - half, y), (x + half, y), (x + half - slant, y + length), (x - half - slant, y + length)]
        sheet.fill(drop, tone, 0.28 + 0.2 * near)


def _snow(sheet: Sheet, dice: Dice) -> None:
    for _ in range(260):
        near = dice.between(0, 1) ** 2
        sheet.disc(
            (dice.between(0, 1), dice.between(0, 1)), 0.0014 + 0.006 * near, (248, 250, 252), 0.55 + 0.4 * near
        )


def _fog(sheet: Sheet, light: Light, horizon: float, dice: Dice) -> None:
    veil = mix(light.air, (236, 238, 238), 0.35)
    for band in range(7):
        y = horizon - 0.16 + 0.09 * band + dice.between(-0.02, 0.02)
        sheet.glow((dice.between(0.1, 0.9), y), 0.9, veil, 0.62 - 0.04 * band, flat=0.16)
