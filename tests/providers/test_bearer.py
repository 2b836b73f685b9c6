"""Pictures that come as base64 inside JSON, whatever a provider puts there."""

import base64
import io

import pytest
from PIL import Image

from creative.providers import bearer
from creative.providers.bearer import picture


def drawn(output_format: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, output_format)
    return file.getvalue()


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("output_format", "mime_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "data:;base64,"])
def test_the_bytes_say_what_a_picture_is(output_format: str, mime_type: str, prefix: str) -> None:
    data = drawn(output_format)
    found = picture(prefix + encoded(data))
    assert found is not None
    assert (found.data, found.mime_type) == (data, mime_type)


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        ["iVBORw0KGgo="],
        "",
        "no base64!",
        encoded(drawn("PNG")) + "!",
        "-" + encoded(drawn("PNG")),
        "ünïcode",
        "data:image/png;base64",
        "data:image/png," + encoded(b"\x89PNG\r\n\x1a\n")[:-1],
        encoded(b""),
        encoded(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        encoded(b"<html>"),
        encoded(b"%PDF-1.7"),
        encoded(b"%!PS-Adobe-3.0 EPSF-3.0"),
        encoded(drawn("GIF")),
        encoded(drawn("TIFF")),
        encoded(b" " + drawn("PNG")),
        encoded(b"RIFF\x00\x00\x00\x00WAVE"),
    ],
)
def test_anything_else_is_no_picture(text: object) -> None:
    assert picture(text) is None


def test_a_picture_of_the_largest_size_is_taken_and_the_next_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    data = drawn("PNG")
    size = len(data) + (-len(data) % 3)
    monkeypatch.setattr(bearer, "MOST_PICTURE_BYTES", size)
    assert picture(encoded(data.ljust(size, b"\0"))) is not None
    assert picture(encoded(data.ljust(size + 1, b"\0"))) is None
