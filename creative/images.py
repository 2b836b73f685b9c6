"""Looking at bytes that claim to be a picture."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_MOST_PIXELS = 50_000_000
_LONGEST_SIDE = 12_000


class NotAPicture(Exception):  # noqa: N818 - it says what was found
    """The bytes are no whole picture of a kind that the service keeps."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the bytes really are."""

    mime_type: str
    width: int
    height: int


def inspect(data: bytes) -> Inspected:
    """Decode a picture whole and return what it is, whatever its sender said.

    NotAPicture: another format, cut short, or larger than 50 megapixels or 12,000 pixels a side.
    """
    try:
        with warnings.catch_warnings():
            # The header's size is checked below, before any pixel is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as picture:
                width, height = picture.size
                small_enough = width * height <= _MOST_PIXELS and max(width, height) <= _LONGEST_SIDE
                if small_enough:
                    picture.load()
                mime_type = FORMATS[str(picture.format)]
    except Exception as error:
        # Pillow's decoders raise many kinds; each of them means the same here.
        raise NotAPicture("the bytes are no whole picture") from error
    if not small_enough:
        raise NotAPicture("the picture is too large")
    return Inspected(mime_type, width, height)
