"""Pictures of every kind, made on the spot, and what people hide in them."""

import base64
import hashlib
import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw, PngImagePlugin

from tests.cast import Answer, Member

SECRET = b"SECRET-MARKER-7f3a91"
TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}


def scene(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A red field with a blue corner at the upper left, so that turning it can be seen."""
    picture = Image.new("RGB", size, "red")
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 3, size[1] // 3), fill="blue")
    return picture if mode == "RGB" else picture.convert(mode)


def encoded(kind: str = "PNG", picture: Image.Image | None = None, **options: Any) -> bytes:
    """Return a picture's bytes."""
    file = io.BytesIO()
    if kind == "WEBP":
        options.setdefault("lossless", True)
    (picture or scene()).save(file, kind, **options)
    return file.getvalue()


def animated(kind: str, frames: int = 4) -> bytes:
    """Return an animation whose first frame is the scene."""
    more = [Image.new("RGB", (48, 32), (0, 40 * number, 0)) for number in range(1, frames)]
    return encoded(kind, save_all=True, append_images=more)


def opened(data: bytes) -> Image.Image:
    """Return a picture decoded whole."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(data: bytes, kind: bytes, body: bytes, before: bytes = b"IDAT") -> bytes:
    """Return a PNG with one more chunk."""
    place = data.index(before) - 4
    return data[:place] + chunk(kind, body) + data[place:]


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    """Return a JPEG with one more segment behind its start."""
    return data[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + data[2:]


def with_riff_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """Return a WebP with one more chunk at its end."""
    body += b"\x00" * (len(body) % 2)
    whole = data + kind + struct.pack("<I", len(body)) + body
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def full_of_secrets(kind: str) -> bytes:
    """Return a picture that carries the secret in every place that its format has for metadata, and behind it."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 30.0)
    profile = b"\x00" * 128 + SECRET
    options: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    if kind == "JPEG":
        options |= {"comment": SECRET, "xmp": b"<x>" + SECRET}
    elif kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Author", SECRET.decode())
        text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
        options["pnginfo"] = text
    elif kind == "GIF":
        options = {"comment": SECRET}
    else:
        options["xmp"] = b"<x>" + SECRET
    return encoded(kind, **options) + b"<html><script>" + SECRET + b"</script>"


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large, and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def body_of(data: bytes, **fields: Any) -> dict[str, Any]:
    """Return the body with which the command-line client sends a picture."""
    return {
        "source_kind": "local_path",
        "filename": "source.png",
        "remote_origin": None,
        "mime_type": "image/png",
        "content_length": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "content_base64": base64.b64encode(data).decode(),
    } | fields


def send(member: Member, data: bytes, **fields: Any) -> Answer:
    """Upload a picture as the command-line client does."""
    return member.post("/v1/upload", body_of(data, **fields))


def digest(data: bytes) -> str:
    """Return the SHA-256 as the wire tells it."""
    return hashlib.sha256(data).hexdigest()
