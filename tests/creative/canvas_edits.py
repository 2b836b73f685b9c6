"""Small pictures and calls for the tests of the offline edits."""

import io
from typing import Any

from PIL import Image

from creative import offers
from creative.catalogue import controls
from creative.providers.base import InputPicture, Picture, ProviderCall
from creative.providers.canvas import Adapter

RED, GREEN, BLUE, YELLOW = (230, 20, 20), (20, 200, 30), (20, 40, 220), (240, 230, 20)


def corners(width: int = 60, height: int = 40) -> Image.Image:
    """Return a picture of four quarters: red and green above, blue and yellow below."""
    picture = Image.new("RGB", (width, height), YELLOW)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def stored(picture: Image.Image, kind: str = "PNG", **options: Any) -> InputPicture:
    """Return the picture as the house stores it."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return InputPicture(file.getvalue(), f"image/{kind.lower()}", *picture.size)


def complete(**given: Any) -> dict[str, Any]:
    """Return valid and complete parameters of `canvas.edit`."""
    applied = controls.apply(offers.described("canvas.edit"), model_parameters=given)
    assert not applied.errors
    return applied.parameters


def answer(
    source: Image.Image | InputPicture, prompt: str, mask: Image.Image | None = None, **given: Any
) -> Picture:
    """Edit through the port."""
    picture = stored(source) if isinstance(source, Image.Image) else source
    call = ProviderCall(
        operation="edit",
        model="edit",
        prompt=prompt,
        parameters=complete(**given),
        output_count=1,
        inputs=(picture,),
        timeout_seconds=60,
        submission=None,
        on_submitted=lambda _: None,
        mask=stored(mask) if mask is not None else None,
    )
    return Adapter().generate(call).pictures[0]


def opened(
    source: Image.Image | InputPicture, prompt: str = "", mask: Image.Image | None = None, **given: Any
) -> Image.Image:
    """Edit through the port and decode the answer."""
    picture: Image.Image = Image.open(io.BytesIO(answer(source, prompt, mask, **given).data))
    picture.load()
    return picture


def pixel(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Return the bands of one pixel."""
    found: Any = picture.getpixel((x, y))
    return tuple(found)
