"""Colours as (red, green, blue), 0 to 255 each, and how they are mixed."""

import colorsys
from collections.abc import Sequence

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour `share` of the way from the first to the second."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def lighter(colour: Colour, share: float) -> Colour:
    """Return the colour mixed with white."""
    return mix(colour, WHITE, share)


def darker(colour: Colour, share: float) -> Colour:
    """Return the colour mixed with a deep blue black, which keeps shadows from looking dirty."""
    return mix(colour, (12, 14, 30), share)


def turned(colour: Colour, degrees: float, saturation: float = 1.0, value: float = 1.0) -> Colour:
    """Return the colour with its hue turned and its saturation and value scaled."""
    hue, satur, val = colorsys.rgb_to_hsv(*(part / 255 for part in colour))
    made = colorsys.hsv_to_rgb((hue + degrees / 360) % 1, min(1, satur * saturation), min(1, val * value))
    return (round(made[0] * 255), round(made[1] * 255), round(made[2] * 255))


def luminance(colour: Colour) -> float:
    """Return how bright a colour looks, 0 to 1."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255


def ramp(stops: Sequence[Colour], share: float) -> Colour:
    """Return the colour at `share` (0 to 1) along evenly spaced stops."""
    place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    first = min(int(place), len(stops) - 2) if len(stops) > 1 else 0
    second = min(first + 1, len(stops) - 1)
    return mix(stops[first], stops[second], place - first)
