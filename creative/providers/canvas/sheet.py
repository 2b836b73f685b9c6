"""The sheet that is painted on: larger than the picture, so that edges come out smooth.

Coordinates run from 0 to 1 over the width and over the height, downwards; sizes (`r`, `width`) are shares of the
shorter side, so that a circle stays round on every shape of sheet.
"""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter

from creative.providers.canvas.colour import Colour, ramp

Point = tuple[float, float]
_LARGEST = 2880


class Sheet:
    """An RGB image with the few strokes that the painters need."""

    def __init__(self, width: int, height: int) -> None:
        """Begin a sheet for a picture of this size in pixels."""
        self.size = (width, height)
        scale = min(2.0, _LARGEST / max(width, height))
        self.w, self.h = round(width * scale), round(height * scale)
        self.u = min(self.w, self.h)
        self.image = Image.new("RGB", (self.w, self.h))
        self.draw = ImageDraw.Draw(self.image)

    @property
    def aspect(self) -> float:
        """Width by height."""
        return self.w / self.h

    def x_of(self, size: float) -> float:
        """Return a size as a share of the width."""
        return size * self.u / self.w

    def y_of(self, size: float) -> float:
        """Return a size as a share of the height."""
        return size * self.u / self.h

    def px(self, point: Point) -> tuple[float, float]:
        """Return a point in pixels of the sheet."""
        return (point[0] * self.w, point[1] * self.h)

    def finished(self) -> Image.Image:
        """Return the picture in its own size."""
        if self.image.size == self.size:
            return self.image
        if (self.w, self.h) == (2 * self.size[0], 2 * self.size[1]):
            return self.image.reduce(2)
        return self.image.resize(self.size, Image.Resampling.BOX)

    def replace(self, image: Image.Image) -> None:
        """Go on upon another image of the same size."""
        self.image = image
        self.draw = ImageDraw.Draw(image)

    def fill(self, points: Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        """Fill a polygon."""
        pixels = [self.px(point) for point in points]
        if alpha >= 1:
            self.draw.polygon(pixels, fill=colour)
            return
        box = self._box(pixels)
        if box is None:
            return
        mask = self._mask(pixels, box, round(255 * alpha))
        self.image.paste(colour, box, mask)

    def shade(self, points: Sequence[Point], stops: Sequence[Colour], *, across: bool = False) -> None:
        """Fill a polygon with a gradient from top to bottom, or from left to right."""
        pixels = [self.px(point) for point in points]
        box = self._box(pixels)
        if box is None:
            return
        width, height = box[2] - box[0], box[3] - box[1]
        self.image.paste(gradient((width, height), stops, across=across), box, self._mask(pixels, box, 255))

    def backdrop(self, stops: Sequence[Colour], top: float = 0.0, bottom: float = 1.0) -> None:
        """Fill the whole width between two heights with a gradient from top to bottom."""
        first, last = round(top * self.h), round(bottom * self.h)
        if last > first:
            self.image.paste(gradient((self.w, last - first), stops), (0, first))

    def disc(self, centre: Point, r: float, colour: Colour, alpha: float = 1.0) -> None:
        """Fill a circle."""
        self.oval(centre, r, r, colour, alpha)

    def oval(self, centre: Point, rx: float, ry: float, colour: Colour, alpha: float = 1.0) -> None:
        """Fill an ellipse."""
        x, y = self.px(centre)
        box = (x - rx * self.u, y - ry * self.u, x + rx * self.u, y + ry * self.u)
        if alpha >= 1:
            self.draw.ellipse(box, fill=colour)
        else:
            self.fill(self.ring(centre, rx, ry), colour, alpha)

    def ring(self, centre: Point, rx: float, ry: float, steps: int = 48) -> list[Point]:
        """Return the outline of an ellipse as a polygon."""
        width, height = self.x_of(rx), self.y_of(ry)
        turns = [2 * math.pi * step / steps for step in range(steps)]
        return [(centre[0] + width * math.cos(turn), centre[1] + height * math.sin(turn)) for turn in turns]

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw a line with round corners."""
        pixels = [self.px(point) for point in points]
        thick = max(1, round(width * self.u))
        self.draw.line(pixels, fill=colour, width=thick, joint="curve")

    def hoop(self, centre: Point, r: float, colour: Colour, width: float) -> None:
        """Draw a circle's line."""
        x, y = self.px(centre)
        box = (x - r * self.u, y - r * self.u, x + r * self.u, y + r * self.u)
        self.draw.ellipse(box, outline=colour, width=max(1, round(width * self.u)))

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle; one that is thinner than a pixel leaves nothing."""
        box = (left * self.w, top * self.h, right * self.w - 1, bottom * self.h - 1)
        if box[2] >= box[0] and box[3] >= box[1]:
            self.draw.rectangle(box, fill=colour)

    def glow(self, centre: Point, r: float, colour: Colour, strength: float = 1.0, flat: float = 1.0) -> None:
        """Lay soft light around a point; `flat` below 1 presses it into an ellipse."""
        x, y = self.px(centre)
        rx, ry = round(r * self.u), round(r * flat * self.u)
        if rx < 1 or ry < 1:
            return
        curve = [round(255 * strength * (max(0.0, 1 - step / 180) ** 2)) for step in range(256)]
        left, top = round(x) - rx, round(y) - ry
        seen = (max(0, left), max(0, top), min(self.w, left + 2 * rx), min(self.h, top + 2 * ry))
        if seen[0] >= seen[2] or seen[1] >= seen[3]:
            return
        # Only the part on the sheet is made: a wide glow is mostly outside of it.
        across, down = 256 / (2 * rx), 256 / (2 * ry)
        part = (
            (seen[0] - left) * across,
            (seen[1] - top) * down,
            (seen[2] - left) * across,
            (seen[3] - top) * down,
        )
        light = Image.radial_gradient("L").point(curve)
        size = (seen[2] - seen[0], seen[3] - seen[1])
        self.image.paste(colour, seen[:2], light.resize(size, Image.Resampling.BILINEAR, box=part))

    def shadow(self, points: Sequence[Point], blur: float, strength: float, colour: Colour = (10, 12, 26)) -> None:
        """Lay a soft shadow in the shape of a polygon; `blur` is a share of the shorter side."""
        pixels = [self.px(point) for point in points]
        margin = blur * self.u * 2
        left, top = min(x for x, _ in pixels) - margin, min(y for _, y in pixels) - margin
        right, bottom = max(x for x, _ in pixels) + margin, max(y for _, y in pixels) + margin
        shrink = max(1.0, self.u / 256)
        small = Image.new("L", (max(1, round((right - left) / shrink)), max(1, round((bottom - top) / shrink))))
        shape = [((x - left) / shrink, (y - top) / shrink) for x, y in pixels]
        ImageDraw.Draw(small).polygon(shape, fill=round(255 * strength))
        soft = small.filter(ImageFilter.GaussianBlur(blur * self.u / shrink))
        large = soft.resize((round(right - left), round(bottom - top)), Image.Resampling.BILINEAR)
        self.image.paste(colour, (round(left), round(top)), large)

    def _box(self, pixels: Sequence[tuple[float, float]]) -> tuple[int, int, int, int] | None:
        left = max(0, math.floor(min(x for x, _ in pixels)))
        top = max(0, math.floor(min(y for _, y in pixels)))
        right = min(self.w, math.ceil(max(x for x, _ in pixels)) + 1)
        bottom = min(self.h, math.ceil(max(y for _, y in pixels)) + 1)
        return (left, top, right, bottom) if right > left and bottom > top else None

    def _mask(
        self, pixels: Sequence[tuple[float, float]], box: tuple[int, int, int, int], value: int
    ) -> Image.Image:
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        ImageDraw.Draw(mask).polygon([(x - box[0], y - box[1]) for x, y in pixels], fill=value)
        return mask


def gradient(size: tuple[int, int], stops: Sequence[Colour], *, across: bool = False) -> Image.Image:
    """Return an image that runs through the stops from top to bottom, or from left to right."""
    length = size[0] if across else size[1]
    steps = max(2, min(512, length))
    strip = Image.new("RGB", (steps, 1) if across else (1, steps))
    strip.putdata([ramp(stops, step / (steps - 1)) for step in range(steps)])
    return strip.resize(size, Image.Resampling.BILINEAR)


def smooth(points: Sequence[Point], steps: int = 8, *, closed: bool = True) -> list[Point]:
    """Return a curve through the points (Catmull-Rom)."""
    count = len(points)
    pieces = count if closed else count - 1
    curve: list[Point] = []
    for piece in range(pieces):
        at = [_at(points, piece + offset, closed=closed) for offset in (-1, 0, 1, 2)]
        for step in range(steps):
            t = step / steps
            curve.append((_spline([p[0] for p in at], t), _spline([p[1] for p in at], t)))
    if not closed:
        curve.append(points[-1])
    return curve


def _at(points: Sequence[Point], place: int, *, closed: bool) -> Point:
    if closed:
        return points[place % len(points)]
    return points[min(max(place, 0), len(points) - 1)]


def _spline(values: Sequence[float], t: float) -> float:
    a, b, c, d = values
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
