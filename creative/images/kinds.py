"""The kinds of picture that are taken and kept, told by their bytes alone; and the refusal of all others."""

from dataclasses import dataclass
from typing import Final

PNG, JPEG, WEBP, GIF, AVIF = "image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"

KEPT: Final = (PNG, JPEG, WEBP)
"""What lies in the storage; GIF and AVIF are taken and become PNG."""

FORMATS: Final = {PNG: "PNG", JPEG: "JPEG", WEBP: "WEBP", GIF: "GIF", AVIF: "AVIF"}
"""Pillow's name of each kind that is taken: one parser a picture, the one that its first bytes name."""

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
LONGEST_SIDE: Final = 12_000
MOST_STORED_BYTES: Final = 64 * 1024 * 1024
"""A picture that becomes PNG may grow; beyond this it is refused."""

_LEADERS: Final = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
)
_STRANGERS: Final = (
    (b"%PDF", "a PDF"),
    (b"%!", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"II*\x00", "a TIFF"),
    (b"MM\x00*", "a TIFF"),
    (b"8BPS", "a Photoshop file"),
    (b"BM", "a BMP"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x00\x00\x01\x00", "an icon file"),
    (b"<", "SVG, HTML or other text"),
)


class NotAPicture(Exception):  # noqa: N818 - it says what was found
    """The bytes are no whole picture of a kind that the service keeps.

    `reason` is a word for programs: `unknown_kind`, `broken`, `too_large`, `too_dear`.
    """

    def __init__(self, message: str = "the bytes are no whole picture", *, reason: str = "broken") -> None:
        """Take a message that names no byte of the picture, and the reason."""
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the bytes really are."""

    mime_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A picture that may be stored; `received_type` is what came in, `is_first_frame` that others were dropped."""

    data: bytes
    mime_type: str
    width: int
    height: int
    received_type: str
    is_first_frame: bool = False


def sniff(data: bytes) -> str | None:
    """Return the MIME type of what the first bytes announce, or None where it is nothing that is taken."""
    for leader, mime_type in _LEADERS:
        if data.startswith(leader):
            return mime_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data[4:8] == b"ftyp" and _is_avif(data):
        return AVIF
    return None


def _is_avif(data: bytes) -> bool:
    """Say whether the file type box names AVIF, as its brand or among those it is compatible with."""
    box = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
    brands = {box[start : start + 4] for start in (0, *range(8, len(box), 4))}
    return not brands.isdisjoint({b"avif", b"avis"})


def named(data: bytes) -> str:
    """Return in words what bytes are that are not taken."""
    head = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    for leader, words in _STRANGERS:
        if data.startswith(leader) or (leader == b"<" and head.startswith(leader)):
            return words
    return "HEIC or a video" if data[4:8] == b"ftyp" else "nothing known"


def refuse_size(width: int, height: int) -> None:
    """Raise NotAPicture where a picture is larger than 50 megapixels, or 12,000 pixels a side."""
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise NotAPicture(
            f"the picture is too large: {width} x {height}; at most {MOST_PIXELS:,} pixels, "
            f"and {LONGEST_SIDE:,} a side",
            reason="too_large",
        )
