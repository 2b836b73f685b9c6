"""A sign: one flat badge on a plain ground, with what the prompt names as its mark."""

from typing import Final

from creative.providers.canvas import devices
from creative.providers.canvas.colour import Colour, darker, lighter, mix, turned
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame
from creative.providers.canvas.light import Light
from creative.providers.canvas.repertoire import REPERTOIRE
from creative.providers.canvas.scene import Scene
from creative.providers.canvas.sheet import Sheet

_TONES: Final = ((196, 82, 60), (44, 110, 122), (70, 76, 130), (46, 112, 84), (150, 74, 96))


def paint_sign(sheet: Sheet, light: Light, scene: Scene, dice: Dice) -> None:
    """Paint the badge; the first thing that the prompt names besides it stands in its middle."""
    badge = next(thing for thing in scene.things if thing.kind == "emblem")
    marks = [thing for thing in scene.things if thing.kind != "emblem"]
    tone: Colour = badge.colour or (scene.colours[0] if scene.colours else dice.one_of(_TONES))
    ground = mix(turned(tone, dice.one_of((-24, 24, 180)), 0.3, 1.0), (242, 236, 224), 0.84)
    sheet.backdrop((lighter(ground, 0.3), ground, darker(ground, 0.08)))
    sheet.glow((0.36, 0.3), 0.9, lighter(ground, 0.7), 0.7)
    frame = Frame(sheet, (0.5, 0.5 + sheet.y_of(0.375)), 0.75)
    devices.emblem(frame, tone, light, dice.of("emblem"))
    if not marks:
        return
    frame.disc(lighter(tone, 0.82), 0, 0.5, 0.34)
    mark = marks[0]
    part = REPERTOIRE[mark.kind]
    size = 0.75 * min(0.44, 0.5 / part.width)
    inner = Frame(sheet, frame.at(0, 0.5 - size * 0.58), size)
    part.paint(inner, mark.colour or darker(tone, 0.15), light, dice.of("mark"))
