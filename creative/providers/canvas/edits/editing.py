"""One edit from bytes to bytes: the input is opened, changed in a fixed order, and written without metadata."""

import io
from collections.abc import Mapping
from typing import Any, Final

from PIL import Image, ImageChops

from creative.providers.base import Failure, InputPicture, Picture, ProviderError
from creative.providers.canvas.edits import geometry
from creative.providers.canvas.edits.backdrop import NotPlainError, without_background
from creative.providers.canvas.edits.plan import ABILITIES, Plan, plan_of, understood
from creative.providers.canvas.edits.tones import toned

_FORMATS: Final = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp"}
_DEEP_MODES: Final = {"I", "I;16", "I;16B", "I;16L", "I;16N"}
_PNG_LEVEL: Final = 4
_WHITE: Final = (255, 255, 255)


def edited(
    picture: InputPicture, mask: InputPicture | None, prompt: str, parameters: Mapping[str, object]
) -> Picture:
    """Return the input with what the call asks for; FAILED where it asks for nothing that can be done.

    The transparent pixels of `mask` are the region in which colours, focus and background may change; the
    geometry is always the whole picture's.
    """
    if not understood(prompt, parameters):
        message = f"Neither the prompt nor a parameter asks for an edit that this model knows: it can {ABILITIES}."
        raise ProviderError(Failure.FAILED, message)
    plan = plan_of(prompt, parameters)
    try:
        made = _changed(_opened(picture), _region(mask), plan)
    except NotPlainError as error:
        raise ProviderError(Failure.FAILED, str(error)) from error
    return _encoded(made, picture.mime_type, parameters)


def _changed(image: Image.Image, region: Image.Image | None, plan: Plan) -> Image.Image:
    """Background, flip, right angles, crop, resize, colours, focus, tilt: in this order."""
    if region is not None and region.size != image.size:
        region = region.resize(image.size, Image.Resampling.BILINEAR)
    if plan.remove_background:
        cut = without_background(image, plan.background_tolerance)
        image = _within(region, image, cut)
    image = geometry.shaped(image, plan.shape)
    if plan.touches_pixels:
        region = geometry.shaped(region, plan.shape) if region is not None else None
        image = _within(region, image, toned(image, plan))
    return geometry.tilted(image, plan.shape)


def _within(region: Image.Image | None, before: Image.Image, after: Image.Image) -> Image.Image:
    """Take what is new where the region is 255, what was where it is 0, to the pixel; between them a blend."""
    if region is None:
        return after
    if "RGBA" in {before.mode, after.mode}:
        before, after = before.convert("RGBA"), after.convert("RGBA")
        blend = Image.composite(after.convert("RGBa"), before.convert("RGBa"), region).convert("RGBA")
    else:
        blend = Image.composite(after, before, region)
    blend.paste(before, mask=region.point([255] + [0] * 255))
    blend.paste(after, mask=region.point([0] * 255 + [255]))
    return blend


def _opened(picture: InputPicture) -> Image.Image:
    """Decode as RGB or RGBA, at most 4096 pixels a side."""
    image: Image.Image = Image.open(io.BytesIO(picture.data))
    size = geometry.bounded(*image.size)
    # A JPEG is decoded at a smaller size where that is enough.
    image.draft("RGB", size)
    return geometry.resized(_plain_mode(image), size)


def _plain_mode(image: Image.Image) -> Image.Image:
    if image.mode in _DEEP_MODES:
        image = image.convert("I").point(lambda level: level / 257).convert("L")
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    # A conversion to its own mode would be a copy, of 150 MB at worst.
    return image if image.mode == wanted else image.convert(wanted)


def _region(mask: InputPicture | None) -> Image.Image | None:
    """Return 255 where the mask is transparent and the picture may change."""
    if mask is None:
        return None
    return ImageChops.invert(_opened(mask).convert("RGBA").getchannel("A"))


def _encoded(image: Image.Image, own_type: str, parameters: Mapping[str, Any]) -> Picture:
    """Write png or webp with alpha, jpeg on white; the pixels alone, without metadata."""
    wanted = parameters.get("output_format", "png")
    name = _FORMATS.get(own_type, "png") if wanted == "input" else wanted
    quality = parameters.get("quality", 90)
    image.info.clear()
    file = io.BytesIO()
    if name == "png":
        image.save(file, "PNG", compress_level=_PNG_LEVEL)
    elif name == "webp":
        image.save(file, "WEBP", quality=quality)
    else:
        if image.mode == "RGBA":
            sheet = Image.new("RGB", image.size, _WHITE)
            sheet.paste(image, mask=image.getchannel("A"))
            image = sheet
        image.save(file, "JPEG", quality=quality)
    return Picture(file.getvalue(), f"image/{name}")
