"""Machines, furniture and signs."""

import math

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame, turned_metal
from creative.providers.canvas.light import Light


def lamp(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a table lamp that is lit."""
    shade = colour or (226, 170, 92)
    frame.shadow(0.26, 0.2, 0.5)
    frame.sheet.glow(frame.at(0, 0.72), 1.0 * frame.size, (255, 220, 150), 0.6)
    frame.soft(
        turned_metal((176, 142, 92)),
        (-0.2, 0.0),
        (-0.17, 0.05),
        (-0.05, 0.08),
        (0.05, 0.08),
        (0.17, 0.05),
        (0.2, 0.0),
        (0, -0.02),
        across=True,
    )
    frame.block(turned_metal((176, 142, 92)), -0.022, 0.06, 0.022, 0.58, across=True)
    frame.disc((196, 162, 108), 0, 0.3, 0.05)
    frame.shade(
        (lighter(shade, 0.3), lighter(shade, 0.6), shade), (-0.34, 0.52), (0.34, 0.52), (0.2, 0.96), (-0.2, 0.96)
    )
    frame.shade(
        (lighter(shade, 0.5), darker(shade, 0.16)),
        (0.12, 0.52),
        (0.34, 0.52),
        (0.2, 0.96),
        (0.1, 0.96),
        across=True,
    )
    frame.oval((255, 244, 210), 0, 0.52, 0.34, 0.05)
    frame.line(darker(shade, 0.25), 0.012, (-0.2, 0.955), (0.2, 0.955))


def phone(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a phone that stands upright, its screen lit."""
    case = colour or (58, 62, 74)
    screen = dice.one_of(
        (((64, 84, 150), (206, 120, 150), (250, 196, 130)), ((24, 60, 84), (64, 150, 150), (230, 220, 170)))
    )
    frame.shadow(0.28, 0.16, 0.55)
    frame.block(turned_metal(case), -0.27, 0.0, 0.27, 1.0, 0.07, across=True)
    frame.block((darker(case, 0.5), darker(case, 0.7)), -0.25, 0.02, 0.25, 0.98, 0.055)
    frame.block(screen, -0.235, 0.035, 0.235, 0.965, 0.045)
    for row in range(4):
        for column in range(3):
            x, y = -0.165 + 0.125 * column, 0.26 + 0.145 * row
            tone = mix(screen[(row + column) % 3], (255, 255, 255), 0.45)
            frame.block((lighter(tone, 0.3), tone), x, y, x + 0.08, y + 0.08, 0.02)
    frame.block(((20, 22, 28), (20, 22, 28)), -0.06, 0.925, 0.06, 0.95, 0.012)
    frame.fill((255, 255, 255), (-0.235, 0.965), (-0.02, 0.965), (-0.235, 0.45), alpha=0.12)


def laptop(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw an open laptop."""
    case = colour or (176, 182, 190)
    frame.shadow(0.74, 0.1, 0.55)
    frame.block((lighter(case, 0.1), darker(case, 0.4)), -0.56, 0.12, 0.56, 0.86, 0.04)
    frame.block(((26, 34, 52), (34, 52, 76), (40, 74, 96)), -0.525, 0.16, 0.525, 0.825, 0.02)
    tones = ((240, 180, 96), (120, 200, 190), (230, 120, 130), (200, 206, 214))
    for row in range(9):
        x = -0.46 + 0.05 * dice.whole(0, 3)
        for _ in range(dice.whole(2, 4)):
            width = dice.between(0.06, 0.2)
            if x + width < 0.46:
                y = 0.765 - 0.064 * row
                frame.block((dice.one_of(tones),) * 2, x, y, x + width, y + 0.022, 0.01)
                x += width + 0.03
    frame.shade(
        (lighter(case, 0.35), darker(case, 0.06)), (-0.56, 0.12), (0.56, 0.12), (0.76, -0.06), (-0.76, -0.06)
    )
    for row in range(4):
        y, half = 0.1 - 0.032 * row, 0.5 + 0.045 * row
        for column in range(14):
            x = -half + 2 * half * column / 14
            frame.fill(
                darker(case, 0.55), (x, y), (x + half / 8.6, y), (x + half / 8.4, y - 0.022), (x, y - 0.022)
            )
    frame.fill(darker(case, 0.12), (-0.18, -0.03), (0.18, -0.03), (0.2, -0.056), (-0.2, -0.056))
    frame.block((darker(case, 0.2), darker(case, 0.45)), -0.76, -0.085, 0.76, -0.06, 0.01)


def chair(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw an armchair on wooden legs."""
    cloth = colour or dice.one_of(((70, 118, 124), (202, 112, 76), (206, 168, 90)))
    wood = (132, 92, 62)
    frame.shadow(0.5, 0.14, 0.5)
    for x, lean in ((-0.36, -0.06), (0.36, 0.06), (-0.26, -0.02), (0.26, 0.02)):
        frame.line(darker(wood, 0.2), 0.045, (x, 0.2), (x + lean, 0.0))
    frame.soft(
        (lighter(cloth, 0.16), cloth, darker(cloth, 0.25)),
        (-0.38, 0.3),
        (-0.42, 0.7),
        (-0.34, 0.96),
        (0, 1.0),
        (0.34, 0.96),
        (0.42, 0.7),
        (0.38, 0.3),
    )
    for x, y in ((-0.16, 0.72), (0.16, 0.72), (0.0, 0.84), (0.0, 0.6)):
        frame.disc(darker(cloth, 0.35), x, y, 0.014)
    frame.block((lighter(cloth, 0.25), cloth, darker(cloth, 0.32)), -0.4, 0.18, 0.4, 0.42, 0.07)
    for side in (-1, 1):
        left, right = sorted((side * 0.36, side * 0.52))
        frame.block((lighter(cloth, 0.18), cloth, darker(cloth, 0.34)), left, 0.18, right, 0.56, 0.06)


def robot(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a friendly small robot."""
    shell = colour or dice.one_of(((226, 226, 220), (236, 176, 84), (96, 160, 170)))
    dark = (58, 64, 78)
    frame.shadow(0.36, 0.16, 0.55)
    for side in (-1, 1):
        frame.block(turned_metal(dark), side * 0.17 - 0.05, 0.04, side * 0.17 + 0.05, 0.24, across=True)
        frame.block(
            (lighter(shell, 0.1), darker(shell, 0.3)), side * 0.18 - 0.1, 0.0, side * 0.18 + 0.1, 0.08, 0.03
        )
        frame.line(dark, 0.05, (side * 0.3, 0.5), (side * 0.43, 0.38), (side * 0.41, 0.24))
        frame.disc(shell, side * 0.41, 0.22, 0.06)
    frame.block((lighter(shell, 0.25), shell, darker(shell, 0.25)), -0.3, 0.2, 0.3, 0.58, 0.09)
    frame.block((lighter(dark, 0.1), dark), -0.17, 0.3, 0.17, 0.47, 0.03)
    for place, tone in enumerate(((240, 112, 92), (246, 198, 96), (110, 206, 170))):
        frame.disc(tone, -0.09 + 0.09 * place, 0.385, 0.026)
    frame.block(turned_metal(dark), -0.06, 0.57, 0.06, 0.63, across=True)
    frame.block((lighter(shell, 0.35), shell, darker(shell, 0.2)), -0.34, 0.61, 0.34, 0.97, 0.12)
    frame.block((dark, darker(dark, 0.3)), -0.26, 0.67, 0.26, 0.89, 0.08)
    for side in (-1, 1):
        frame.sheet.glow(frame.at(side * 0.12, 0.785), 0.12 * frame.size, (120, 236, 226), 0.8)
        frame.disc((176, 250, 240), side * 0.12, 0.785, 0.042)
    frame.line((176, 250, 240), 0.014, (-0.06, 0.715), (0, 0.703), (0.06, 0.715))
    frame.line(dark, 0.02, (0, 0.96), (0, 1.06))
    frame.disc((240, 112, 92), 0, 1.08, 0.035)


def gem(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a cut crystal with bright facets."""
    tone = colour or dice.one_of(((92, 150, 206), (170, 110, 200), (90, 190, 160)))
    frame.shadow(0.34, 0.18, 0.5)
    frame.sheet.glow(frame.at(0, 0.45), 0.8 * frame.size, lighter(tone, 0.4), 0.4)
    top = [(-0.24, 0.86), (0.0, 0.92), (0.24, 0.86)]
    belt = [(-0.44, 0.6), (-0.17, 0.55), (0.17, 0.55), (0.44, 0.6)]
    foot = (0.0, 0.0)
    facets = [
        ([top[0], belt[0], belt[1]], 0.45), ([top[0], belt[1], top[1]], 0.65), ([top[1], belt[1], belt[2]], 0.3),
        ([top[1], belt[2], top[2]], 0.1), ([top[2], belt[2], belt[3]], -0.12), ([belt[0], belt[1], foot], 0.2),
        ([belt[1], belt[2], foot], -0.06), ([belt[2], belt[3], foot], -0.36),
    ]  # fmt: skip
    for shape, lift in facets:
        base = lighter(tone, lift) if lift > 0 else darker(tone, -lift)
        frame.shade((lighter(base, 0.22), base, darker(base, 0.12)), *shape)
    for start, end in (
        (belt[1], foot),
        (belt[2], foot),
        (belt[0], belt[1]),
        (belt[1], belt[2]),
        (belt[2], belt[3]),
    ):
        frame.line(lighter(tone, 0.75), 0.006, start, end)
    frame.disc((255, 255, 255), -0.2, 0.72, 0.016)


def heart(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a heart."""
    tone = colour or (206, 58, 66)
    frame.shadow(0.34, 0.14, 0.4)
    outline = []
    for step in range(48):
        t = 2 * math.pi * step / 48
        x = 0.028 * 16 * math.sin(t) ** 3
        y = 0.52 + 0.028 * (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t))
        outline.append((x, y))
    frame.shade((lighter(tone, 0.24), tone, darker(tone, 0.3)), *outline)
    frame.blob(lighter(tone, 0.6), (-0.3, 0.72), (-0.2, 0.82), (-0.14, 0.8), (-0.24, 0.66), alpha=0.6)


def emblem(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a round badge: a ring, rays and a mark in the middle."""
    tone = colour or dice.one_of(((196, 82, 60), (44, 110, 122), (70, 76, 130)))
    pale = lighter(tone, 0.82)
    frame.shadow(0.4, 0.12, 0.3)
    for r, part in ((0.5, tone), (0.46, pale), (0.43, tone)):
        frame.disc(part, 0, 0.5, r)
    rays = dice.one_of((12, 16, 20))
    for ray in range(rays):
        a, b = 2 * math.pi * ray / rays, 2 * math.pi * (ray + 0.5) / rays
        frame.fill(
            lighter(tone, 0.14),
            (0, 0.5),
            (0.42 * math.cos(a), 0.5 + 0.42 * math.sin(a)),
            (0.42 * math.cos(b), 0.5 + 0.42 * math.sin(b)),
        )
    frame.disc(pale, 0, 0.5, 0.27)
    corners, inner = dice.one_of(((5, 0.4), (6, 0.55), (8, 0.62), (4, 0.36))), 0.22
    star = []
    for step in range(corners[0] * 2):
        turn = math.pi / 2 + math.pi * step / corners[0]
        r = inner if step % 2 == 0 else inner * corners[1]
        star.append((r * math.cos(turn), 0.5 + r * math.sin(turn)))
    frame.fill(tone, *star)
    frame.disc(pale, 0, 0.5, 0.05)


def planet(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a banded planet with a ring."""
    tone = colour or dice.one_of(((206, 150, 104), (110, 140, 190), (178, 120, 160)))
    frame.sheet.glow(frame.at(0, 0.5), 0.75 * frame.size, lighter(tone, 0.3), 0.45)
    tilt = 0.22
    back = [
        (
            0.72 * math.cos(t / 30 * math.pi),
            0.5 + tilt * 0.72 * math.cos(t / 30 * math.pi) + 0.15 * math.sin(t / 30 * math.pi),
        )
        for t in range(31)
    ]
    frame.line(lighter(tone, 0.35), 0.035, *back)
    frame.oval_shade((lighter(tone, 0.3), tone, darker(tone, 0.45)), 0, 0.5, 0.42, 0.42)
    r = 0.42
    for band in range(7):
        low, thick = -0.34 + band * 0.1 + dice.between(-0.02, 0.02), dice.between(0.025, 0.06)
        part = lighter(tone, 0.2) if band % 2 else darker(tone, 0.14)
        edge = [
            (share, low + thick * up) for up in (0, 1) for share in (range(-12, 13) if up else range(12, -13, -1))
        ]
        shape = []
        for step, y in edge:
            bow = y + 0.03 * (1 - (step / 12) ** 2)
            shape.append((step / 12 * math.sqrt(max(0.0, r * r - y * y)) * 0.995, 0.5 + bow - 0.03))
        frame.fill(part, *shape, alpha=0.42)
    for reach in (0.36, 0.3, 0.24, 0.17, 0.1, 0.02, -0.07):
        turns = [t / 24 * math.pi - math.pi / 2 for t in range(25)]
        outer = [(r * math.cos(t), 0.5 + r * math.sin(t)) for t in turns]
        inner = [(reach * math.cos(t), 0.5 + r * math.sin(t)) for t in reversed(turns)]
        frame.fill((8, 8, 24), *outer, *inner, alpha=0.09)
    front = [
        (
            0.72 * math.cos(t / 30 * math.pi),
            0.5 + tilt * 0.72 * math.cos(t / 30 * math.pi) - 0.15 * math.sin(t / 30 * math.pi),
        )
        for t in range(31)
    ]
    frame.line(lighter(tone, 0.55), 0.04, *front)
    frame.line(darker(tone, 0.2), 0.008, *front)
