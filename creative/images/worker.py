"""The process that decodes: it takes pictures on its standard input and gives them back clean on its output.

It is started by `workshop`, knows no key, no database and no address, and is bounded in memory, processor time,
files and open handles. A message is the lengths of its two parts, a JSON object, then bytes.
"""

import contextlib
import json
import os
import resource
import struct
import sys
from typing import Any, Final, Protocol

from creative.images import pixels
from creative.images.kinds import NotAPicture

CPU_SECONDS: Final = 30
"""Processor time for one picture."""

FRAME: Final = struct.Struct(">IQ")


class Source(Protocol):
    """Where a message is read from: a pipe."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most so many bytes; none at the end."""
        ...


class Sink(Protocol):
    """Where a message is written to."""

    def write(self, part: memoryview, /) -> int:
        """Write what there is room for, and return how many bytes."""
        ...


def main() -> None:
    """Serve until the other end is gone. The first argument is the address space of this process in bytes."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever a codec prints must not stand between the answers.
    os.dup2(2, 1)
    _confine(int(sys.argv[1]))
    while (message := read_message(source)) is not None:
        order, data = message
        _allow_seconds()
        told, made = _answer(order, data)
        del data, message
        write_message(sink, told, made)
        sink.flush()


def read_message(source: Source) -> tuple[dict[str, Any], bytes] | None:
    """Return a message, or None where the other end is gone."""
    frame = _read(source, FRAME.size)
    if frame is None:
        return None
    told_length, data_length = FRAME.unpack(frame)
    told, data = _read(source, told_length), _read(source, data_length)
    if told is None or data is None:
        return None
    return json.loads(told), data


def write_message(sink: Sink, told: dict[str, Any], data: bytes) -> None:
    """Write a message. OSError: the other end is gone."""
    words = json.dumps(told).encode()
    for part in (FRAME.pack(len(words), len(data)), words, data):
        rest = memoryview(part)
        while rest:
            rest = rest[sink.write(rest) :]


def _read(source: Source, length: int) -> bytes | None:
    parts: list[bytes] = []
    while length > 0:
        part = source.read(min(length, 1024 * 1024))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _answer(order: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return _DOERS[order["task"]](order, data)
    except NotAPicture as refusal:
        return {"refused": str(refusal), "reason": refusal.reason}, b""
    except MemoryError:
        return {"refused": "the picture takes too much memory", "reason": "too_dear"}, b""


def _inspect(order: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    seen = pixels.inspect(data)
    return {"mime_type": seen.mime_type, "width": seen.width, "height": seen.height}, b""


def _clean(order: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    made = pixels.check_output(data) if order["task"] == "output" else pixels.rebuild(data)
    told = {
        "mime_type": made.mime_type,
        "width": made.width,
        "height": made.height,
        "received_type": made.received_type,
        "is_first_frame": made.is_first_frame,
        "unchanged": made.data is data,
    }
    return told, b"" if made.data is data else made.data


def _thumbnails(order: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    made = pixels.thumbnails(data, tuple(order["widths"]))
    return {"lengths": [len(one) for one in made]}, b"".join(made)


_DOERS: Final = {"inspect": _inspect, "upload": _clean, "output": _clean, "thumbnails": _thumbnails}


def _confine(memory_bytes: int) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        # Not every system knows every limit; what holds on Linux is what the service is deployed on.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limit, (value, value))


def _allow_seconds() -> None:
    """Allow the next picture its processor time; the kernel ends the process that takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + CPU_SECONDS + 1
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main()
