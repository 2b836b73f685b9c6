"""Where the bytes of pictures lie. The only place that names an object key."""

import logging
import os
import tempfile
from pathlib import Path
from typing import IO

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages

from imageskill.core.units import forbid_inside

logger = logging.getLogger("imageskill.storage")

EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
"""The kinds of picture that the service keeps."""

_LEAST_FREE_BYTES = 64 * 1024 * 1024


class StorageError(Exception):
    """The bytes could not be written; the message names no path."""


class DurableFolder(FileSystemStorage):
    """A local folder in which a file is whole or absent: written aside, synced, then renamed into place."""

    def __init__(self, location: str) -> None:
        """Take the folder."""
        super().__init__(location=location, allow_overwrite=True)

    def _save(self, name: str, content: "File[bytes]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(target)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        return name

    def has_room(self) -> bool:
        """Say whether the folder can be written and its disk is not nearly full."""
        root = Path(self.location)
        root.mkdir(parents=True, exist_ok=True)
        disk = os.statvfs(root)
        return os.access(root, os.W_OK | os.X_OK) and disk.f_bavail * disk.f_frsize > _LEAST_FREE_BYTES


def _media() -> Storage:
    return storages["media"]


def picture_key(*, job_id: str, attempt_id: int, position: int, mime_type: str) -> str:
    """Return the object key of an attempt's picture; a repeated store of it overwrites itself."""
    return f"pictures/{job_id[-2:]}/{job_id}/{attempt_id}-{position}.{EXTENSIONS[mime_type]}"


def write(key: str, data: bytes) -> None:
    """Store bytes under a key. StorageError: they could not be written (full, read-only, away)."""
    forbid_inside("writing to the media storage")
    try:
        _media().save(key, ContentFile(data))
    except OSError as error:
        logger.exception("media storage refuses a write")
        raise StorageError("the media storage refuses the write") from error


def open_read(key: str) -> IO[bytes] | None:
    """Return a readable file of a key's bytes, or None where there are none."""
    try:
        return _media().open(key, "rb")
    except FileNotFoundError:
        return None


def remove(key: str) -> None:
    """Remove a key's bytes; a missing one is no error."""
    try:
        _media().delete(key)
    except OSError:
        logger.exception("media storage refuses a removal")


def is_healthy() -> bool:
    """Say whether pictures can be stored now."""
    media = _media()
    try:
        return media.has_room() if isinstance(media, DurableFolder) else True
    except OSError:
        return False
