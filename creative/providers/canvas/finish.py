"""The last touch: the family of colours, a vignette, and the surface of the paper."""

import math
from typing import Final

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from creative.providers.canvas.colour import Colour
from creative.providers.canvas.dice import Dice

_RAMPS: Final[dict[str, tuple[Colour, Colour, Colour, float]]] = {
    "warm": ((54, 22, 26), (206, 120, 74), (255, 240, 214), 0.42),
    "cool": ((14, 28, 56), (82, 136, 164), (234, 246, 250), 0.42),
    "earth": ((42, 30, 24), (150, 116, 78), (242, 230, 206), 0.6),
    "mono": ((24, 28, 38), (126, 130, 136), (246, 243, 236), 1.0),
    "neon": ((14, 8, 46), (206, 36, 156), (120, 246, 250), 0.34),
    "pastel": ((112, 108, 142), (226, 190, 196), (255, 252, 244), 0.4),
}
"""Dark, middle and light of each family, and how far it takes a picture over."""
_NOISE: Final = 512


def grade(image: Image.Image, palette: str) -> Image.Image:
    """Return the picture in a family of colours; `auto` leaves it as it is."""
    if palette == "vivid":
        return ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.55)).enhance(1.08)
    if palette not in _RAMPS:
        return image
    dark, middle, light, share = _RAMPS[palette]
    toned = ImageOps.colorize(ImageOps.grayscale(image), dark, light, middle)
    graded = toned if share >= 1 else Image.blend(image, toned, share)
    if palette == "pastel":
        return Image.blend(
            ImageEnhance.Color(graded).enhance(0.92), Image.new("RGB", image.size, (255, 250, 244)), 0.26
        )
    if palette == "neon":
        return ImageEnhance.Contrast(ImageEnhance.Color(graded).enhance(1.5)).enhance(1.1)
    return graded


def vignette(image: Image.Image, strength: float) -> Image.Image:
    """Return the picture a little darker towards its corners."""
    # A little less of blue is taken away: corners that go to plain grey look dirty.
    curves = [
        255 - round(share * strength * 255 * max(0.0, (step - 120) / 135) ** 2)
        for share in (1.0, 1.0, 0.72)
        for step in range(256)
    ]
    radial = Image.radial_gradient("L").resize(image.size, Image.Resampling.BILINEAR)
    return ImageChops.multiply(image, Image.merge("RGB", (radial, radial, radial)).point(curves))


def lay_texture(image: Image.Image, texture: str, dice: Dice) -> Image.Image:
    """Return the picture upon paper, canvas or grain; `none` leaves it smooth."""
    makers = {"paper": _paper, "canvas": _weave, "grain": _grain}
    if texture not in makers:
        return image
    tile, lift = makers[texture](dice)
    surface = Image.new("L", image.size)
    for left in range(0, image.size[0], tile.size[0]):
        for top in range(0, image.size[1], tile.size[1]):
            surface.paste(tile, (left, top))
    return ImageChops.add(image, Image.merge("RGB", (surface, surface, surface)), 1, -lift)


def _tile(dice: Dice) -> Image.Image:
    return Image.frombytes("L", (_NOISE, _NOISE), dice.noise(_NOISE * _NOISE))


def _paper(dice: Dice) -> tuple[Image.Image, int]:
    """Return soft fibres, a few levels deep."""
    fibres = _tile(dice).filter(ImageFilter.BoxBlur(0.9))
    return fibres.point([max(0, min(6, round((step - 128) * 0.09) + 3)) for step in range(256)]), 3


def _grain(dice: Dice) -> tuple[Image.Image, int]:
    """Return fine grain as of film."""
    return _tile(dice).point([round(step * 22 / 255) for step in range(256)]), 11


def _weave(dice: Dice) -> tuple[Image.Image, int]:
    """Return woven threads."""
    threads = bytes(
        round(6 + 2.6 * math.sin(6.283 * x / 4 + (y // 4 % 2) * 3.14) + 2.8 * math.sin(6.283 * y / 8))
        for y in range(64)
        for x in range(64)
    )
    return Image.frombytes("L", (64, 64), threads), 6
