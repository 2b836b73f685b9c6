"""A thing's own frame: it is drawn around its foot, in units of its own size, wherever it stands."""

from collections.abc import Sequence

from creative.providers.canvas.colour import Colour, darker, lighter
from creative.providers.canvas.sheet import Point, Sheet, smooth


class Frame:
    """Coordinates of one thing: x to the right and y upwards from its foot; 1 is `size` of the shorter side."""

    def __init__(self, sheet: Sheet, foot: Point, size: float, *, flip: bool = False) -> None:
        """Put a thing's foot on the sheet."""
        self.sheet = sheet
        self.foot = foot
        self.size = size
        self._x = sheet.x_of(size) * (-1 if flip else 1)
        self._y = sheet.y_of(size)

    def at(self, x: float, y: float) -> Point:
        """Return a point of the sheet."""
        return (self.foot[0] + x * self._x, self.foot[1] - y * self._y)

    def points(self, *points: Point) -> list[Point]:
        """Return points of the sheet."""
        return [self.at(x, y) for x, y in points]

    def fill(self, colour: Colour, *points: Point, alpha: float = 1.0) -> None:
        """Fill a polygon."""
        self.sheet.fill(self.points(*points), colour, alpha)

    def shade(self, stops: Sequence[Colour], *points: Point, across: bool = False) -> None:
        """Fill a polygon with a gradient."""
        self.sheet.shade(self.points(*points), stops, across=across)

    def blob(self, colour: Colour, *points: Point, alpha: float = 1.0) -> None:
        """Fill a smooth shape through the points."""
        self.sheet.fill(smooth(self.points(*points)), colour, alpha)

    def soft(self, stops: Sequence[Colour], *points: Point, across: bool = False) -> None:
        """Fill a smooth shape with a gradient."""
        self.sheet.shade(smooth(self.points(*points)), stops, across=across)

    def disc(self, colour: Colour, x: float, y: float, r: float, alpha: float = 1.0) -> None:
        """Fill a circle."""
        self.sheet.disc(self.at(x, y), r * self.size, colour, alpha)

    def oval(self, colour: Colour, x: float, y: float, rx: float, ry: float, alpha: float = 1.0) -> None:
        """Fill an ellipse."""
        self.sheet.oval(self.at(x, y), rx * self.size, ry * self.size, colour, alpha)

    def oval_shade(
        self, stops: Sequence[Colour], x: float, y: float, rx: float, ry: float, *, across: bool = False
    ) -> None:
        """Fill an ellipse with a gradient."""
        self.sheet.shade(self.sheet.ring(self.at(x, y), rx * self.size, ry * self.size), stops, across=across)

    def line(self, colour: Colour, width: float, *points: Point) -> None:
        """Draw a line."""
        self.sheet.line(self.points(*points), colour, width * self.size)

    def block(
        self,
        stops: Sequence[Colour],
        left: float,
        low: float,
        right: float,
        high: float,
        r: float = 0.0,
        *,
        across: bool = False,
    ) -> None:
        """Fill a rectangle with rounded corners of radius `r` with a gradient."""
        self.sheet.shade(self.points(*rounded(left, low, right, high, r)), stops, across=across)

    def shadow(self, width: float, depth: float = 0.16, strength: float = 0.5, shift: float = 0.12) -> None:
        """Lay the shadow of a standing thing on the ground."""
        ring = self.sheet.ring(self.at(shift * width, 0.01), width * self.size, width * depth * self.size)
        self.sheet.shadow(ring, 0.05 * self.size, strength)
        near = self.sheet.ring(self.at(0, 0.0), width * 0.86 * self.size, width * depth * 0.5 * self.size)
        self.sheet.shadow(near, 0.018 * self.size, strength)


def rounded(left: float, low: float, right: float, high: float, r: float) -> list[Point]:
    """Return a rectangle with its corners cut round."""
    if r <= 0:
        return [(left, low), (right, low), (right, high), (left, high)]
    arc = [(1 - c, 1 - s) for c, s in ((1, 0), (0.924, 0.383), (0.707, 0.707), (0.383, 0.924), (0, 1))]
    corners: list[Point] = []
    corners += [(right - r * x, low + r * y) for x, y in reversed(arc)]
    corners += [(right - r * x, high - r * y) for x, y in arc]
    corners += [(left + r * x, high - r * y) for x, y in reversed(arc)]
    corners += [(left + r * x, low + r * y) for x, y in arc]
    return corners


def turned_metal(tone: Colour) -> tuple[Colour, ...]:
    """Return the stops of a round metal or glazed body lit from the left."""
    return (
        darker(tone, 0.3),
        lighter(tone, 0.16),
        lighter(tone, 0.42),
        tone,
        darker(tone, 0.28),
        darker(tone, 0.5),
    )


def round_body(tone: Colour) -> tuple[Colour, ...]:
    """Return the stops of a round matt body lit from the left."""
    return (darker(tone, 0.12), lighter(tone, 0.18), lighter(tone, 0.08), darker(tone, 0.14), darker(tone, 0.36))
