"""What a call asks of a picture's geometry, and the size that follows."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Shape:
    """The geometry of an edit, in the order of doing; a field at its default asks for nothing."""

    flip: str = "none"
    """`none`, `horizontal` (left and right change places), `vertical` or `both`."""
    degrees: float = 0
    """Clockwise."""
    ratio: Fraction | None = None
    """Width over height that the picture is cropped to."""
    keep: str = "center"
    """The part that a crop keeps: `center`, `top`, `bottom`, `left` or `right`."""
    width: int | None = None
    height: int | None = None
    long_side: int | None = None
    scale_percent: float = 100
    fill: str = "transparent"
    """What a free rotation puts into the corners: `transparent`, or a colour."""

    @property
    def quarters(self) -> int:
        """How many right angles clockwise the picture is turned without loss, 0 to 3."""
        return round(self.degrees / 90) % 4

    @property
    def tilt(self) -> float:
        """Return the degrees clockwise that no right angle covers, -45 to 45."""
        return self.degrees - 90 * round(self.degrees / 90)

    def phrases(self) -> list[str]:
        """Return what is done before the colours change, in words."""
        said = []
        if self.flip != "none":
            said.append("flip both ways" if self.flip == "both" else f"flip {self.flip}ly")
        if self.quarters:
            said.append(f"rotate {90 * self.quarters} degrees clockwise")
        if self.ratio is not None and not (self.width and self.height):
            said.append(f"crop to {self.ratio.numerator}:{self.ratio.denominator}")
        if self.width and self.height:
            said.append(f"crop and resize to {self.width}x{self.height}")
        elif self.width or self.height or self.long_side:
            side = "width" if self.width else "height" if self.height else "longer side"
            said.append(f"resize to {self.width or self.height or self.long_side} px of {side}")
        elif self.scale_percent != 100:
            said.append(f"resize to {self.scale_percent:g} %")
        return said

    def last_phrases(self) -> list[str]:
        """Return what is done after the colours have changed, in words."""
        corners = "" if self.fill == "transparent" else f" on {self.fill}"
        return [f"tilt {self.tilt:g} degrees clockwise{corners}"] if self.tilt else []
