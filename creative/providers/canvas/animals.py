"""Animals of the field, the air and the sea."""

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame
from creative.providers.canvas.light import Light, seen


def dog(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a sitting dog that looks at you."""
    fur = seen(colour or dice.one_of(((196, 136, 82), (150, 104, 74), (224, 200, 164))), light)
    dark = darker(fur, 0.3)
    frame.shadow(0.34, 0.14, 0.5)
    frame.blob(dark, (0.2, 0.06), (0.36, 0.1), (0.47, 0.24), (0.5, 0.36), (0.42, 0.28), (0.3, 0.18))
    _sitting(frame, fur)
    frame.line(seen((204, 62, 52), light), 0.045, (-0.125, 0.535), (0, 0.505), (0.125, 0.535))
    frame.disc(seen((240, 196, 84), light), 0, 0.48, 0.03)
    _face(frame, fur)
    for side in (-1, 1):
        frame.blob(
            dark, (side * 0.09, 0.92), (side * 0.19, 0.9), (side * 0.27, 0.74), (side * 0.25, 0.6),
            (side * 0.18, 0.66),
            (side * 0.15, 0.8),
        )  # fmt: skip


def fox(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a sitting fox or wolf that looks at you: pointed ears and a bushy tail."""
    fur = seen(colour or dice.one_of(((222, 116, 48), (206, 100, 46))), light)
    dark, pale = darker(fur, 0.3), lighter(fur, 0.7)
    frame.shadow(0.38, 0.14, 0.5)
    frame.soft(
        (fur, darker(fur, 0.2)),
        (0.18, 0.02),
        (0.42, 0.02),
        (0.56, 0.2),
        (0.56, 0.42),
        (0.5, 0.52),
        (0.38, 0.36),
        (0.26, 0.2),
    )
    frame.blob(pale, (0.5, 0.52), (0.57, 0.4), (0.5, 0.36), (0.42, 0.41))
    for side in (-1, 1):
        frame.fill(dark, (side * 0.21, 0.74), (side * 0.2, 1.08), (side * 0.02, 0.86))
        frame.fill(darker(fur, 0.68), (side * 0.18, 0.8), (side * 0.185, 1.0), (side * 0.08, 0.87))
    _sitting(frame, fur)
    _face(frame, fur)
    for side in (-1, 1):
        frame.blob(pale, (side * 0.2, 0.72), (side * 0.16, 0.6), (side * 0.05, 0.56), (side * 0.08, 0.66))


def _sitting(frame: Frame, fur: Colour) -> None:
    """Draw the body of a sitting dog or fox from the front."""
    dark, pale = darker(fur, 0.3), lighter(fur, 0.5)
    frame.soft(
        (lighter(fur, 0.1), fur, dark),
        (-0.26, 0.0), (-0.27, 0.18), (-0.17, 0.4), (-0.12, 0.6), (0.12, 0.6), (0.17, 0.4), (0.27, 0.18),
        (0.26, 0.0),
        (0, -0.02),
    )  # fmt: skip
    frame.blob(pale, (-0.09, 0.52), (0.09, 0.52), (0.1, 0.3), (0, 0.16), (-0.1, 0.3))
    for side in (-1, 1):
        frame.blob(
            darker(fur, 0.12), (side * 0.2, 0.22), (side * 0.29, 0.1), (side * 0.27, 0.0), (side * 0.14, 0.0)
        )
        frame.soft(
            (fur, lighter(fur, 0.12)),
            (side * 0.03, 0.36), (side * 0.14, 0.34), (side * 0.12, 0.12), (side * 0.14, 0.0), (side * 0.03, 0.0),
        )  # fmt: skip
        frame.oval(pale, side * 0.085, 0.025, 0.062, 0.032)


def _face(frame: Frame, fur: Colour) -> None:
    """Draw the face of a dog or fox."""
    pale = lighter(fur, 0.5)
    frame.soft(
        (lighter(fur, 0.2), fur, darker(fur, 0.1)),
        (-0.17, 0.66), (-0.16, 0.84), (-0.07, 0.93), (0.07, 0.93), (0.16, 0.84), (0.17, 0.66), (0.09, 0.54),
        (-0.09, 0.54),
    )  # fmt: skip
    frame.blob(
        pale, (-0.035, 0.9), (0.035, 0.9), (0.045, 0.74), (0.1, 0.62), (0, 0.55), (-0.1, 0.62), (-0.045, 0.74)
    )
    for side in (-1, 1):
        frame.disc((26, 26, 32), side * 0.085, 0.765, 0.027)
        frame.disc((250, 250, 246), side * 0.085 - 0.009, 0.775, 0.008)
    frame.oval((30, 28, 34), 0, 0.67, 0.042, 0.031)
    frame.line((60, 46, 46), 0.01, (-0.05, 0.605), (0, 0.62), (0.05, 0.605))
    frame.line((60, 46, 46), 0.01, (0, 0.62), (0, 0.65))


def whale(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a whale."""
    skin = mix(seen(colour or (66, 104, 140), light), (24, 60, 90), 0.1)
    belly = lighter(skin, 0.6)
    frame.soft(
        (skin, darker(skin, 0.2)), (-0.46, 0.38), (-0.62, 0.54), (-0.76, 0.6), (-0.7, 0.48),
        (-0.78, 0.36), (-0.62, 0.4),
        (-0.48, 0.3),
    )  # fmt: skip
    frame.soft(
        (lighter(skin, 0.16), skin, darker(skin, 0.15)),
        (-0.52, 0.36), (-0.26, 0.5), (0.1, 0.6), (0.42, 0.56), (0.58, 0.42), (0.56, 0.26), (0.4, 0.16),
        (0.1, 0.12),
        (-0.24, 0.2),
    )  # fmt: skip
    frame.blob(
        belly, (0.57, 0.3), (0.5, 0.2), (0.34, 0.13), (0.06, 0.12), (-0.14, 0.18), (0.1, 0.24), (0.34, 0.28)
    )
    for crease in range(4):
        y = 0.255 - 0.028 * crease
        frame.line(
            mix(belly, skin, 0.4),
            0.007,
            (0.0 + 0.03 * crease, y - 0.02),
            (0.28, y),
            (0.5 - 0.03 * crease, y + 0.02),
        )
    frame.soft((darker(skin, 0.1), darker(skin, 0.35)), (0.16, 0.26), (0.04, 0.06), (-0.08, -0.02), (0.04, 0.18))
    frame.disc((240, 244, 244), 0.4, 0.35, 0.024)
    frame.disc((18, 22, 30), 0.405, 0.35, 0.016)
    for spot in range(7):
        frame.oval(
            lighter(skin, 0.3),
            -0.2 + 0.09 * spot + dice.between(-0.02, 0.02),
            dice.between(0.42, 0.52),
            0.012,
            0.008,
        )


def butterfly(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a butterfly with open wings."""
    wing = seen(colour or dice.one_of(((236, 140, 52), (84, 130, 200), (206, 92, 132))), light)
    edge = darker(wing, 0.62)
    for side in (-1, 1):
        upper = [(0.02, 0.36), (0.16, 0.62), (0.42, 0.76), (0.52, 0.62), (0.42, 0.42), (0.2, 0.33)]
        lower = [(0.02, 0.33), (0.24, 0.32), (0.38, 0.2), (0.3, 0.02), (0.16, 0.06), (0.06, 0.2)]
        for shape, middle in ((lower, (0.2, 0.2)), (upper, (0.3, 0.54))):
            turned = [(side * x, y) for x, y in shape]
            frame.blob(edge, *turned)
            inner = [
                (side * middle[0] + (x - side * middle[0]) * 0.8, middle[1] + (y - middle[1]) * 0.8)
                for x, y in turned
            ]
            frame.soft((lighter(wing, 0.3), wing, darker(wing, 0.12)), *inner)
            for ray in range(0, len(turned), 2):
                frame.line(edge, 0.008, (side * 0.03, 0.34), turned[ray])
        for x, y in ((0.46, 0.64), (0.44, 0.54), (0.32, 0.12)):
            frame.disc((250, 244, 230), side * x, y, 0.016)
        frame.line(edge, 0.01, (0, 0.5), (side * 0.05, 0.62), (side * 0.1, 0.66))
    frame.oval(darker(edge, 0.3), 0, 0.36, 0.028, 0.16)
    frame.disc(darker(edge, 0.3), 0, 0.52, 0.034)


def horse(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a standing horse seen from the side."""
    coat = seen(colour or dice.one_of(((142, 88, 56), (92, 66, 54), (206, 170, 128))), light)
    dark, mane = darker(coat, 0.28), darker(coat, 0.62)
    frame.shadow(0.5, 0.1, 0.45)
    frame.soft((mane, darker(mane, 0.2)), (-0.42, 0.66), (-0.56, 0.56), (-0.57, 0.3), (-0.5, 0.16), (-0.46, 0.44))
    for x, tone, lean in ((-0.26, dark, 0.03), (0.2, dark, 0.06), (-0.36, coat, -0.02), (0.27, coat, 0.0)):
        frame.soft(
            (tone, darker(tone, 0.2)),
            (x - 0.08, 0.52), (x + 0.09, 0.5), (x + 0.035 + lean, 0.28), (x + 0.03 + lean, 0.03),
            (x - 0.03 + lean, 0.03),
            (x - 0.03 + lean, 0.26),
        )  # fmt: skip
        frame.fill(
            mane,
            (x - 0.035 + lean, 0.045),
            (x + 0.035 + lean, 0.045),
            (x + 0.055 + lean, 0.0),
            (x - 0.04 + lean, 0.0),
        )
    frame.soft(
        (lighter(coat, 0.18), coat, dark),
        (-0.46, 0.56), (-0.4, 0.69), (-0.2, 0.69), (0.06, 0.66), (0.24, 0.74), (0.36, 0.62), (0.34, 0.46),
        (0.1, 0.41),
        (-0.2, 0.42), (-0.42, 0.46),
    )  # fmt: skip
    frame.soft(
        (lighter(coat, 0.2), coat),
        (0.2, 0.72), (0.34, 0.98), (0.42, 1.08), (0.52, 1.04), (0.68, 0.86), (0.7, 0.79), (0.63, 0.77),
        (0.5, 0.87),
        (0.45, 0.78), (0.38, 0.56),
    )  # fmt: skip
    frame.fill(coat, (0.42, 1.05), (0.44, 1.16), (0.49, 1.05))
    frame.blob(mane, (0.42, 1.1), (0.3, 0.98), (0.16, 0.7), (0.24, 0.74), (0.36, 0.94), (0.47, 1.06))
    frame.disc((24, 22, 26), 0.52, 0.97, 0.016)
    frame.disc(darker(coat, 0.5), 0.67, 0.81, 0.012)
