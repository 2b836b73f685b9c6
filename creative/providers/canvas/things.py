"""Things that stand on a table."""

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame, round_body, turned_metal
from creative.providers.canvas.light import Light
from creative.providers.canvas.nature import blossom
from creative.providers.canvas.sheet import smooth


def camera(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a compact rangefinder camera from the front: leather body, metal top, large lens."""
    metal = (190, 194, 200)
    leather = colour or dice.one_of(((44, 46, 54), (110, 70, 50), (52, 74, 74)))
    frame.shadow(0.66, 0.13, 0.6)
    frame.block((lighter(leather, 0.16), leather, darker(leather, 0.4)), -0.62, 0.05, 0.62, 0.6, 0.06)
    frame.block((darker(metal, 0.3), darker(metal, 0.55)), -0.6, 0.0, 0.6, 0.07, 0.03)
    frame.block((lighter(metal, 0.5), metal, darker(metal, 0.2)), -0.62, 0.54, 0.62, 0.74, 0.05)
    frame.line(lighter(metal, 0.7), 0.008, (-0.57, 0.725), (0.57, 0.725))
    frame.block((lighter(metal, 0.4), metal, darker(metal, 0.25)), -0.2, 0.72, 0.26, 0.83, 0.03)
    frame.block(turned_metal(metal), -0.5, 0.735, -0.28, 0.82, 0.01, across=True)
    frame.block(turned_metal(metal), 0.36, 0.735, 0.52, 0.79, 0.01, across=True)
    frame.block(turned_metal((196, 66, 54)), 0.405, 0.785, 0.475, 0.82, 0.01, across=True)
    _window(frame, -0.46, 0.58, 0.17, 0.1)
    _window(frame, 0.32, 0.58, 0.22, 0.1)
    frame.block((darker(metal, 0.1), darker(metal, 0.35)), -0.13, 0.595, 0.06, 0.665, 0.02)
    for row in range(11):
        for column in range(25):
            x, y = -0.58 + 0.0485 * column, 0.11 + 0.04 * row
            if x * x + (y - 0.325) ** 2 > 0.095:
                frame.disc(lighter(leather, 0.12), x, y, 0.006)
    frame.line(darker(metal, 0.45), 0.008, (-0.605, 0.54), (0.605, 0.54))
    for side in (-1, 1):
        frame.block(turned_metal(metal), side * 0.635 - 0.022, 0.58, side * 0.635 + 0.022, 0.64, 0.015)
    _lens(frame, 0.0, 0.325, 0.29, metal)


def _window(frame: Frame, left: float, low: float, width: float, height: float) -> None:
    frame.block(((70, 74, 84), (34, 36, 44)), left, low, left + width, low + height, 0.018)
    frame.block(
        ((150, 190, 206), (58, 96, 120), (30, 48, 66)),
        left + 0.018,
        low + 0.018,
        left + width - 0.018,
        low + height - 0.018,
        0.01,
    )


def _lens(frame: Frame, x: float, y: float, r: float, metal: Colour) -> None:
    ring = frame.sheet.ring(frame.at(x + 0.05, y - 0.06), r * frame.size * 1.02, r * frame.size * 1.02)
    frame.sheet.shadow(ring, 0.05 * frame.size, 0.6)
    for share, stops in (
        (1.0, turned_metal(metal)),
        (0.9, turned_metal(darker(metal, 0.35))),
        (0.82, ((30, 32, 40), (58, 62, 72), (20, 22, 28))),
        (0.62, turned_metal(darker(metal, 0.2))),
        (0.56, ((16, 18, 26), (28, 32, 46), (12, 14, 20))),
        (0.46, ((34, 62, 92), (26, 34, 66), (58, 40, 84))),
        (0.3, ((18, 34, 56), (12, 16, 36), (30, 22, 50))),
    ):
        frame.oval_shade(stops, x, y, r * share, r * share, across=share > 0.85)
    for step in range(40):
        turn = step / 40
        _tick(
            frame, x, y, r * 0.9, r * (0.97 if step % 5 else 0.985), turn, lighter(metal, 0.2 if step % 5 else 0.7)
        )
    frame.oval((150, 200, 226), x - r * 0.17, y + r * 0.2, r * 0.13, r * 0.09, 0.85)
    frame.oval((214, 160, 214), x + r * 0.15, y - r * 0.18, r * 0.08, r * 0.05, 0.5)
    frame.disc((240, 248, 252), x - r * 0.22, y + r * 0.24, r * 0.035)


def _tick(frame: Frame, x: float, y: float, inner: float, outer: float, turn: float, tone: Colour) -> None:
    ring = frame.sheet.ring(frame.at(x, y), inner * frame.size, inner * frame.size, 40)
    far = frame.sheet.ring(frame.at(x, y), outer * frame.size, outer * frame.size, 40)
    place = int(turn * 40) % 40
    frame.sheet.line([ring[place], far[place]], tone, 0.005 * frame.size)


def mug(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a mug with a handle and steam."""
    glaze = colour or dice.one_of(((70, 124, 132), (206, 98, 72), (226, 216, 196), (64, 78, 110)))
    frame.shadow(0.4, 0.16, 0.55)
    for width, tone in ((0.1, darker(glaze, 0.3)), (0.06, lighter(glaze, 0.1))):
        bow = [(0.3, 0.575), (0.42, 0.585), (0.51, 0.51), (0.53, 0.4), (0.49, 0.28), (0.4, 0.2), (0.28, 0.17)]
        frame.line(tone, width, *smooth(bow, 6, closed=False))
    frame.soft(
        round_body(glaze), (-0.36, 0.66), (-0.355, 0.4), (-0.33, 0.12), (-0.25, 0.01), (0, -0.02),
        (0.25, 0.01), (0.33, 0.12), (0.355, 0.4), (0.36, 0.66), (0, 0.68),
        across=True,
    )  # fmt: skip
    frame.oval_shade((darker(glaze, 0.35), lighter(glaze, 0.3)), 0, 0.66, 0.36, 0.075)
    frame.oval_shade(((84, 52, 36), (120, 78, 50)), 0, 0.645, 0.315, 0.058)
    frame.oval((186, 140, 100), -0.1, 0.655, 0.09, 0.012, 0.6)
    frame.blob(lighter(glaze, 0.7), (-0.27, 0.52), (-0.24, 0.53), (-0.235, 0.2), (-0.26, 0.19), alpha=0.45)
    for side, tall in ((-0.1, 0.46), (0.06, 0.6), (0.18, 0.4)):
        sway = ((0.0, 0.06, 0.012), (0.04, 0.3, 0.03), (-0.035, 0.62, 0.034), (0.03, 1.0, 0.0))
        left = [(side + x - half, 0.66 + tall * up) for x, up, half in sway]
        right = [(side + x + half, 0.66 + tall * up) for x, up, half in sway[-2::-1]]
        frame.blob((252, 250, 244), *left, *right, alpha=0.34)


def bottle(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a glass bottle with a label."""
    glass = colour or dice.one_of(((40, 92, 76), (126, 62, 40), (54, 84, 122)))
    frame.shadow(0.24, 0.2, 0.5)
    frame.soft(
        turned_metal(glass),
        (-0.2, 0.02), (-0.21, 0.4), (-0.19, 0.56), (-0.08, 0.7), (-0.062, 0.82), (-0.062, 1.0), (0.062, 1.0),
        (0.062, 0.82),
        (0.08, 0.7), (0.19, 0.56), (0.21, 0.4), (0.2, 0.02), (0, -0.02), across=True,
    )  # fmt: skip
    frame.block(turned_metal((196, 160, 98)), -0.07, 0.94, 0.07, 1.04, 0.01, across=True)
    frame.block(round_body((238, 230, 212)), -0.2, 0.14, 0.2, 0.42, across=True)
    frame.line((176, 84, 60), 0.02, (-0.12, 0.35), (0.12, 0.35))
    for y in (0.29, 0.25, 0.21):
        frame.line((150, 142, 130), 0.008, (-0.1, y), (0.1 if y > 0.22 else 0.02, y))
    frame.blob(lighter(glass, 0.8), (-0.15, 0.5), (-0.12, 0.52), (-0.115, 0.45), (-0.145, 0.44), alpha=0.7)


def vase(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a vase with flowers."""
    glaze = colour or dice.one_of(((62, 104, 146), (226, 218, 202), (188, 96, 72), (80, 120, 104)))
    frame.shadow(0.3, 0.18, 0.55)
    stem = (72, 112, 70)
    heads = [(-0.3, 0.92), (-0.1, 1.06), (0.12, 0.98), (0.32, 0.86), (0.0, 0.84)]
    petals = ((222, 92, 84), (240, 184, 84), (236, 156, 168), (206, 120, 170), (246, 236, 214))
    for x, y in heads:
        frame.line(darker(stem, 0.15), 0.018, (x * 0.12, 0.5), (x * 0.6, 0.68), (x, y))
        frame.soft(
            (lighter(stem, 0.12), darker(stem, 0.2)),
            (x * 0.4, 0.6),
            (x * 0.7 + 0.06, 0.7),
            (x * 0.9 + 0.1, 0.76),
            (x * 0.66, 0.68),
        )
    start = dice.whole(0, 4)
    for place, (x, y) in enumerate(heads):
        blossom(frame, petals[(start + place) % 5], x, y, 0.125, dice)
    frame.soft(
        turned_metal(glaze),
        (-0.12, 0.56), (-0.1, 0.47), (-0.2, 0.36), (-0.27, 0.2), (-0.2, 0.04), (-0.12, 0.0), (0.12, 0.0),
        (0.2, 0.04), (0.27, 0.2),
        (0.2, 0.36), (0.1, 0.47), (0.12, 0.56), across=True,
    )  # fmt: skip
    frame.oval(darker(glaze, 0.45), 0, 0.555, 0.12, 0.022)


def pot(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a plant in a pot."""
    clay = colour or (190, 104, 72)
    leaf = (70, 122, 82)
    frame.shadow(0.32, 0.16, 0.55)
    for place in range(11):
        lean = -1 + 2 * place / 10
        tip = (lean * 0.42 + dice.between(-0.05, 0.05), 1.02 - 0.42 * lean * lean + dice.between(-0.06, 0.06))
        tone = mix(leaf, (120, 160, 92), dice.between(0, 0.7))
        middle = (tip[0] * 0.5, 0.45 + (tip[1] - 0.45) * 0.6)
        frame.soft(
            (lighter(tone, 0.16), darker(tone, 0.3)),
            (lean * 0.04, 0.4),
            (middle[0] - 0.055, middle[1]),
            tip,
            (middle[0] + 0.055, middle[1] - 0.03),
        )
    frame.shade(round_body(clay), (-0.24, 0.02), (0.24, 0.02), (0.3, 0.38), (-0.3, 0.38), across=True)
    frame.block(round_body(lighter(clay, 0.06)), -0.33, 0.36, 0.33, 0.45, 0.02, across=True)


def book(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a stack of books, the named colour on top."""
    covers = [(64, 96, 126), (206, 158, 84), colour or (178, 72, 60)]
    frame.shadow(0.56, 0.12, 0.55)
    low = 0.0
    for place, cover in enumerate(covers):
        shift, tall = dice.between(-0.06, 0.06), 0.15 + 0.03 * (place % 2)
        frame.block((darker(cover, 0.2), darker(cover, 0.34)), -0.5 + shift, low, 0.5 + shift, low + tall, 0.02)
        frame.block(
            ((246, 240, 224), (222, 212, 190)), -0.42 + shift, low + 0.022, 0.505 + shift, low + tall - 0.022
        )
        for page in range(4):
            y = low + 0.04 + page * (tall - 0.06) / 4
            frame.line((206, 194, 170), 0.004, (-0.4 + shift, y), (0.5 + shift, y))
        frame.block(
            (lighter(cover, 0.2), cover, darker(cover, 0.25)), -0.5 + shift, low, -0.4 + shift, low + tall, 0.02
        )
        low += tall + 0.004
    top = covers[-1]
    frame.fill(
        lighter(top, 0.16), (-0.48, low - 0.004), (0.46, low - 0.004), (0.36, low + 0.09), (-0.36, low + 0.09)
    )
    frame.fill((240, 222, 180), (-0.08, low + 0.03), (0.12, low + 0.03), (0.09, low + 0.06), (-0.06, low + 0.06))


def fruit(frame: Frame, colour: Colour | None, light: Light, dice: Dice) -> None:
    """Draw a round fruit with a leaf."""
    skin = colour or dice.one_of(((196, 60, 50), (228, 140, 52), (176, 176, 76)))
    r = 0.4
    ring = frame.sheet.ring(frame.at(0.09, 0.02), r * frame.size * 1.1, r * 0.26 * frame.size)
    frame.sheet.shadow(ring, 0.04 * frame.size, 0.55)
    frame.soft(
        (lighter(skin, 0.22), skin, darker(skin, 0.3)),
        (0, 2 * r * 0.93), (r * 0.62, 2 * r * 0.98), (r, r * 1.1), (r * 0.62, r * 0.12), (0, r * 0.04),
        (-r * 0.62, r * 0.12), (-r, r * 1.1), (-r * 0.62, 2 * r * 0.98),
    )  # fmt: skip
    gleam = [(-r * 0.62, r * 1.5), (-r * 0.4, r * 1.68), (-r * 0.46, r * 1.25), (-r * 0.66, r * 1.1)]
    frame.blob(lighter(skin, 0.6), *gleam, alpha=0.55)
    frame.line((92, 66, 46), 0.03, (0, r * 1.84), (0.04, r * 2.2))
    leaf = [(0.04, r * 2.08), (0.16, r * 2.36), (0.28, r * 2.2), (0.15, r * 2.0)]
    frame.soft(((104, 150, 84), (60, 104, 62)), *leaf)
