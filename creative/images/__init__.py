"""Looking at bytes that claim to be a picture, and making what may be stored of them.

Every picture is decoded whole, in a bounded process beside this one (`workshop`). `kinds` says what is taken,
`pixels` decodes and encodes, `bare` proves that a file holds nothing but its picture.
"""

from collections.abc import Sequence
from typing import Any, Final

from creative.images import kinds
from creative.images.kinds import Cleaned, Inspected, NotAPicture
from creative.images.workshop import Busy, is_ours, workshop

__all__ = [
    "Busy",
    "Cleaned",
    "Inspected",
    "NotAPicture",
    "check_output",
    "clean_output",
    "clean_upload",
    "inspect",
    "thumbnails",
]

_UPLOAD_PATIENCE: Final = 15.0
_OUTPUT_PATIENCE: Final = 240.0
_THUMBNAIL_PATIENCE: Final = 1.0


def inspect(data: bytes) -> Inspected:
    """Decode a picture whole and return what it is, whatever its sender said.

    NotAPicture: another format than PNG, JPEG or WebP, cut short, or larger than 50 megapixels or 12,000 pixels
    a side.
    """
    told, _ = workshop.do({"task": "inspect"}, data, patience=_OUTPUT_PATIENCE)
    return Inspected(told["mime_type"], told["width"], told["height"])


def clean_upload(data: bytes) -> Cleaned:
    """Return a picture from outside made anew: first frame, upright, sRGB, without metadata, our own bytes.

    PNG, JPEG, WebP, GIF and AVIF are taken; JPEG and WebP keep their kind, the others become PNG. NotAPicture:
    anything else, or too large. Busy: too many pictures are being worked on.
    """
    if len(data) > kinds.MOST_BYTES:
        raise NotAPicture(
            f"the picture is too large: {len(data):,} bytes; at most {kinds.MOST_BYTES:,}", reason="too_large"
        )
    if kinds.sniff(data) is None:
        raise NotAPicture(f"the bytes are {kinds.named(data)}", reason="unknown_kind")
    return _cleaned("upload", data, _UPLOAD_PATIENCE)


def check_output(data: bytes) -> Cleaned:
    """Return a provider's picture, decoded and checked as an upload is.

    Its bytes are unchanged where they are proven to hold one picture and nothing else, made anew otherwise.
    """
    return _cleaned("output", data, _OUTPUT_PATIENCE)


def clean_output(data: bytes) -> bytes:
    """Return the bytes of `check_output`."""
    return check_output(data).data


def thumbnails(data: bytes, widths: Sequence[int]) -> list[bytes]:
    """Return a stored picture as WebP for each width: at most so many pixels on the long side, never enlarged."""
    order = {"task": "thumbnails", "widths": list(widths)}
    told, made = workshop.do(order, data, patience=_THUMBNAIL_PATIENCE)
    parts, start = [], 0
    for length in told["lengths"]:
        parts.append(made[start : start + length])
        start += length
    if not all(is_ours(part, kinds.WEBP) for part in parts):
        raise NotAPicture
    return parts


def _cleaned(task: str, data: bytes, patience: float) -> Cleaned:
    told, made = workshop.do({"task": task}, data, patience=patience)
    kept = data if task == "output" and told["unchanged"] else made
    if not is_ours(kept, told["mime_type"]):
        raise NotAPicture
    return Cleaned(kept, told["mime_type"], told["width"], told["height"], _type(told), told["is_first_frame"])


def _type(told: dict[str, Any]) -> str:
    received: str = told["received_type"]
    return received
