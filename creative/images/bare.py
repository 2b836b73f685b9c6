"""A strict reader of PNG, JPEG and WebP files, which proves that one holds a picture and nothing else.

It decodes no pixel. What it cannot prove is not bare; then the picture is made anew from its pixels.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from creative.images.kinds import JPEG, PNG, WEBP

_PNG_LENGTHS: Final = {
    b"IHDR": {13},
    b"IEND": {0},
    b"PLTE": set(range(3, 769, 3)),
    b"tRNS": set(range(1, 257)),
    b"gAMA": {4},
    b"cHRM": {32},
    b"sRGB": {1},
    b"sBIT": {1, 2, 3, 4},
    b"bKGD": {1, 2, 6},
    b"pHYs": {9},
}
"""The chunks besides IDAT that a bare PNG may hold, with their lengths; each at most once."""

_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE = 3
_KEY_LENGTHS: Final = {2, 6}
"""Without a palette `tRNS` is one grey value or one colour."""
_STEP = 1024 * 1024

_DQT, _DHT, _DRI, _SOS, _EOI = 0xDB, 0xC4, 0xDD, 0xDA, 0xD9
_FRAMES: Final = {0xC0, 0xC1, 0xC2}
_APP0, _APP14 = 0xE0, 0xEE
_JFIF_LENGTH, _ADOBE_LENGTH = 14, 12
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7]")
_LONGEST_TABLES = 16 * 1024
"""All tables of a JPEG together: a progressive one has about a dozen of at most 273 bytes."""

_WEBP_CHUNKS: Final = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH"}
_VP8X_ALPHA = 0x10


class _NotBare(Exception):  # noqa: N818 - it says what was found
    """Something besides the picture."""


def is_bare(data: bytes, mime_type: str) -> bool:
    """Say whether the file is proven to hold one still picture, no metadata, and not a byte behind it."""
    try:
        {PNG: _read_png, JPEG: _read_jpeg, WEBP: _read_webp}[mime_type](data)
    except (_NotBare, KeyError, IndexError, struct.error, zlib.error):
        return False
    return True


def _demand(is_so: bool) -> None:  # noqa: FBT001 - reads as an assertion
    if not is_so:
        raise _NotBare


def _read_png(data: bytes) -> None:
    header, pixels, ended = b"", _Pixels(), False
    seen: list[bytes] = []
    for kind, body in _png_chunks(data):
        _demand(not ended and (kind == b"IHDR") == (not seen))
        header = body if kind == b"IHDR" else header
        if kind == b"IDAT":
            _demand(b"IDAT" not in seen or seen[-1] == b"IDAT")
            pixels.feed(body)
        else:
            _demand(kind not in seen and len(body) in _PNG_LENGTHS[kind])
            _demand(kind == b"IEND" or b"IDAT" not in seen)
            if header[9] != _PALETTE:
                _demand(kind != b"PLTE" and (kind != b"tRNS" or len(body) in _KEY_LENGTHS))
        ended = kind == b"IEND"
        seen.append(kind)
    _demand(ended and pixels.ended and pixels.length == _png_length(header))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        _demand(zlib.crc32(body, zlib.crc32(kind)) == checksum)
        yield kind, body
        position += 12 + length


class _Pixels:
    """The packed pixels of a PNG: counted, never held."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()
        self.length = 0

    def feed(self, body: bytes) -> None:
        """Take a chunk. _NotBare: something follows the end of the packed pixels."""
        while body:
            _demand(not self._stream.eof)
            self.length += len(self._stream.decompress(body, _STEP))
            body = self._stream.unconsumed_tail
        _demand(not self._stream.unused_data)

    @property
    def ended(self) -> bool:
        """Whether the stream came to its end, with its checksum."""
        while not self._stream.eof and (more := self._stream.decompress(b"", _STEP)):
            self.length += len(more)
        return self._stream.eof


def _png_length(header: bytes) -> int:
    """Return how many bytes the rows of an uninterlaced PNG unpack to."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    _demand(interlaced == 0)
    return int(height * (1 + (width * depth * _CHANNELS[colour] + 7) // 8))


def _read_jpeg(data: bytes) -> None:
    position, tables, frames, scans = 2, 0, 0, 0
    while True:
        _demand(data[position] == 0xFF)  # noqa: PLR2004 - each marker begins so
        marker = data[position + 1]
        if marker == _EOI:
            _demand(position + 2 == len(data) and frames == 1 and scans > 0)
            return
        (length,) = struct.unpack_from(">H", data, position + 2)
        body = data[position + 4 : position + 2 + length]
        _demand(len(body) == length - 2)
        _check_segment(marker, body)
        frames += marker in _FRAMES
        tables += length if marker in (_DQT, _DHT) else 0
        _demand(tables <= _LONGEST_TABLES)
        position += 2 + length
        if marker == _SOS:
            scans += 1
            found = _MARKER.search(data, position)
            _demand(found is not None)
            position = found.start() if found is not None else len(data)


def _check_segment(marker: int, body: bytes) -> None:
    """Let only those segments pass without which there is no picture, each of exactly its own length."""
    if marker == _APP0:
        _demand(len(body) == _JFIF_LENGTH and body[:5] == b"JFIF\x00" and body[12:] == b"\x00\x00")
    elif marker == _APP14:
        _demand(len(body) == _ADOBE_LENGTH and body[:5] == b"Adobe")
    elif marker in _FRAMES:
        _demand(len(body) == 6 + 3 * body[5])
    elif marker == _SOS:
        _demand(len(body) == 4 + 2 * body[0])
    elif marker == _DRI:
        _demand(len(body) == 2)  # noqa: PLR2004 - one number of two bytes
    elif marker == _DQT:
        position = 0
        while position < len(body):
            position += 129 if body[position] >> 4 else 65
        _demand(position == len(body))
    elif marker == _DHT:
        position = 0
        while position < len(body):
            position += 17 + sum(body[position + 1 : position + 17])
        _demand(position == len(body))
    else:
        raise _NotBare


def _read_webp(data: bytes) -> None:
    _demand(int.from_bytes(data[4:8], "little") == len(data) - 8)
    seen: list[bytes] = []
    for kind, body in webp_chunks(data):
        _demand(kind in _WEBP_CHUNKS and kind not in seen)
        if kind == b"VP8X":
            _demand(not seen and len(body) == 10 and not body[0] & ~_VP8X_ALPHA and body[1:4] == b"\x00\x00\x00")  # noqa: PLR2004
        seen.append(kind)
    _demand(seen in ([b"VP8 "], [b"VP8L"], [b"VP8X", b"VP8 "], [b"VP8X", b"VP8L"], [b"VP8X", b"ALPH", b"VP8 "]))


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return the chunks of a WebP file; one that is cut short, or padded with anything but zero, ends them."""
    position = 12
    while position < len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        body = data[position + 8 : position + 8 + length]
        padding = data[position + 8 + length : position + 8 + length + length % 2]
        _demand(len(body) == length and padding == b"\x00" * (length % 2))
        yield kind, body
        position += 8 + length + length % 2
