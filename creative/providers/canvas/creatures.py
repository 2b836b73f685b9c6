"""Living beings, as calm silhouettes with a little light on them."""

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame
from creative.providers.canvas.light import Light, seen


def bird(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a bird in flight with spread wings."""
    tone = seen(colour or (52, 56, 72), light)
    lift = dice.between(-0.05, 0.12)
    frame.blob(
        tone,
        (-0.5, 0.42 + lift),
        (-0.28, 0.36 + lift * 0.6),
        (-0.06, 0.2),
        (0.0, 0.15),
        (-0.08, 0.13),
        (-0.3, 0.25 + lift * 0.5),
    )
    frame.blob(
        darker(tone, 0.12),
        (0.5, 0.46 + lift),
        (0.26, 0.38 + lift * 0.6),
        (0.06, 0.21),
        (0.0, 0.15),
        (0.1, 0.13),
        (0.3, 0.27 + lift * 0.5),
    )
    frame.blob(
        lighter(tone, 0.08),
        (-0.2, 0.08),
        (-0.1, 0.17),
        (0.06, 0.2),
        (0.17, 0.19),
        (0.2, 0.16),
        (0.08, 0.1),
        (-0.06, 0.08),
        (-0.26, 0.04),
    )
    frame.fill((226, 160, 60), (0.19, 0.185), (0.26, 0.165), (0.19, 0.155))


def cat(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a sitting cat."""
    fur = seen(colour or dice.one_of(((206, 132, 74), (70, 72, 84), (196, 188, 178))), light)
    dark, pale = darker(fur, 0.28), lighter(fur, 0.35)
    frame.shadow(0.34, 0.14, 0.5)
    frame.line(dark, 0.075, (0.2, 0.05), (0.4, 0.07), (0.46, 0.2), (0.4, 0.3))
    frame.soft(
        (lighter(fur, 0.12), fur, dark),
        (-0.22, 0.0), (-0.25, 0.2), (-0.16, 0.44), (-0.1, 0.58), (0.1, 0.58), (0.18, 0.42), (0.28, 0.2),
        (0.26, 0.0), (0, -0.02),
    )  # fmt: skip
    frame.oval(pale, -0.02, 0.28, 0.09, 0.16, 0.8)
    for side in (-1, 1):
        frame.blob(fur, (side * 0.05, 0.3), (side * 0.12, 0.16), (side * 0.12, 0.0), (side * 0.02, 0.0))
        frame.oval(pale, side * 0.075, 0.02, 0.06, 0.03)
        frame.fill(dark, (side * 0.2, 0.66), (side * 0.185, 0.94), (side * 0.04, 0.8))
        frame.fill(mix(fur, (226, 150, 140), 0.55), (side * 0.17, 0.72), (side * 0.165, 0.87), (side * 0.08, 0.79))
    frame.soft(
        (lighter(fur, 0.16), fur, darker(fur, 0.12)),
        (-0.2, 0.66),
        (-0.16, 0.78),
        (0, 0.83),
        (0.16, 0.78),
        (0.2, 0.66),
        (0.12, 0.54),
        (0, 0.5),
        (-0.12, 0.54),
    )
    frame.oval(pale, 0, 0.58, 0.085, 0.055)
    for side in (-1, 1):
        frame.oval((220, 206, 96), side * 0.085, 0.685, 0.042, 0.034)
        frame.oval((24, 26, 34), side * 0.085, 0.685, 0.015, 0.032)
        for whisker in (-0.02, 0.015):
            frame.line(lighter(pale, 0.4), 0.005, (side * 0.06, 0.59), (side * 0.27, 0.6 + whisker * 2))
    frame.fill((196, 110, 110), (-0.025, 0.622), (0.025, 0.622), (0, 0.595))


def fish(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a swimming fish."""
    scale = seen(colour or dice.one_of(((232, 124, 60), (236, 170, 70), (222, 96, 70))), light)
    dark = darker(scale, 0.25)
    frame.blob(dark, (-0.28, 0.3), (-0.5, 0.48), (-0.46, 0.3), (-0.5, 0.12))
    frame.blob(dark, (-0.12, 0.42), (0.02, 0.58), (0.14, 0.44))
    frame.blob(dark, (0.0, 0.18), (-0.06, 0.06), (0.1, 0.16))
    frame.soft(
        (lighter(scale, 0.1), scale, lighter(scale, 0.45)),
        (-0.34, 0.3),
        (-0.12, 0.43),
        (0.16, 0.46),
        (0.38, 0.36),
        (0.44, 0.28),
        (0.34, 0.2),
        (0.1, 0.14),
        (-0.14, 0.18),
    )
    for stripe in (-0.08, 0.08):
        frame.blob(
            lighter(scale, 0.65),
            (stripe, 0.42),
            (stripe + 0.05, 0.42),
            (stripe + 0.06, 0.3),
            (stripe + 0.03, 0.18),
            (stripe - 0.01, 0.3),
            alpha=0.8,
        )
    frame.blob(dark, (0.08, 0.28), (-0.06, 0.22), (0.02, 0.33), alpha=0.8)
    frame.disc((246, 246, 240), 0.29, 0.34, 0.038)
    frame.disc((22, 24, 32), 0.3, 0.34, 0.022)


def person(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a person seen from behind, looking at the view."""
    coat = seen(colour or dice.one_of(((196, 80, 60), (54, 92, 124), (220, 176, 84), (84, 108, 84))), light)
    legs = seen((52, 56, 72), light)
    hair = seen(dice.one_of(((58, 44, 40), (124, 84, 54), (36, 36, 44))), light)
    skin = seen(dice.one_of(((226, 178, 146), (168, 116, 84), (116, 78, 60))), light)
    frame.shadow(0.2, 0.16, 0.5)
    for side in (-1, 1):
        frame.soft(
            (legs, darker(legs, 0.3)),
            (side * 0.02, 0.42),
            (side * 0.12, 0.42),
            (side * 0.11, 0.2),
            (side * 0.1, 0.0),
            (side * 0.03, 0.0),
            (side * 0.03, 0.2),
        )
        frame.line(darker(coat, 0.14), 0.062, (side * 0.12, 0.73), (side * 0.175, 0.58), (side * 0.16, 0.44))
        frame.disc(skin, side * 0.16, 0.425, 0.03)
    frame.soft(
        (lighter(coat, 0.2), coat, darker(coat, 0.22)),
        (-0.13, 0.36), (-0.14, 0.55), (-0.15, 0.72), (-0.08, 0.79), (0.08, 0.79), (0.15, 0.72), (0.14, 0.55),
        (0.13, 0.36), (0, 0.34),
    )  # fmt: skip
    frame.line(darker(coat, 0.3), 0.008, (0, 0.36), (0, 0.74))
    frame.block((skin, darker(skin, 0.2)), -0.03, 0.78, 0.03, 0.83)
    frame.oval(skin, 0, 0.89, 0.07, 0.085)
    frame.soft(
        (lighter(hair, 0.15), hair),
        (-0.078, 0.86),
        (-0.07, 0.95),
        (0, 0.985),
        (0.07, 0.95),
        (0.078, 0.86),
        (0.03, 0.82),
        (-0.03, 0.82),
    )
