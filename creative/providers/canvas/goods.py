"""Things that people buy, eat and wear."""

import math

from creative.providers.canvas.colour import Colour, darker, lighter
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame, round_body, turned_metal
from creative.providers.canvas.light import Light
from creative.providers.canvas.sheet import Point, smooth


def clock(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw an alarm clock with two bells."""
    case = colour or dice.one_of(((196, 78, 62), (58, 112, 124), (222, 170, 84)))
    frame.shadow(0.36, 0.16, 0.55)
    for side in (-1, 1):
        frame.line(darker(case, 0.45), 0.05, (side * 0.2, 0.2), (side * 0.3, 0.015))
        bell = [
            (side * 0.08, 0.86),
            (side * 0.13, 0.99),
            (side * 0.27, 0.98),
            (side * 0.36, 0.84),
            (side * 0.36, 0.76),
        ]
        frame.line(darker(case, 0.4), 0.03, (side * 0.19, 0.74), (side * 0.23, 0.9))
        frame.soft((lighter(case, 0.4), case, darker(case, 0.3)), *bell)
    frame.line(darker(case, 0.5), 0.028, (-0.09, 0.93), (-0.07, 1.03), (0.07, 1.03), (0.09, 0.93))
    frame.oval_shade(turned_metal(case), 0, 0.44, 0.43, 0.43, across=True)
    frame.oval_shade((darker(case, 0.4), darker(case, 0.1)), 0, 0.44, 0.37, 0.37)
    frame.oval_shade(((252, 248, 238), (228, 222, 208)), 0, 0.44, 0.345, 0.345)
    for mark in range(12):
        turn = math.pi * mark / 6
        long = 0.055 if mark % 3 == 0 else 0.028
        ends = [(r * math.sin(turn), 0.44 + r * math.cos(turn)) for r in (0.305 - long, 0.305)]
        frame.line((62, 66, 80), 0.018 if mark % 3 == 0 else 0.01, *ends)
    hour, minute = dice.between(9.6, 10.4), dice.between(8, 12)
    for turn, long, thick in ((hour / 6 * math.pi, 0.17, 0.028), (minute / 30 * math.pi, 0.25, 0.02)):
        frame.line((44, 48, 60), thick, (0, 0.44), (long * math.sin(turn), 0.44 + long * math.cos(turn)))
    frame.disc(darker(case, 0.1), 0, 0.44, 0.03)


def headphones(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw headphones that stand on their cups."""
    shell = colour or dice.one_of(((60, 66, 82), (204, 96, 74), (226, 216, 198)))
    frame.shadow(0.5, 0.12, 0.55)
    arc = [(0.44 * math.cos(math.pi * t / 24), 0.4 + 0.52 * math.sin(math.pi * t / 24)) for t in range(25)]
    frame.line(darker(shell, 0.35), 0.075, *arc)
    frame.line(lighter(shell, 0.12), 0.04, *arc)
    pad = arc[7:18]
    frame.line(darker(shell, 0.55), 0.1, *pad)
    frame.line(darker(shell, 0.3), 0.06, *[(x, y + 0.012) for x, y in pad])
    for side in (-1, 1):
        frame.block(
            turned_metal((186, 190, 198)), side * 0.44 - 0.022, 0.36, side * 0.44 + 0.022, 0.56, across=True
        )
        inner = sorted((side * 0.26, side * 0.4))
        frame.block((darker(shell, 0.35), darker(shell, 0.62)), inner[0], 0.02, inner[1], 0.44, 0.07)
        outer = sorted((side * 0.38, side * 0.58))
        frame.block((lighter(shell, 0.32), shell, darker(shell, 0.36)), outer[0], 0.0, outer[1], 0.46, 0.09)
        frame.block(
            (lighter(shell, 0.5), lighter(shell, 0.2)), side * 0.5 - 0.012, 0.12, side * 0.5 + 0.012, 0.34, 0.012
        )


def shoe(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a running shoe from the side."""
    upper = colour or dice.one_of(((204, 84, 66), (54, 106, 140), (232, 178, 80)))
    sole = (246, 242, 232)
    frame.shadow(0.66, 0.1, 0.55)
    body: list[Point] = [
        (-0.58, 0.1), (-0.6, 0.3), (-0.56, 0.52), (-0.47, 0.57), (-0.34, 0.49), (-0.2, 0.5),
        (-0.02, 0.56), (0.08, 0.5),
        (0.24, 0.36), (0.46, 0.28), (0.6, 0.2), (0.62, 0.1), (0, 0.08),
    ]  # fmt: skip
    frame.blob(
        darker(upper, 0.55), (-0.52, 0.5), (-0.36, 0.55), (-0.16, 0.56), (-0.04, 0.55), (-0.2, 0.44), (-0.4, 0.44)
    )
    frame.soft((lighter(upper, 0.24), upper, darker(upper, 0.24)), *body)
    frame.soft(
        (lighter(upper, 0.4), lighter(upper, 0.2)), (0.36, 0.1), (0.38, 0.22), (0.5, 0.26), (0.6, 0.2), (0.63, 0.1)
    )
    frame.soft((darker(upper, 0.2), darker(upper, 0.4)), (-0.6, 0.1), (-0.59, 0.3), (-0.46, 0.28), (-0.38, 0.1))
    swoop = [(-0.34, 0.16), (-0.1, 0.2), (0.14, 0.32), (0.0, 0.26), (-0.18, 0.26)]
    frame.blob(sole, *swoop)
    for lace in range(4):
        x, y = 0.0 + 0.075 * lace, 0.5 - 0.058 * lace
        frame.line(sole, 0.026, (x - 0.07, y - 0.09), (x + 0.05, y + 0.005))
    frame.soft(
        (lighter(sole, 0.5), sole, darker(sole, 0.2)),
        (-0.64, 0.14), (-0.3, 0.11), (0.1, 0.1), (0.5, 0.12), (0.67, 0.15), (0.66, 0.04), (0.5, 0.0), (-0.1, 0.0),
        (-0.58, 0.0), (-0.66, 0.05),
    )  # fmt: skip
    frame.line(darker(upper, 0.1), 0.016, (-0.63, 0.055), (-0.2, 0.05), (0.3, 0.05), (0.64, 0.075))


def cake(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a cake with icing, a cherry row and a candle, on a stand."""
    icing = colour or dice.one_of(((244, 196, 204), (246, 236, 214), (196, 224, 214)))
    crumb = (206, 150, 96)
    frame.shadow(0.36, 0.16, 0.5)
    plate = (236, 236, 232)
    frame.shade(round_body(plate), (-0.16, 0.0), (0.16, 0.0), (0.05, 0.1), (-0.05, 0.1), across=True)
    frame.oval_shade((darker(plate, 0.1), darker(plate, 0.3)), 0, 0.11, 0.56, 0.05)
    frame.oval(lighter(plate, 0.5), 0, 0.125, 0.56, 0.05)
    frame.block(round_body(crumb), -0.42, 0.13, 0.42, 0.52, 0.03, across=True)
    frame.block(round_body(lighter(icing, 0.3)), -0.42, 0.28, 0.42, 0.34, across=True)
    frame.oval_shade((lighter(icing, 0.35), icing), 0, 0.52, 0.43, 0.075)
    drip = [(-0.43, 0.53)]
    for step in range(13):
        x = -0.4 + 0.8 * step / 12
        drip.append((x, 0.47 - (dice.between(0.05, 0.1) if step % 2 else 0.0)))
    frame.soft(
        tuple(lighter(tone, 0.1) for tone in round_body(icing)),
        *drip,
        (0.43, 0.53),
        (0.2, 0.5),
        (-0.2, 0.5),
        across=True,
    )
    frame.oval(lighter(icing, 0.4), 0, 0.53, 0.4, 0.062)
    for step in range(7):
        turn = math.pi * (0.5 + step) / 7
        frame.disc((190, 50, 60), -0.33 * math.cos(turn), 0.565 - 0.035 * math.sin(turn), 0.036)
        frame.disc((240, 150, 150), -0.33 * math.cos(turn) - 0.01, 0.578 - 0.035 * math.sin(turn), 0.01)
    frame.block(turned_metal((120, 170, 200)), -0.022, 0.55, 0.022, 0.78, across=True)
    frame.sheet.glow(frame.at(0, 0.86), 0.3 * frame.size, (255, 220, 140), 0.8)
    frame.blob((255, 214, 110), (0, 0.78), (0.032, 0.83), (0, 0.92), (-0.032, 0.83))


def guitar(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw an acoustic guitar that stands upright."""
    wood = colour or dice.one_of(((206, 142, 78), (186, 104, 58), (222, 174, 104)))
    neck = (98, 66, 48)
    frame.shadow(0.3, 0.16, 0.5)
    half = [
        (0.0, 0.01),
        (0.2, 0.03),
        (0.27, 0.15),
        (0.22, 0.28),
        (0.155, 0.36),
        (0.19, 0.46),
        (0.165, 0.55),
        (0.06, 0.59),
    ]
    body = [*half, *[(-x, y) for x, y in reversed(half[1:])]]
    frame.blob(darker(wood, 0.5), *[(x * 1.06, 0.3 + (y - 0.3) * 1.03) for x, y in body])
    frame.soft((lighter(wood, 0.22), wood, darker(wood, 0.2)), *body)
    frame.disc(darker(wood, 0.45), 0, 0.38, 0.088)
    frame.disc((40, 28, 26), 0, 0.38, 0.072)
    frame.block((darker(neck, 0.1), darker(neck, 0.4)), -0.1, 0.15, 0.1, 0.185, 0.01)
    frame.block(turned_metal(neck), -0.034, 0.46, 0.034, 1.12, across=True)
    frame.block((lighter(neck, 0.14), darker(neck, 0.2)), -0.056, 1.1, 0.056, 1.27, 0.02)
    for fret in range(9):
        y = 0.56 + 0.06 * fret
        frame.line((206, 200, 190), 0.006, (-0.032, y), (0.032, y))
    for peg in range(3):
        for side in (-1, 1):
            frame.disc((220, 214, 200), side * 0.066, 1.135 + 0.045 * peg, 0.014)
    for string in (-0.018, -0.006, 0.006, 0.018):
        frame.line((240, 232, 214), 0.004, (string, 0.17), (string, 1.13))


def umbrella(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw an open umbrella."""
    cloth = colour or dice.one_of(((204, 66, 60), (236, 184, 76), (60, 104, 150)))
    frame.shadow(0.22, 0.2, 0.45)
    frame.line((96, 70, 54), 0.028, (0, 0.9), (0, 0.12))
    hook = smooth([(0, 0.14), (0.0, 0.05), (0.05, 0.015), (0.11, 0.04), (0.115, 0.1)], 8, closed=False)
    frame.line((96, 70, 54), 0.04, *hook)
    for place in range(5):
        tone = lighter(cloth, 0.24 - 0.12 * place) if place < 2 else darker(cloth, 0.11 * (place - 2))
        edges = (-0.5 + 0.2 * place, -0.3 + 0.2 * place)
        down, up = ([(2 * x * 0.52 * math.sin(t / 16 * math.pi / 2), 0.6 + 0.4 * math.cos(t / 16 * math.pi / 2))
                     for t in range(17)] for x in edges)  # fmt: skip
        hem = [(1.04 * (edges[0] + 0.2 * s), 0.6 + 0.16 * s * (1 - s)) for s in (0.2, 0.4, 0.6, 0.8)]
        frame.shade((lighter(tone, 0.14), tone, darker(tone, 0.14)), *down, *hem, *reversed(up))
    frame.line((96, 70, 54), 0.022, (0, 0.98), (0, 1.05))
