"""A provider's picture keeps its bytes only where they are proven to hold that picture and nothing else."""

import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from creative import images, offers
from creative.catalogue import controls
from creative.images import NotAPicture
from creative.images.bare import is_bare
from creative.providers import canvas
from creative.providers.base import ProviderCall
from tests.creative.pictures import (
    SECRET,
    TYPES,
    animated,
    chunk,
    encoded,
    full_of_secrets,
    opened,
    png_header,
    scene,
    with_chunk,
    with_riff_chunk,
    with_segment,
)

PNG = encoded("PNG")
JPEG = encoded("JPEG")
WEBP = encoded("WEBP")
LOSSY = encoded("WEBP", lossless=False)

BARE = {
    "PNG": PNG,
    "PNG of each mode": encoded("PNG", scene("L")),
    "PNG with a palette": encoded("PNG", scene("P")),
    "PNG of one bit": encoded("PNG", scene("1")),
    "PNG with alpha": encoded("PNG", scene("RGBA")),
    "PNG of 16 bits": encoded("PNG", Image.new("I;16", (9, 9), 700)),
    "PNG that tells its density": encoded("PNG", dpi=(72, 72)),
    "PNG in many chunks": encoded("PNG", Image.effect_noise((512, 512), 90)),
    "JPEG": JPEG,
    "JPEG in grey": encoded("JPEG", scene("L")),
    "JPEG in CMYK": encoded("JPEG", scene("CMYK")),
    "progressive JPEG": encoded("JPEG", progressive=True),
    "JPEG with restarts": encoded("JPEG", Image.effect_noise((64, 64), 90), restart_marker_rows=1),
    "JPEG with its own tables": encoded("JPEG", optimize=True),
    "lossless WebP": WEBP,
    "lossy WebP": LOSSY,
    "lossy WebP with alpha": encoded("WEBP", scene("RGBA"), lossless=False),
}


@pytest.mark.parametrize("name", BARE)
def test_a_picture_and_nothing_else_keeps_its_bytes(name: str) -> None:
    data = BARE[name]
    kind = opened(data).format or ""
    assert is_bare(data, TYPES[kind])
    assert images.clean_output(data) == data
    assert images.check_output(data).data is data


def longer_pixels(data: bytes) -> bytes:
    """The same PNG with the secret packed behind its last row."""
    start = data.index(b"IDAT") - 4
    (length,) = struct.unpack_from(">I", data, start)
    rows = zlib.decompress(data[start + 8 : start + 8 + length])
    return data[:start] + chunk(b"IDAT", zlib.compress(rows + SECRET)) + data[start + 12 + length :]


def tail_in_pixels(data: bytes) -> bytes:
    """The same PNG with the secret behind the packed pixels, in their chunk."""
    start = data.index(b"IDAT") - 4
    (length,) = struct.unpack_from(">I", data, start)
    return (
        data[:start] + chunk(b"IDAT", data[start + 8 : start + 8 + length] + SECRET) + data[start + 12 + length :]
    )


HIDDEN: dict[str, bytes] = {
    "a tail behind a PNG": PNG + SECRET,
    "one byte behind a PNG": PNG + b"\x00",
    "text in a PNG": with_chunk(PNG, b"tEXt", b"Author\x00" + SECRET),
    "packed text in a PNG": with_chunk(PNG, b"zTXt", b"Author\x00\x00" + zlib.compress(SECRET)),
    "EXIF in a PNG": with_chunk(PNG, b"eXIf", b"II*\x00" + SECRET),
    "credentials in a PNG": with_chunk(PNG, b"caBX", SECRET),
    "a profile in a PNG": encoded("PNG", icc_profile=b"\x00" * 128 + SECRET),
    "an unknown chunk": with_chunk(PNG, b"juNk", SECRET),
    "a density that is none": with_chunk(PNG, b"pHYs", SECRET),
    "a second end": PNG + chunk(b"IEND", b""),
    "bytes behind the packed pixels": tail_in_pixels(PNG),
    "bytes behind the last row": longer_pixels(PNG),
    "a chunk behind the pixels": with_chunk(PNG, b"pHYs", b"\x00" * 9, before=b"IEND"),
    "a palette that nothing uses": with_chunk(PNG, b"PLTE", (SECRET * 3)[: len(SECRET) // 3 * 9]),
    "transparency that nothing uses": with_chunk(PNG, b"tRNS", SECRET),
    "frames in a PNG": animated("PNG"),
    "a tail behind a JPEG": JPEG + SECRET,
    "a comment in a JPEG": encoded("JPEG", comment=SECRET),
    "EXIF in a JPEG": with_segment(JPEG, 0xE1, b"Exif\x00\x00" + SECRET),
    "a profile in a JPEG": with_segment(JPEG, 0xE2, b"ICC_PROFILE\x00\x01\x01" + SECRET),
    "an Adobe segment that is none": with_segment(JPEG, 0xEE, b"Adobe" + SECRET),
    "a thumbnail in the JFIF segment": with_segment(
        JPEG, 0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x02\x01" + b"\x00" * 6
    ),
    "tables without end": with_segment(JPEG, 0xDB, (b"\x00" + b"\x01" * 64) * 300),
    "a tail behind a WebP": WEBP + SECRET,
    "EXIF in a WebP": with_riff_chunk(WEBP, b"EXIF", SECRET),
    "XMP in a WebP": with_riff_chunk(WEBP, b"XMP ", SECRET),
    "an unknown chunk in a WebP": with_riff_chunk(WEBP, b"JUNK", SECRET),
    "frames in a WebP": animated("WEBP"),
    "a GIF": encoded("GIF"),
    "an AVIF": encoded("AVIF"),
    **{f"everything in a {kind}": full_of_secrets(kind) for kind in TYPES},
}


@pytest.mark.parametrize("name", HIDDEN)
def test_whatever_holds_more_is_made_anew(name: str) -> None:
    data = HIDDEN[name]
    assert not any(is_bare(data, mime_type) for mime_type in TYPES.values())
    made = images.check_output(data)
    assert made.data != data
    assert SECRET not in made.data
    assert is_bare(made.data, made.mime_type)
    assert opened(made.data).size == opened(data).size


@pytest.mark.parametrize("read", [lambda data: data[:-1], lambda data: data[:-13], lambda data: data[:40]])
@pytest.mark.parametrize("data", [PNG, JPEG, WEBP, LOSSY], ids=["PNG", "JPEG", "lossless", "lossy"])
def test_a_picture_that_is_cut_short_is_not_bare(data: bytes, read: Callable[[bytes], bytes]) -> None:
    assert not any(is_bare(read(data), mime_type) for mime_type in TYPES.values())


def test_a_provider_s_picture_passes_the_same_door_as_an_upload() -> None:
    for data in (b"<svg/>", b"%PDF-1.7", png_header(30_000, 30_000), PNG[:-30], b""):
        with pytest.raises(NotAPicture):
            images.clean_output(data)


def test_what_an_upload_is_made_into_is_bare() -> None:
    for kind in TYPES:
        made = images.clean_upload(full_of_secrets(kind))
        assert is_bare(made.data, made.mime_type)


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_the_offline_renderer_s_pictures_are_bare(output_format: str) -> None:
    applied = controls.apply(
        offers.described("canvas.draft"),
        model_parameters={"long_side": 256},
        aspect_ratio=None,
        output_format=output_format,
        output_count=1,
    )
    call = ProviderCall("create", "draft", "A red boat", applied.parameters, 1, (), 60, None, lambda _: None)
    data = canvas.Adapter().generate(call).pictures[0].data
    assert is_bare(data, f"image/{output_format}")
    assert images.clean_output(data) == data
