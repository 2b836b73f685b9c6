"""Things that people build outdoors."""

import math

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame, round_body
from creative.providers.canvas.light import Light, seen


def _lit(light: Light) -> bool:
    return light.time in ("night", "dusk", "dawn")


def lighthouse(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a banded tower on a rock."""
    band = seen(colour or (190, 58, 48), light)
    wall = seen((240, 236, 224), light)
    rock = mix((78, 80, 92), light.shade, 0.3 + light.dim * 0.5)
    frame.shade(
        (lighter(rock, 0.14), rock, darker(rock, 0.45)),
        (-0.62, -0.08), (-0.5, 0.04), (-0.34, 0.08), (-0.24, 0.15), (0.22, 0.15), (0.34, 0.09), (0.5, 0.06),
        (0.7, -0.08),
    )  # fmt: skip
    for part in range(5):
        low, high = 0.14 + part * 0.135, 0.14 + (part + 1) * 0.135
        half_low, half_high = 0.13 - 0.045 * part / 5, 0.13 - 0.045 * (part + 1) / 5
        tone = band if part % 2 else wall
        frame.shade(
            round_body(tone), (-half_low, low), (half_low, low), (half_high, high), (-half_high, high), across=True
        )
    for low in (0.3, 0.57):
        frame.block((darker(light.shade, 0.2), light.shade), -0.02, low, 0.014, low + 0.05, 0.01)
    dark = darker(band, 0.42)
    frame.block((dark, darker(dark, 0.3)), -0.125, 0.81, 0.125, 0.835)
    glass = (255, 228, 150) if _lit(light) else mix(wall, light.sky[1], 0.5)
    frame.block((lighter(glass, 0.3), glass), -0.062, 0.835, 0.062, 0.925)
    frame.line(dark, 0.01, (0, 0.835), (0, 0.925))
    frame.soft((band, dark), (-0.085, 0.925), (-0.06, 0.97), (0, 1.0), (0.06, 0.97), (0.085, 0.925), (0, 0.915))
    frame.line(dark, 0.012, (0, 0.99), (0, 1.045))
    for post in range(5):
        frame.line(dark, 0.006, (-0.12 + 0.06 * post, 0.835), (-0.12 + 0.06 * post, 0.87))
    frame.line(dark, 0.006, (-0.122, 0.868), (0.122, 0.868))
    if _lit(light):
        lamp = frame.at(0, 0.88)
        for side in (-1, 1):
            frame.fill((255, 232, 170), (0, 0.88), (side * 1.6, 1.02), (side * 1.6, 0.8), alpha=0.16)
        frame.sheet.glow(lamp, 0.3 * frame.size, (255, 232, 170), 0.9)


def house(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a house with a pitched roof, a chimney and windows."""
    wall = seen(colour or dice.one_of(((232, 220, 200), (196, 108, 84), (226, 200, 150))), light)
    roof = seen(dice.one_of(((104, 66, 60), (70, 76, 92), (132, 72, 56))), light)
    frame.shadow(0.62, 0.12, 0.4)
    frame.block((darker(roof, 0.1), darker(roof, 0.4)), 0.2, 0.62, 0.31, 0.94)
    frame.block((lighter(wall, 0.12), wall, darker(wall, 0.12)), -0.48, 0, 0.14, 0.5)
    frame.block((darker(wall, 0.2), darker(wall, 0.34)), 0.14, 0, 0.5, 0.5)
    frame.fill(darker(wall, 0.22), (0.14, 0.5), (0.5, 0.5), (0.32, 0.82))
    frame.shade(
        (lighter(roof, 0.12), darker(roof, 0.12)), (-0.54, 0.47), (0.14, 0.47), (0.32, 0.86), (-0.34, 0.86)
    )
    frame.line(darker(roof, 0.3), 0.025, (0.12, 0.46), (0.32, 0.86), (0.53, 0.46))
    pane = (255, 214, 132) if _lit(light) else mix(light.sky[1], darker(wall, 0.5), 0.45)
    for x in (-0.36, -0.02):
        _window(frame, x, 0.22, pane, wall)
    frame.block((darker(roof, 0.05), darker(roof, 0.4)), -0.22, 0, -0.1, 0.3, 0.02)
    _window(frame, 0.32, 0.2, pane, wall)
    if _lit(light):
        frame.sheet.glow(frame.at(-0.1, 0.26), 0.6 * frame.size, (255, 200, 120), 0.25)


def _window(frame: Frame, x: float, y: float, pane: Colour, wall: Colour) -> None:
    frame.block((lighter(wall, 0.4), lighter(wall, 0.25)), x - 0.075, y - 0.015, x + 0.075, y + 0.165)
    frame.block((lighter(pane, 0.15), pane), x - 0.06, y, x + 0.06, y + 0.15)
    frame.line(lighter(wall, 0.4), 0.012, (x, y), (x, y + 0.15))
    frame.line(lighter(wall, 0.4), 0.012, (x - 0.06, y + 0.08), (x + 0.06, y + 0.08))


def castle(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a keep with round towers and flags."""
    stone = seen(colour or (176, 166, 156), light)
    roof = seen(dice.one_of(((88, 84, 122), (142, 70, 62), (64, 96, 104))), light)
    pane = (255, 214, 132) if _lit(light) else darker(stone, 0.6)
    frame.shadow(0.7, 0.1, 0.35)
    frame.block((lighter(stone, 0.06), darker(stone, 0.16)), -0.46, 0, 0.46, 0.42)
    for step in range(9):
        x = -0.44 + step * 0.104
        frame.block((lighter(stone, 0.06), stone), x, 0.42, x + 0.052, 0.465)
    for x, half, tall in (
        (0.02, 0.13, 0.86),
        (-0.46, 0.1, 0.62),
        (0.46, 0.1, 0.66),
        (-0.2, 0.07, 0.72),
        (0.26, 0.07, 0.6),
    ):
        frame.block(round_body(stone), x - half, 0, x + half, tall, across=True)
        frame.block(
            round_body(darker(stone, 0.08)), x - half * 1.14, tall - 0.05, x + half * 1.14, tall, across=True
        )
        frame.shade(
            round_body(roof), (x - half * 1.3, tall), (x + half * 1.3, tall), (x, tall + half * 2.5), across=True
        )
        frame.block((pane, pane), x - 0.02, tall - 0.2, x + 0.02, tall - 0.11, 0.018)
        top = tall + half * 2.5
        frame.line(darker(roof, 0.4), 0.008, (x, top - 0.02), (x, top + 0.08))
        frame.fill(seen((206, 66, 54), light), (x, top + 0.08), (x + 0.075, top + 0.06), (x, top + 0.035))
    frame.soft(
        (darker(stone, 0.62), darker(stone, 0.75)),
        (-0.07, -0.01),
        (-0.07, 0.14),
        (0.02, 0.23),
        (0.11, 0.14),
        (0.11, -0.01),
    )


def windmill(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a tower mill with four sails."""
    wall = seen(colour or (226, 214, 192), light)
    cap = seen((104, 74, 62), light)
    frame.shadow(0.3, 0.14, 0.4)
    frame.shade(round_body(wall), (-0.2, 0), (0.2, 0), (0.12, 0.62), (-0.12, 0.62), across=True)
    frame.soft(
        (lighter(cap, 0.1), cap), (-0.15, 0.61), (-0.1, 0.71), (0, 0.75), (0.1, 0.71), (0.15, 0.61), (0, 0.6)
    )
    frame.block((darker(cap, 0.2), darker(cap, 0.4)), -0.045, 0, 0.045, 0.16, 0.04)
    turn = dice.between(0.2, 0.7)
    for sail in range(4):
        angle = turn + sail * math.pi / 2
        along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        tip = (along[0] * 0.46, 0.66 + along[1] * 0.46)
        frame.line(darker(cap, 0.3), 0.018, (0, 0.66), tip)
        cloth = [(0.12, 0.0), (0.46, 0.0), (0.46, 0.1), (0.12, 0.1)]
        shape = [(a * along[0] + b * across[0], 0.66 + a * along[1] + b * across[1]) for a, b in cloth]
        frame.fill(lighter(wall, 0.4), *shape, alpha=0.9)
        for rib in range(5):
            a = 0.12 + rib * 0.085
            frame.line(
                darker(cap, 0.1),
                0.007,
                (a * along[0], 0.66 + a * along[1]),
                (a * along[0] + 0.1 * across[0], 0.66 + a * along[1] + 0.1 * across[1]),
            )
    frame.disc(darker(cap, 0.4), 0, 0.66, 0.03)


def bridge(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a suspension bridge with two towers."""
    steel = seen(colour or (192, 76, 56), light)
    for x in (-0.55, 0.55):
        for part in (-0.04, 0.04):
            frame.block(round_body(steel), x + part - 0.022, -0.12, x + part + 0.022, 0.82, across=True)
        for y in (0.34, 0.56, 0.76):
            frame.block((steel, darker(steel, 0.2)), x - 0.06, y, x + 0.06, y + 0.035)
    for start, end, low in ((-0.55, 0.55, 0.24), (-1.5, -0.55, 0.3), (0.55, 1.5, 0.3)):
        cable = []
        for step in range(25):
            share = step / 24
            sag = 4 * share * (1 - share)
            edge = (
                0.8
                if start > -1 and end < 1
                else 0.8 * (share if start < -1 else 1 - share) + 0.22 * (1 - share if start < -1 else share)
            )
            cable.append(
                (start + (end - start) * share, edge - (0.8 - low) * sag * (1 if start > -1 and end < 1 else 0.35))
            )
        frame.line(darker(steel, 0.12), 0.016, *cable)
        for x, y in cable[1:-1]:
            frame.line(darker(steel, 0.12), 0.005, (x, 0.22), (x, y))
    frame.block((lighter(steel, 0.08), darker(steel, 0.4)), -2.2, 0.17, 2.2, 0.225)


def tent(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a ridge tent, lit from within after dark."""
    cloth = seen(colour or (214, 122, 62), light)
    glow = _lit(light)
    inner = (255, 214, 140) if glow else darker(cloth, 0.55)
    frame.shadow(0.5, 0.14, 0.45)
    frame.shade((lighter(cloth, 0.2), cloth), (-0.5, 0), (0.1, 0), (-0.06, 0.56))
    frame.shade((darker(cloth, 0.12), darker(cloth, 0.36)), (0.1, 0), (0.55, 0), (-0.06, 0.56))
    frame.shade((inner, lighter(inner, 0.3)), (-0.24, 0), (0.0, 0), (-0.08, 0.38))
    frame.line(darker(cloth, 0.5), 0.01, (-0.06, 0.56), (-0.66, 0.02))
    frame.line(darker(cloth, 0.5), 0.01, (-0.06, 0.56), (0.72, 0.02))
    if glow:
        frame.sheet.glow(frame.at(-0.1, 0.16), 0.8 * frame.size, (255, 196, 110), 0.45)


def tower(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a tall round tower of stone with battlements."""
    stone = seen(colour or (178, 164, 148), light)
    pane = (255, 214, 132) if _lit(light) else darker(stone, 0.6)
    frame.shadow(0.3, 0.14, 0.45)
    frame.shade(round_body(stone), (-0.19, 0), (0.19, 0), (0.15, 0.78), (-0.15, 0.78), across=True)
    for row in range(11):
        for column in range(4):
            x = -0.13 + 0.075 * column + (0.035 if row % 2 else 0) + dice.between(-0.01, 0.01)
            if dice.chance(0.5):
                frame.block(
                    (darker(stone, 0.14),) * 2, x, 0.05 + 0.063 * row, x + 0.045, 0.075 + 0.063 * row, 0.006
                )
    frame.block(round_body(darker(stone, 0.06)), -0.2, 0.77, 0.2, 0.86, across=True)
    for step in range(5):
        x = -0.2 + 0.088 * step
        frame.block((lighter(stone, 0.12), darker(stone, 0.1 + 0.06 * step)), x, 0.86, x + 0.048, 0.915)
    for low in (0.26, 0.54):
        frame.block((pane, pane), -0.028, low, 0.028, low + 0.11, 0.026)
    frame.block((darker(stone, 0.6), darker(stone, 0.75)), -0.055, 0, 0.055, 0.15, 0.05)
    frame.line(darker(stone, 0.6), 0.01, (0, 0.9), (0, 1.1))
    frame.fill(seen((206, 66, 54), light), (0, 1.1), (0.15, 1.065), (0, 1.02))
