"""Removal of a plain background: what is like it and hangs together with the border becomes transparent.

The likeness is a distance in CIELAB, so that a tolerance means the same in every colour. At the edge of what
remains, each pixel is a mixture of the thing and the background: its share of the thing becomes its alpha, and
the background's share is taken out of its colour, which leaves no fringe.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from PIL import Image, ImageChops, ImageCms, ImageFilter, ImageMath

from creative.providers.canvas.colour import Colour

_PLAIN: Final = 0.62
"""The share of the border that must have one colour; a bust may cover the lower side."""
_LEFT_OVER: Final = 0.001
"""A picture of which less than this remains is all background."""
_SAMPLE: Final = 256
"""Pixels of the longer side of the sample in which the border is judged."""
_FLOODED: Final = 1024
"""Pixels of the longer side of the map in which connections are followed, which bounds the time."""
_FARTHEST: Final = 51
"""The distance at which a map of distances saturates."""
_GRAIN: Final = 4
"""A difference of levels that is taken for noise of the background."""
_STRIP: Final = 256
"""Rows that are unmixed at once, in wide numbers; it bounds the memory."""

_RUN: Final = re.compile(b"\xff+")


class NotPlainError(Exception):
    """The background cannot be told from the rest; the message may be shown."""


def without_background(image: Image.Image, tolerance: int) -> Image.Image:
    """Return an RGBA picture; `tolerance` is the distance up to which a colour counts as the background's.

    A picture whose border is transparent already comes back as it is. Raises `NotPlainError`.
    """
    if image.mode == "RGBA" and _share(_ring(_sample(image).getchannel("A")), range(8)) > _PLAIN:
        return image
    picture = image.convert("RGB")
    colour = _border_colour(picture)
    around = _ring(_distances(_sample(picture), colour))
    if _share(around, range(_level(max(tolerance, 8)) + 1)) < _PLAIN:
        raise NotPlainError(
            "The background is not plain, so it cannot be removed without guessing; nothing was changed."
        )
    background = _background(picture, colour, tolerance)
    if background.histogram()[0] < _LEFT_OVER * picture.width * picture.height:
        raise NotPlainError("The whole picture is like its background: nothing would be left of it.")
    alpha, colours = _unmixed(picture, background, colour)
    if image.mode == "RGBA":
        alpha = ImageChops.multiply(alpha, image.getchannel("A"))
    colours.putalpha(alpha)
    return colours


def _sample(picture: Image.Image) -> Image.Image:
    """Make a small picture of the same pixels: a mixture of neighbours would be a colour that nobody sees."""
    factor = min(1.0, _SAMPLE / max(picture.size))
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.NEAREST)


def _ring(sample: Image.Image) -> list[Any]:
    """Return the pixels of the outermost two rows and columns."""
    width, height = sample.size
    pixels: Any = sample.load()
    return [
        pixels[x, y]
        for y in range(height)
        for x in (range(width) if y < 2 or y >= height - 2 else sorted({0, 1, width - 2, width - 1}))
        if 0 <= x < width
    ]


def _share(levels: list[Any], wanted: range) -> float:
    return sum(level in wanted for level in levels) / len(levels)


def _border_colour(picture: Image.Image) -> Colour:
    """Return the commonest colour of the border, as the mean of what is near it."""
    ring = _ring(_sample(picture))
    (bin_, _), *_rest = Counter((red >> 4, green >> 4, blue >> 4) for red, green, blue in ring).most_common(1)
    centre = tuple(part * 16 + 8 for part in bin_)
    for reach in (20, 12):
        near = [pixel for pixel in ring if max(abs(a - b) for a, b in zip(pixel, centre, strict=True)) <= reach]
        if near:
            centre = tuple(round(sum(pixel[band] for pixel in near) / len(near)) for band in range(3))
    return centre[0], centre[1], centre[2]


@lru_cache(maxsize=1)
def _to_lab() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")


def _level(distance: float) -> int:
    """Return how a map of distances writes a distance: its square, in 255 parts of the farthest one's."""
    return min(255, round(distance * distance * 255 / (_FARTHEST * _FARTHEST)))


def _distances(picture: Image.Image, colour: Colour) -> Image.Image:
    """Map each pixel's CIE76 distance from a colour, written by `_level`."""
    lab = _lab(picture)
    target = _lab(Image.new("RGB", (1, 1), colour))
    total = Image.new("L", picture.size)
    for name, unit in (("L", 100 / 255), ("A", 1.0), ("B", 1.0)):
        band = lab.getchannel(name)
        own: Any = target.getchannel(name).getpixel((0, 0))
        squares = band.point([_level(abs(level - own) * unit) for level in range(256)])
        total = ImageChops.add(total, squares)
    return total


def _lab(picture: Image.Image) -> Image.Image:
    made = ImageCms.applyTransform(picture, _to_lab())
    if made is None:
        raise AssertionError("a transform that is not in place returns a picture")
    return made


def _background(picture: Image.Image, colour: Colour, tolerance: int) -> Image.Image:
    """Return 255 where a pixel is like the background and hangs together with the border, else 0."""
    distances = _distances(picture, colour)
    strict, loose = _level(tolerance), _level(2 * tolerance)
    like = distances.point([255 if level <= strict else 0 for level in range(256)])
    factor = -(-max(picture.size) // _FLOODED)
    small = like.reduce(factor).point([0] * 128 + [255] * 128) if factor > 1 else like
    reached = _reached(small)
    if factor > 1:
        # One step wider, because an edge of the small map may lie anywhere within its big pixel.
        wide = reached.filter(ImageFilter.MaxFilter(3))
        size = (small.width * factor, small.height * factor)
        reached = wide.resize(size, Image.Resampling.NEAREST).crop((0, 0, *picture.size))
    found = ImageChops.darker(like, reached)
    # Specks of noise are closed; a thin line of the thing is too far from the background to be one.
    closed = found.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.MinFilter(3))
    near = distances.point([255 if level <= loose else 0 for level in range(256)])
    return ImageChops.lighter(found, ImageChops.darker(closed, near))


def _reached(mask: Image.Image) -> Image.Image:
    """Keep of a mask of 0 and 255 what hangs together with the border, by runs and their unions."""
    width, height = mask.size
    data = mask.tobytes()
    parents = [0]
    rows: list[list[tuple[int, int, int]]] = []
    above: list[tuple[int, int, int]] = []
    for y in range(height):
        row = []
        for start, end in _runs(data, y * width, width):
            outside = y in (0, height - 1) or start == 0 or end == width
            label = 0 if outside else len(parents)
            if not outside:
                parents.append(label)
            row.append((start, end, label))
        _join(parents, above, row)
        rows.append(row)
        above = row
    kept = bytearray(width * height)
    for y, row in enumerate(rows):
        for start, end, label in row:
            if _root(parents, label) == 0:
                kept[y * width + start : y * width + end] = b"\xff" * (end - start)
    return Image.frombytes("L", mask.size, bytes(kept))


def _runs(data: bytes, offset: int, width: int) -> Iterator[tuple[int, int]]:
    for match in _RUN.finditer(data, offset, offset + width):
        yield match.start() - offset, match.end() - offset


def _join(parents: list[int], above: list[tuple[int, int, int]], row: list[tuple[int, int, int]]) -> None:
    """Unite the runs of two neighbouring rows that touch."""
    first = second = 0
    while first < len(above) and second < len(row):
        start, end, label = row[second]
        if above[first][0] < end and start < above[first][1]:
            one, other = sorted((_root(parents, label), _root(parents, above[first][2])))
            parents[other] = one
        if above[first][1] < end:
            first += 1
        else:
            second += 1


def _root(parents: list[int], label: int) -> int:
    while parents[label] != label:
        parents[label] = parents[parents[label]]
        label = parents[label]
    return label


def _unmixed(picture: Image.Image, background: Image.Image, colour: Colour) -> tuple[Image.Image, Image.Image]:
    """Return alpha and the colours of the things alone; only a thin band along the background is mixed."""
    reach = 2 if max(picture.size) <= 2 * _FLOODED else 3
    band = ImageChops.subtract(background.filter(ImageFilter.MaxFilter(2 * reach + 1)), background)
    differences = ImageChops.difference(picture, Image.new("RGB", picture.size, colour))
    red, green, blue = differences.split()
    far = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    # The thing's own colour is the farthest one nearby.
    farthest = far.filter(ImageFilter.MaxFilter(2 * reach + 3))
    alpha = ImageChops.invert(background)
    colours = picture.copy()
    box = band.getbbox() or (0, 0, 0, 0)
    for top in range(box[1], box[3], _STRIP):
        strip = (box[0], top, box[2], min(top + _STRIP, box[3]))
        mixed = band.crop(strip)
        share = _quotient(far.crop(strip), farthest.crop(strip))
        alpha.paste(share, strip[:2], mixed)
        pure = [
            _unmix(part, share, level) for part, level in zip(picture.crop(strip).split(), colour, strict=True)
        ]
        colours.paste(Image.merge("RGB", pure), strip[:2], mixed)
    return alpha, colours


def _quotient(part: Image.Image, whole: Image.Image) -> Image.Image:
    """Return 255 * part / whole, between 0 and 255; the noise at either end counts for nothing."""

    def law(args: dict[str, Any]) -> Any:  # noqa: ANN401 - Pillow's operand
        least = args["max"](args["whole"] * 9 / 10 - _GRAIN, 1)
        return args["min"](args["max"](args["part"] - _GRAIN, 0) * 255 / least, 255)

    return _evaluated(law, part=part, whole=whole)


def _unmix(part: Image.Image, share: Image.Image, level: int) -> Image.Image:
    """Take the background's level out of one band: level + (mixed - level) / share."""

    def law(args: dict[str, Any]) -> Any:  # noqa: ANN401 - Pillow's operand
        own = (args["part"] - level) * 255 / args["max"](args["share"], 1) + level
        return args["min"](args["max"](own, 0), 255)

    return _evaluated(law, part=part, share=share)


def _evaluated(law: Any, **images: Image.Image) -> Image.Image:  # noqa: ANN401 - a function of Pillow's operands
    made: Image.Image = ImageMath.lambda_eval(law, **images)
    return made.convert("L")
