"""Changes of a picture's colours and focus; its size and, but for a blur, its alpha stay as they are."""

import math
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from creative.providers.canvas.colour import Colour
from creative.providers.canvas.edits.colours import named
from creative.providers.canvas.edits.plan import Plan

_SEPIA: Final[Colour] = (172, 132, 88)
_WEIGHTS: Final = (0.299, 0.587, 0.114)
"""How much red, green and blue add to the luminance that Pillow calls L."""
_LEAST: Final = 0.01
"""A smaller contrast would be none, and its curve a division by zero."""
_STEEPEST: Final = 7.0
"""The slope of the curve of contrast at +100."""


def toned(picture: Image.Image, plan: Plan) -> Image.Image:
    """Change the colours, then the focus, of an RGB or RGBA picture."""
    colours = picture.convert("RGB")
    for change in (_light, _saturation, _temperature, _single_hue):
        colours = change(colours, plan)
    if plan.invert:
        colours = ImageChops.invert(colours)
    if picture.mode == "RGBA":
        colours.putalpha(picture.getchannel("A"))
    return _focus(colours, plan)


def _curve(picture: Image.Image, law: Callable[[float], float]) -> Image.Image:
    table = [round(255 * min(1.0, max(0.0, law(level / 255)))) for level in range(256)]
    return picture.point(table * len(picture.getbands()))


def _light(picture: Image.Image, plan: Plan) -> Image.Image:
    """Bend the curve of brightness, then that of contrast; neither clips, both keep black and white."""
    if plan.brightness:
        power = 2 ** (-plan.brightness / 50)
        picture = _curve(picture, lambda level: level**power)
    if plan.contrast >= _LEAST:
        slope = _STEEPEST * plan.contrast / 100
        picture = _curve(picture, lambda level: 0.5 + math.tanh(slope * (level - 0.5)) / math.tanh(slope / 2) / 2)
    elif plan.contrast < 0:
        share = 1 + plan.contrast / 100
        picture = _curve(picture, lambda level: 0.5 + (level - 0.5) * share)
    return picture


def _saturation(picture: Image.Image, plan: Plan) -> Image.Image:
    return ImageEnhance.Color(picture).enhance(1 + plan.saturation / 100) if plan.saturation else picture


def _temperature(picture: Image.Image, plan: Plan) -> Image.Image:
    """Weigh red against blue, with the luminance of greys kept."""
    if not plan.temperature:
        return picture
    share = plan.temperature / 100
    gains = (1 + 0.28 * share, 1 + 0.04 * share, 1 - 0.36 * share)
    whole = sum(gain * weight for gain, weight in zip(gains, _WEIGHTS, strict=True))
    red, green, blue = (gain / whole for gain in gains)
    return picture.convert("RGB", (red, 0, 0, 0, 0, green, 0, 0, 0, 0, blue, 0))


def _single_hue(picture: Image.Image, plan: Plan) -> Image.Image:
    if plan.grayscale:
        picture = picture.convert("L").convert("RGB")
    if plan.sepia:
        picture = _dyed(picture, _SEPIA)
    if plan.tint != "none":
        picture = Image.blend(picture, _dyed(picture, named(plan.tint)), plan.tint_strength / 100)
    return picture


def _dyed(picture: Image.Image, colour: Colour) -> Image.Image:
    """Give every pixel the colour's hue at the pixel's own luminance."""
    own = sum(part * weight for part, weight in zip(colour, _WEIGHTS, strict=True)) or 1.0
    grey = picture.convert("L")
    bands = []
    for part in colour:
        dark = [part * level / own for level in range(256)]
        light = [part + (255 - part) * (level - own) / max(1.0, 255 - own) for level in range(256)]
        bands.append(grey.point([round(dark[level] if level <= own else light[level]) for level in range(256)]))
    return Image.merge("RGB", bands)


def _focus(picture: Image.Image, plan: Plan) -> Image.Image:
    radius = plan.blur_pixels or min(picture.size) * plan.blur / 100
    if radius:
        # Premultiplied, so that colours under transparency do not bleed into what is seen.
        flat = picture.convert("RGBa") if picture.mode == "RGBA" else picture
        picture = flat.filter(ImageFilter.GaussianBlur(radius)).convert(picture.mode)
    if plan.sharpen:
        radius = max(0.8, min(picture.size) / 900)
        sharp = picture.convert("RGB").filter(ImageFilter.UnsharpMask(radius, round(plan.sharpen * 2.2), 2))
        if picture.mode == "RGBA":
            sharp.putalpha(picture.getchannel("A"))
        picture = sharp
    return picture
