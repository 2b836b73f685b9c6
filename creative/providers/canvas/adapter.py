"""The adapter: the painter and the edits behind the port of every provider."""

import io
from fractions import Fraction
from typing import Any, Final

from PIL import Image

from creative.providers.base import Failure, Picture, ProviderCall, ProviderError, ProviderResult
from creative.providers.canvas.edits import edited
from creative.providers.canvas.painter import Brief, paint

_MIME_TYPES: Final = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_PNG_LEVEL: Final = 4
"""Smaller files for little time: the paper's fibres do not compress much further."""


class Adapter:
    """Paints and edits in this process: it asks nobody, needs no key, and costs nothing."""

    resumable = False
    cancellable = False

    def generate(self, call: ProviderCall) -> ProviderResult:
        """Return the pictures of a call; the same call gives the same bytes."""
        if call.operation == "edit":
            return _edit(call)
        parameters: dict[str, Any] = dict(call.parameters)
        width, height = _size(parameters["aspect_ratio"], parameters["long_side"])
        pictures = []
        for number in range(call.output_count):
            brief = Brief(
                prompt=call.prompt,
                # Without a seed the prompt alone decides.
                seed=parameters.get("seed", 0),
                number=number,
                width=width,
                height=height,
                style=parameters["style"],
                palette=parameters["palette"],
                detail=parameters["detail"],
                texture=parameters["texture"],
            )
            pictures.append(_encoded(paint(brief), parameters["output_format"], parameters["quality"]))
        return ProviderResult(tuple(pictures), cost_micros=0)

    def probe(self) -> None:
        """Say nothing: this process is always at hand."""


def _edit(call: ProviderCall) -> ProviderResult:
    """Change the first input; an edit by rules has one result, however many pictures are asked for."""
    if not call.inputs:
        raise ProviderError(Failure.FAILED, "An edit needs a picture to change.")
    picture = edited(call.inputs[0], call.mask, call.prompt, call.parameters)
    return ProviderResult((picture,) * call.output_count, cost_micros=0)


def _size(aspect_ratio: str, long_side: int) -> tuple[int, int]:
    """Return width and height in pixels, by the rule of the catalogue's `ratio` sizes."""
    across, down = (Fraction(side) for side in aspect_ratio.split(":"))
    short_side = round(long_side * min(across, down) / max(across, down))
    return (long_side, short_side) if across >= down else (short_side, long_side)


def _encoded(picture: Image.Image, output_format: str, quality: int) -> Picture:
    file = io.BytesIO()
    if output_format == "png":
        picture.save(file, "PNG", compress_level=_PNG_LEVEL)
    elif output_format == "jpeg":
        picture.save(file, "JPEG", quality=quality)
    else:
        picture.save(file, "WEBP", quality=quality)
    return Picture(file.getvalue(), _MIME_TYPES[output_format])
