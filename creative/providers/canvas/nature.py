"""What grows."""

import math

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame, round_body
from creative.providers.canvas.light import Light, rim, seen


def tree(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a broad tree with a crown of many leaves' masses, lit from one side."""
    leaf = seen(colour, light) if colour else mix(light.leaf, light.shade, light.dim * 0.2)
    bark = mix((94, 70, 56), light.shade, light.dim * 0.7)
    frame.shadow(0.42, 0.14, 0.4)
    frame.shade(
        round_body(bark),
        (-0.075, 0), (-0.04, 0.12), (-0.035, 0.34), (-0.14, 0.5), (-0.1, 0.52), (0, 0.42), (0.1, 0.54),
        (0.14, 0.5),
        (0.045, 0.34), (0.05, 0.12), (0.09, 0), across=True,
    )  # fmt: skip
    masses = [(dice.between(-0.3, 0.3), 0.52 + dice.between(0, 0.3), dice.between(0.13, 0.2)) for _ in range(9)]
    masses += [
        (-0.3, 0.54, 0.17),
        (0.3, 0.55, 0.17),
        (0.0, 0.86, 0.2),
        (-0.17, 0.76, 0.2),
        (0.18, 0.76, 0.2),
        (0, 0.62, 0.25),
    ]
    for x, y, r in masses:
        frame.disc(darker(leaf, 0.34), x + 0.02, y - 0.03, r)
    for x, y, r in masses:
        frame.disc(darker(leaf, 0.1), x - 0.015, y + 0.01, r * 0.92)
    for x, y, r in masses:
        frame.disc(mix(leaf, rim(leaf, light), 0.5 * (1 - light.dim)), x - 0.05, y + 0.045, r * 0.62)
    for speck in range(54):
        x, y, r = masses[speck % len(masses)]
        turn, out = dice.between(0, 6.28), dice.between(0.2, 0.95) * r
        tone = dice.one_of((lighter(leaf, 0.12), mix(leaf, rim(leaf, light), 0.6), darker(leaf, 0.2)))
        frame.oval(tone, x + out * math.cos(turn), y + out * math.sin(turn), 0.018, 0.011)


def flower(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a single tall flower with leaves."""
    petal = seen(colour or dice.one_of(((222, 84, 88), (238, 176, 66), (170, 96, 176), (240, 150, 170))), light)
    stem = seen((74, 122, 66), light)
    lean = dice.between(-0.08, 0.08)
    frame.line(darker(stem, 0.15), 0.03, (0, 0), (lean * 0.4, 0.35), (lean, 0.72))
    frame.soft(
        (lighter(stem, 0.1), darker(stem, 0.2)), (0.0, 0.16), (0.15, 0.3), (0.28, 0.46), (0.14, 0.42), (0.02, 0.26)
    )
    frame.soft((stem, darker(stem, 0.3)), (0.0, 0.1), (-0.16, 0.2), (-0.28, 0.38), (-0.13, 0.33), (-0.01, 0.2))
    blossom(frame, petal, lean, 0.76, 0.2, dice)


def blossom(frame: Frame, petal: Colour, x: float, y: float, r: float, dice: Dice) -> None:
    """Draw a round flower head with a ring of petals."""
    count = dice.whole(6, 9)
    turn = dice.between(0, 1)
    for ring, tone in ((1.0, darker(petal, 0.16)), (0.82, petal), (0.6, lighter(petal, 0.2))):
        for place in range(count):
            angle = turn + 6.283 * (place + ring) / count
            reach = r * ring
            tip = (x + reach * math.cos(angle), y + reach * 0.86 * math.sin(angle))
            side = (-math.sin(angle) * r * 0.3, math.cos(angle) * r * 0.26)
            half = (x + 0.62 * (tip[0] - x), y + 0.62 * (tip[1] - y))
            frame.blob(
                tone, (x, y), (half[0] + side[0], half[1] + side[1]), tip, (half[0] - side[0], half[1] - side[1])
            )
    frame.disc((214, 158, 60), x, y, r * 0.24)
    frame.disc((150, 96, 44), x + r * 0.03, y - r * 0.03, r * 0.15)


def mushroom(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a toadstool with a spotted cap."""
    cap = seen(colour or (204, 60, 48), light)
    stem = seen((242, 234, 216), light)
    frame.shadow(0.28, 0.16, 0.45)
    frame.soft(
        round_body(stem), (-0.13, 0.02), (-0.09, 0.28), (-0.08, 0.5), (0.08, 0.5), (0.09, 0.28),
        (0.13, 0.02), (0, -0.02),
        across=True,
    )  # fmt: skip
    frame.oval(darker(stem, 0.28), 0, 0.5, 0.37, 0.07)
    frame.soft(
        (darker(stem, 0.05), darker(stem, 0.2)),
        (-0.12, 0.42),
        (0.12, 0.42),
        (0.16, 0.34),
        (0, 0.36),
        (-0.16, 0.34),
    )
    frame.soft(
        (lighter(cap, 0.25), cap, darker(cap, 0.25)),
        (-0.42, 0.5), (-0.36, 0.7), (-0.2, 0.86), (0, 0.91), (0.2, 0.86), (0.36, 0.7), (0.42, 0.5), (0, 0.55),
    )  # fmt: skip
    spots = ((-0.2, 0.7, 0.055), (0.05, 0.8, 0.045), (0.22, 0.68, 0.06), (0.0, 0.64, 0.04), (-0.32, 0.57, 0.035))
    for x, y, r in (*spots, (-0.1, 0.83, 0.026), (0.34, 0.57, 0.03)):
        frame.oval(lighter(stem, 0.3), x, y, r, r * 0.8)
