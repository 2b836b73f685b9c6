"""What carries people."""

import math

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame, round_body, turned_metal
from creative.providers.canvas.light import Light, seen


def boat(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a small sailing boat on the water, with its reflection."""
    hull = seen(colour or dice.one_of(((178, 62, 52), (44, 78, 112), (226, 220, 204))), light)
    sail = seen((246, 240, 226), light)
    wood = seen((140, 98, 66), light)
    for step in range(9):
        y = -0.03 - step * 0.026
        half = (0.4 - step * 0.035) * dice.between(0.75, 1.1)
        tone = hull if step < 3 else sail
        frame.oval(mix(tone, light.shade, 0.45), dice.between(-0.04, 0.04), y, max(0.02, half), 0.007, 0.5)
    frame.line(darker(wood, 0.3), 0.02, (-0.02, 0.1), (-0.02, 0.98))
    frame.soft(
        (lighter(sail, 0.3), sail, darker(sail, 0.12)),
        (0.0, 0.95),
        (0.22, 0.55),
        (0.4, 0.22),
        (0.18, 0.2),
        (0.0, 0.2),
        (0.03, 0.55),
    )
    frame.soft(
        (sail, darker(sail, 0.2)),
        (-0.05, 0.88),
        (-0.18, 0.5),
        (-0.36, 0.2),
        (-0.2, 0.19),
        (-0.05, 0.22),
        (-0.07, 0.5),
    )
    for step in range(1, 4):
        frame.line(darker(sail, 0.14), 0.005, (0.01, 0.2 + 0.18 * step), (0.38 - 0.1 * step, 0.22 + 0.18 * step))
    frame.fill(seen((206, 66, 54), light), (-0.02, 0.98), (0.1, 0.95), (-0.02, 0.92))
    frame.shade(
        (lighter(hull, 0.2), hull, darker(hull, 0.4)),
        (-0.46, 0.15), (-0.4, 0.04), (-0.32, -0.02), (0.3, -0.02), (0.38, 0.03), (0.5, 0.17), (0.3, 0.125),
        (0, 0.11), (-0.3, 0.125),
    )  # fmt: skip
    frame.line(lighter(hull, 0.55), 0.016, (-0.45, 0.145), (-0.3, 0.12), (0, 0.108), (0.3, 0.122), (0.49, 0.165))
    frame.oval(lighter(light.sky[2], 0.3), 0.02, -0.025, 0.44, 0.012, 0.6)


def balloon(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a hot-air balloon with striped gores."""
    cloth = seen(colour or dice.one_of(((206, 70, 58), (236, 164, 62), (52, 112, 152))), light)
    other = lighter(cloth, 0.55) if dice.chance(0.6) else seen((246, 232, 206), light)
    basket = seen((132, 90, 58), light)
    for side in (-1, 1):
        frame.line(darker(basket, 0.3), 0.008, (side * 0.13, 0.33), (side * 0.055, 0.13))
    frame.block((lighter(basket, 0.12), darker(basket, 0.3)), -0.065, 0.02, 0.065, 0.14, 0.015)
    gores = 8
    for gore in range(gores):
        a = -math.pi / 2 + math.pi * gore / gores
        b = -math.pi / 2 + math.pi * (gore + 1) / gores
        shape = []
        for edge, order in ((a, range(13)), (b, range(12, -1, -1))):
            for step in order:
                v = step / 12
                shape.append((_girth(v) * math.sin(edge), 0.3 + 0.72 * v))
        share = (gore + 0.5) / gores
        tone = cloth if gore % 2 else other
        shaded = lighter(tone, 0.25 * (1 - share)) if share < 0.4 else darker(tone, 0.42 * (share - 0.4))
        frame.shade((lighter(shaded, 0.12), shaded, darker(shaded, 0.22)), *shape)
    frame.oval(darker(cloth, 0.4), 0, 0.305, 0.075, 0.016)


def _girth(v: float) -> float:
    """Return half the width of the envelope at a share of its height."""
    return 0.36 * math.sin(min(1.0, 0.16 + v * 0.84) * math.pi) ** 0.62 if v < 1 else 0.0


def rocket(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a rocket that rises on its flame."""
    body = seen((240, 238, 232), light)
    trim = seen(colour or (206, 66, 54), light)
    frame.sheet.glow(frame.at(0, -0.02), 0.6 * frame.size, (255, 190, 96), 0.8)
    for half, low, tone in (
        (0.13, -0.42, (240, 120, 48)),
        (0.09, -0.3, (252, 188, 76)),
        (0.05, -0.17, (255, 244, 206)),
    ):
        frame.blob(tone, (-half, 0.08), (-half * 0.8, low * 0.4), (0, low), (half * 0.8, low * 0.4), (half, 0.08))
    for side in (-1, 1):
        frame.shade(
            (trim, darker(trim, 0.35)),
            (side * 0.12, 0.36),
            (side * 0.27, 0.12),
            (side * 0.26, -0.01),
            (side * 0.12, 0.1),
        )
    hull = [
        (-0.12, 0.06),
        (-0.15, 0.35),
        (-0.13, 0.65),
        (-0.07, 0.87),
        (0, 1.0),
        (0.07, 0.87),
        (0.13, 0.65),
        (0.15, 0.35),
        (0.12, 0.06),
    ]
    frame.shade(turned_metal(body), *hull, across=True)
    frame.shade(
        turned_metal(trim), (-0.104, 0.76), (-0.07, 0.87), (0, 1.0), (0.07, 0.87), (0.104, 0.76), across=True
    )
    frame.block(turned_metal(trim), -0.125, 0.06, 0.125, 0.12, across=True)
    frame.disc(darker(trim, 0.3), 0, 0.57, 0.075)
    frame.disc((66, 122, 160), 0, 0.57, 0.056)
    frame.disc((170, 214, 228), -0.018, 0.588, 0.022)


def car(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a small car from the side."""
    paint = seen(colour or dice.one_of(((198, 66, 54), (60, 120, 150), (232, 184, 82))), light)
    glass = mix(light.sky[2], light.shade, 0.25)
    frame.shadow(0.62, 0.1, 0.5, 0.0)
    frame.soft(
        (lighter(paint, 0.3), paint, darker(paint, 0.35)),
        (-0.6, 0.14), (-0.6, 0.26), (-0.46, 0.31), (-0.32, 0.34), (-0.2, 0.5), (0.06, 0.53), (0.26, 0.49),
        (0.4, 0.33),
        (0.56, 0.29), (0.62, 0.2), (0.6, 0.1), (0, 0.08), (-0.56, 0.09),
    )  # fmt: skip
    frame.soft((lighter(glass, 0.3), glass), (-0.25, 0.35), (-0.16, 0.46), (0.0, 0.49), (0.0, 0.35))
    frame.soft((lighter(glass, 0.3), glass), (0.04, 0.35), (0.04, 0.49), (0.2, 0.465), (0.32, 0.35))
    frame.line(darker(paint, 0.3), 0.007, (0.02, 0.34), (0.02, 0.12))
    frame.oval((255, 236, 180), 0.585, 0.235, 0.025, 0.03)
    frame.oval((206, 60, 50), -0.59, 0.235, 0.02, 0.028)
    for x in (-0.36, 0.37):
        frame.disc((28, 30, 38), x, 0.1, 0.125)
        frame.disc((150, 154, 162), x, 0.1, 0.068)
        frame.disc((70, 74, 84), x, 0.1, 0.03)
    frame.block(round_body(darker(paint, 0.3)), -0.2, 0.075, 0.2, 0.1, across=True)


def bicycle(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a city bicycle from the side."""
    paint = seen(colour or dice.one_of(((198, 66, 54), (46, 122, 128), (228, 174, 74))), light)
    dark, steel = seen((38, 42, 52), light), seen((196, 200, 206), light)
    frame.shadow(0.62, 0.06, 0.45, 0.0)
    rear, front, crank = (-0.4, 0.24), (0.42, 0.24), (-0.06, 0.24)
    saddle, head = (-0.16, 0.62), (0.27, 0.66)
    for x, y in (rear, front):
        frame.sheet.hoop(frame.at(x, y), 0.24 * frame.size, dark, 0.032 * frame.size)
        frame.sheet.hoop(frame.at(x, y), 0.208 * frame.size, steel, 0.01 * frame.size)
        for spoke in range(12):
            turn = math.pi * spoke / 6
            frame.line(steel, 0.004, (x, y), (x + 0.2 * math.cos(turn), y + 0.2 * math.sin(turn)))
    for bar in (
        (rear, crank),
        (rear, (-0.14, 0.54)),
        (crank, saddle),
        (crank, (0.3, 0.56)),
        ((-0.14, 0.54), head),
    ):
        frame.line(darker(paint, 0.3), 0.036, *bar)
        frame.line(lighter(paint, 0.1), 0.024, *bar)
    frame.line(paint, 0.03, head, (0.33, 0.46), front)
    frame.line(steel, 0.022, head, (0.255, 0.74), (0.3, 0.78), (0.4, 0.77))
    frame.line(dark, 0.036, (0.36, 0.775), (0.43, 0.765))
    frame.blob(
        seen((104, 68, 48), light), (-0.29, 0.655), (-0.2, 0.68), (-0.05, 0.66), (-0.05, 0.635), (-0.2, 0.62)
    )
    frame.disc(steel, *crank, 0.055)
    frame.disc(dark, *crank, 0.03)
    frame.line(dark, 0.02, (-0.06, 0.24), (0.0, 0.12), (0.05, 0.12))
    frame.line(dark, 0.02, (-0.06, 0.24), (-0.12, 0.36), (-0.17, 0.36))


def train(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a train of an engine and two wagons on its rails."""
    paint = seen(colour or dice.one_of(((190, 62, 54), (42, 104, 110), (54, 78, 130))), light)
    dark = seen((40, 42, 52), light)
    cream = seen((240, 228, 202), light)
    pane = (255, 220, 150) if light.dim > 0.1 else mix(light.sky[1], (40, 60, 80), 0.4)
    frame.line(dark, 0.014, (-3.5, -0.012), (3.5, -0.012))
    for sleeper in range(40):
        frame.block((darker(dark, 0.1), dark), -3.4 + 0.17 * sleeper, -0.045, -3.33 + 0.17 * sleeper, -0.02)
    for wagon in (-2, -1):
        left = wagon * 0.76 - 0.2
        frame.block((darker(cream, 0.1), cream), left + 0.01, 0.36, left + 0.71, 0.43, 0.02)
        frame.block((lighter(paint, 0.16), paint, darker(paint, 0.25)), left, 0.08, left + 0.72, 0.38, 0.02)
        frame.block((cream, cream), left, 0.185, left + 0.72, 0.2)
        for window in range(5):
            x = left + 0.06 + 0.128 * window
            frame.block((lighter(pane, 0.2), pane), x, 0.23, x + 0.09, 0.33, 0.01)
        for x in (left + 0.12, left + 0.24, left + 0.48, left + 0.6):
            frame.disc(dark, x, 0.055, 0.055)
            frame.disc(lighter(dark, 0.4), x, 0.055, 0.022)
        frame.line(dark, 0.03, (left + 0.7, 0.11), (left + 0.78, 0.11))
    frame.block((lighter(paint, 0.24), paint, darker(paint, 0.35)), 0.0, 0.14, 0.62, 0.4, 0.05)
    frame.block((lighter(paint, 0.16), darker(paint, 0.2)), -0.2, 0.1, 0.1, 0.5, 0.02)
    frame.block((dark, darker(dark, 0.2)), -0.24, 0.49, 0.14, 0.535, 0.02)
    frame.block((lighter(pane, 0.2), pane), -0.13, 0.31, 0.03, 0.44, 0.015)
    frame.block(turned_metal(dark), 0.44, 0.39, 0.53, 0.58, across=True)
    frame.block(turned_metal(dark), 0.42, 0.56, 0.55, 0.61, 0.02, across=True)
    frame.block(turned_metal((206, 164, 90)), 0.22, 0.39, 0.31, 0.46, 0.03, across=True)
    frame.disc((255, 236, 180), 0.63, 0.33, 0.03)
    frame.fill(dark, (0.6, 0.12), (0.76, 0.0), (0.6, 0.0))
    frame.block((dark, darker(dark, 0.3)), -0.18, 0.09, 0.64, 0.15)
    for x, r in ((-0.08, 0.1), (0.16, 0.1), (0.38, 0.07), (0.54, 0.07)):
        frame.disc(darker(dark, 0.2), x, r, r)
        frame.disc(paint, x, r, r * 0.7)
        frame.disc(cream, x, r, r * 0.26)
    for puff in range(6):
        frame.disc(
            (248, 246, 240), 0.46 - 0.17 * puff, 0.68 + 0.055 * puff, 0.06 + 0.022 * puff, 0.62 - 0.07 * puff
        )
