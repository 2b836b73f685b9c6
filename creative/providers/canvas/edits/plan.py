"""What a call asks for: its parameters, and the prompt's words where no parameter speaks.

Everything here is pure: planning may ask it before a credit is held.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from creative.providers.canvas.edits import geometry
from creative.providers.canvas.edits.reading import wishes
from creative.providers.canvas.edits.shape import Shape

ABILITIES: Final = (
    "crop to a shape, resize, rotate, flip, black and white, sepia, warmer or cooler, saturation, a tint, "
    "brightness, contrast, invert, blur, sharpen, and remove a plain background"
)
"""For the sentence of a refusal."""

_SIZES: Final = {"width", "height", "long_side", "scale_percent"}
"""One of them given as a parameter silences what the words say about size."""

_UNTOUCHED: Final = Shape()


@dataclass(frozen=True, slots=True)
class Plan:
    """The edits of one call; a field at its default asks for nothing."""

    shape: Shape = _UNTOUCHED
    remove_background: bool = False
    background_tolerance: int = 12
    brightness: float = 0
    contrast: float = 0
    saturation: float = 0
    temperature: float = 0
    grayscale: bool = False
    sepia: bool = False
    tint: str = "none"
    tint_strength: float = 65
    invert: bool = False
    blur: float = 0
    """Percent of the shorter side."""
    blur_pixels: float = 0
    sharpen: float = 0

    @property
    def touches_pixels(self) -> bool:
        """Whether more than the geometry changes."""
        return replace(self, shape=_UNTOUCHED, background_tolerance=12, tint_strength=65) != Plan()


def plan_of(prompt: str, parameters: Mapping[str, object]) -> Plan:
    """Read a call; parameters win over words, and what neither says is left alone."""
    asked = _asked(prompt, parameters)
    shape = Shape(
        flip=asked.pop("flip", "none"),
        degrees=float(asked.pop("rotate", 0)),
        fill=asked.pop("fill", "transparent"),
        ratio=_ratio(asked.pop("aspect_ratio", None)),
        keep=asked.pop("keep", "center"),
        width=asked.pop("width", None),
        height=asked.pop("height", None),
        long_side=asked.pop("long_side", None),
        scale_percent=float(asked.pop("scale_percent", 100)),
    )
    return Plan(shape=shape, **asked)


def understood(prompt: str, parameters: Mapping[str, object]) -> list[str]:
    """Return what a call would do, a short phrase each, in the order of doing; an empty list: nothing.

    Pure and quick, so that a call of which nothing is understood can be refused before anything is held.
    """
    plan = plan_of(prompt, parameters)
    said = ["remove the background"] if plan.remove_background else []
    said += plan.shape.phrases()
    for name in ("brightness", "contrast", "saturation", "temperature"):
        value = getattr(plan, name)
        said += [f"{name} {value:+g}"] if value else []
    said += [word for word in ("grayscale", "sepia") if getattr(plan, word)]
    said += [f"tint {plan.tint}"] if plan.tint != "none" else []
    said += ["invert the colours"] if plan.invert else []
    if plan.blur_pixels:
        said.append(f"blur {plan.blur_pixels:g} px")
    elif plan.blur:
        said.append(f"blur {plan.blur:g} % of the shorter side")
    said += [f"sharpen {plan.sharpen:g}"] if plan.sharpen else []
    return said + plan.shape.last_phrases()


def size_of(width: int, height: int, parameters: Mapping[str, object], prompt: str) -> tuple[int, int]:
    """Foretell the size of the edited picture, in pixels, from the input's size."""
    return geometry.final_size(width, height, plan_of(prompt, parameters).shape)


def _asked(prompt: str, parameters: Mapping[str, object]) -> dict[str, Any]:
    given = {name: value for name, value in parameters.items() if name not in {"output_format", "quality"}}
    if given.get("aspect_ratio") == "auto":
        del given["aspect_ratio"]
    words = wishes(prompt)
    if _SIZES & given.keys():
        words = {name: value for name, value in words.items() if name not in _SIZES}
    if "aspect_ratio" in given and "width" in words and "height" in words:
        # The words' two sides are a shape as well, and the parameter's shape wins.
        del words["height"]
    if "blur" in given:
        words.pop("blur_pixels", None)
    return {**words, **given}


def _ratio(value: object) -> Fraction | None:
    if not isinstance(value, str):
        return None
    across, down = value.split(":")
    return Fraction(across) / Fraction(down)
