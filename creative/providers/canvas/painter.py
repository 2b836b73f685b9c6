"""From a prompt, a seed and the model's parameters to one picture."""

import hashlib
from dataclasses import dataclass
from typing import Final

from PIL import Image

from creative.providers.canvas import abstract, outdoors, sign, still_life
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.finish import grade, lay_texture, vignette
from creative.providers.canvas.light import light_of
from creative.providers.canvas.repertoire import INDOORS
from creative.providers.canvas.scene import Scene, read
from creative.providers.canvas.sheet import Sheet

VERSION: Final = 1
"""The same input gives the same picture within a version of the painter."""
_DETAIL: Final = {"low": 0.25, "medium": 0.6, "high": 1.0}


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be painted: `number` counts the pictures of one call from 0; sizes are in pixels."""

    prompt: str
    seed: int
    number: int
    width: int
    height: int
    style: str
    palette: str
    detail: str
    texture: str


def paint(brief: Brief) -> Image.Image:
    """Return the picture of a brief."""
    scene = read(brief.prompt)
    words = hashlib.sha256(brief.prompt.encode("utf-8", "replace")).hexdigest()
    dice = Dice(f"{VERSION}/{words}/{brief.seed}/{brief.number}")
    sheet = Sheet(brief.width, brief.height)
    detail = _DETAIL[brief.detail]
    scene.detail = detail
    style = brief.style if brief.style != "auto" else style_of(scene, dice.of("style"))
    light = light_of(scene, dice.of("light"))
    if style == "abstract":
        abstract.paint_abstract(sheet, scene, dice.of("abstract"), detail=detail)
    elif style == "geometric":
        abstract.paint_geometric(sheet, scene, dice.of("geometric"), detail=detail)
    elif style == "still_life" and any(thing.kind == "emblem" for thing in scene.things):
        sign.paint_sign(sheet, light, scene, dice.of("sign"))
    elif style == "still_life":
        still_life.paint_still_life(sheet, light, scene, dice.of("still"))
    else:
        outdoors.paint_outdoors(sheet, light, scene, dice.of("outdoors"))
    picture = grade(sheet.finished(), _palette(brief.palette, scene))
    if style != "geometric":
        picture = vignette(picture, 0.16)
    return lay_texture(picture, brief.texture, dice.of("texture"))


def style_of(scene: Scene, dice: Dice) -> str:
    """Return the kind of picture that suits a prompt's words."""
    # A prompt that says both means a strict composition: the plainer word says only that it shows no thing.
    form = "geometric" if scene.has("form", "geometric") else scene.first("form")
    if form and not scene.things:
        return form
    named = scene.found.get("place", [])
    indoors = any(thing.kind in INDOORS for thing in scene.things)
    if "table" in named or (indoors and not named):
        return "still_life"
    if scene.things or named or any(kind in scene.found for kind in ("time", "season", "weather")):
        return "scene"
    return dice.one_of(("scene", "abstract", "abstract", "geometric"))


def _palette(palette: str, scene: Scene) -> str:
    if palette != "auto":
        return palette
    moods = {"neon": "neon", "dreamy": "pastel"}
    return next((moods[mood] for mood in scene.found.get("mood", []) if mood in moods), "auto")
