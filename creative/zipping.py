"""Zip files of pictures, written while they are read: never more than one piece of one picture is in memory."""

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from creative import storage
from creative.gallery import Tile
from creative.storage import EXTENSIONS, StorageError, Stream
from imageskill.core.instants import instant

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Told:
    """What a manifest says besides the pictures; `with_prompts` false leaves out what they were asked for by."""

    workspace_id: str
    made_at: str
    with_prompts: bool


class _Sink:
    """What a zip file is written to: it keeps what has not been sent yet, and cannot go back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take a piece."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: whoever sends takes what there is."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def stream(tiles: Sequence[Tile], told: Told) -> Iterator[bytes]:
    """Return the pieces of a zip file of pictures with a manifest at its end.

    A picture that is deleted while the file is written, or cannot be read, is missing in it; the manifest says so.
    Pictures are not compressed again. OSError: the storage broke off within a picture; the file is then useless.
    """
    sink = _Sink()
    rows: list[dict[str, Any]] = []
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload] # it needs no more than `write`
        for number, tile in enumerate(tiles, 1):
            name = _name(number, tile)
            source = _open(tile)
            rows.append(_row(tile, told, name if source is not None else None))
            if source is not None:
                yield from _entry(archive, sink, name, tile, source)
        head = {"workspace_id": told.workspace_id, "made_at": told.made_at}
        text = json.dumps({**head, "pictures": rows}, indent=2, ensure_ascii=False)
        archive.writestr(MANIFEST, text.encode())
        yield sink.take()
    yield sink.take()


def _entry(archive: zipfile.ZipFile, sink: _Sink, name: str, tile: Tile, source: Stream) -> Iterator[bytes]:
    made = tile.asset.created_at.astimezone(UTC)
    info = zipfile.ZipInfo(name, (made.year, made.month, made.day, made.hour, made.minute, made.second))
    try:
        with archive.open(info, "w") as entry:
            for piece in source:
                entry.write(piece)
                yield sink.take()
    finally:
        source.close()
    yield sink.take()


def _open(tile: Tile) -> Stream | None:
    try:
        return storage.stream(tile.asset.storage_key)
    except StorageError:
        return None


def _name(number: int, tile: Tile) -> str:
    model = tile.job.model_id if tile.job is not None else "upload"
    plain = "".join(letter if letter.isalnum() or letter in ".-" else "-" for letter in model)
    return f"{number:03}-{plain}-{tile.asset.sha256[:8]}.{EXTENSIONS[tile.asset.mime_type]}"


def _row(tile: Tile, told: Told, name: str | None) -> dict[str, Any]:
    asset, job = tile.asset, tile.job
    row = {
        "file": name,
        "asset_id": asset.pk,
        "job_id": asset.job_id,
        "agent_id": asset.agent_id,
        "agent_name": asset.agent.name,
        "kind": asset.kind,
        "operation": job.operation if job is not None else None,
        "model": job.model_id if job is not None else None,
        "credits": tile.price,
        "rating": tile.rating or None,
        "mime_type": asset.mime_type,
        "content_length": asset.content_length,
        "width": asset.width,
        "height": asset.height,
        "sha256": asset.sha256,
        "created_at": instant(asset.created_at),
    }
    return {**row, "prompt": job.prompt} if told.with_prompts and job is not None else row
