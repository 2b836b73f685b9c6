"""Sizes and shapes: flips and right angles without loss, crops, resizes by Lanczos, free rotations last."""

import math
from typing import Final

from PIL import Image

from creative.providers.canvas.edits.colours import named
from creative.providers.canvas.edits.shape import Shape

SMALLEST: Final = 16
LARGEST: Final = 4096
"""Pixels a side. A larger input is made smaller before anything else, which bounds time and memory."""

_FLIPS: Final = {
    "horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "both": Image.Transpose.ROTATE_180,
}
_TURNS: Final = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}
"""Right angles clockwise; Pillow names them counter-clockwise."""

Size = tuple[int, int]


def bounded(width: int, height: int) -> Size:
    """Return the size with its longer side at most LARGEST."""
    factor = min(1.0, LARGEST / max(width, height))
    return _times((width, height), factor)


def final_size(width: int, height: int, shape: Shape) -> Size:
    """Return the size of a picture of `width` x `height` after the whole edit."""
    size = bounded(width, height)
    if shape.quarters % 2:
        size = size[::-1]
    size = _resized(_cropped(size, shape), shape)
    return _tilted(size, shape.tilt)[0] if shape.tilt else size


def shaped(picture: Image.Image, shape: Shape) -> Image.Image:
    """Flip, turn by right angles, crop and resize; the tilt comes later."""
    if shape.flip != "none":
        picture = picture.transpose(_FLIPS[shape.flip])
    if shape.quarters:
        picture = picture.transpose(_TURNS[shape.quarters])
    cropped = _cropped(picture.size, shape)
    if cropped != picture.size:
        picture = picture.crop(_box(picture.size, cropped, shape.keep))
    return resized(picture, _resized(cropped, shape))


def resized(picture: Image.Image, size: Size) -> Image.Image:
    """Resize by Lanczos; colours under transparency do not bleed into the edges."""
    if size == picture.size:
        return picture
    return _premultiplied(picture).resize(size, Image.Resampling.LANCZOS, reducing_gap=3).convert(picture.mode)


def tilted(picture: Image.Image, shape: Shape) -> Image.Image:
    """Rotate by what no right angle covers; the sheet grows, and the corners are filled."""
    if not shape.tilt:
        return picture
    size, factor = _tilted(picture.size, shape.tilt)
    angle = math.radians(shape.tilt)
    cos, sin = math.cos(angle) / factor, math.sin(angle) / factor
    across, down = size[0] / 2, size[1] / 2
    # From each place of the new sheet, the place in the old one from which it comes.
    sources = (
        cos,
        sin,
        picture.width / 2 - cos * across - sin * down,
        -sin,
        cos,
        picture.height / 2 + sin * across - cos * down,
    )
    # A clear frame of one pixel gives the rotated edges their soft alpha.
    framed = Image.new("RGBa", (picture.width + 2, picture.height + 2))
    framed.paste(picture.convert("RGBA").convert("RGBa"), (1, 1))
    sources = (*sources[:2], sources[2] + 1, *sources[3:5], sources[5] + 1)
    turned = framed.transform(size, Image.Transform.AFFINE, sources, Image.Resampling.BICUBIC).convert("RGBA")
    if shape.fill == "transparent":
        return turned
    sheet = Image.new("RGBA", size, (*named(shape.fill), 255))
    sheet.alpha_composite(turned)
    return sheet if picture.mode == "RGBA" else sheet.convert("RGB")


def _premultiplied(picture: Image.Image) -> Image.Image:
    return picture.convert("RGBa") if picture.mode == "RGBA" else picture


def _times(size: Size, factor: float) -> Size:
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _cropped(size: Size, shape: Shape) -> Size:
    width, height = size
    ratio = shape.width / shape.height if shape.width and shape.height else shape.ratio
    if ratio is None:
        return size
    if width > height * ratio:
        return max(1, round(height * ratio)), height
    return width, min(height, max(1, round(width / ratio)))


def _box(size: Size, cropped: Size, keep: str) -> tuple[int, int, int, int]:
    shares = {"left": (0.0, 0.5), "right": (1.0, 0.5), "top": (0.5, 0.0), "bottom": (0.5, 1.0)}
    across, down = shares.get(keep, (0.5, 0.5))
    left, top = int((size[0] - cropped[0]) * across), int((size[1] - cropped[1]) * down)
    return left, top, left + cropped[0], top + cropped[1]


def _resized(size: Size, shape: Shape) -> Size:
    width, height = size
    if shape.width and shape.height:
        return shape.width, shape.height
    if shape.width:
        factor = shape.width / width
    elif shape.height:
        factor = shape.height / height
    elif shape.long_side:
        factor = shape.long_side / max(size)
    else:
        factor = shape.scale_percent / 100
    if factor == 1:
        return size
    # A resize stops at the bounds. The picture keeps its shape all the same: where both bounds cannot be
    # kept, the larger one is.
    factor = max(factor, min(1.0, SMALLEST / min(size)))
    return _times(size, min(factor, LARGEST / max(size)))


def _tilted(size: Size, tilt: float) -> tuple[Size, float]:
    """Return the sheet that holds the tilted picture, and how much smaller that has to be to keep the bound."""
    cos, sin = math.cos(math.radians(abs(tilt))), math.sin(math.radians(abs(tilt)))
    width, height = size[0] * cos + size[1] * sin, size[0] * sin + size[1] * cos
    factor = min(1.0, LARGEST / max(width, height))
    # A hair is taken off so that a rounding error adds no pixel.
    return (max(1, math.ceil(width * factor - 1e-6)), max(1, math.ceil(height * factor - 1e-6))), factor
