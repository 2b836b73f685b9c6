"""Where the bytes of pictures lie. The only place that names an object key."""

import logging
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol, cast

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, storages

from imageskill.core.units import forbid_inside

logger = logging.getLogger("imageskill.storage")

EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
"""The kinds of picture that the service keeps."""

THUMBNAILS = "thumbnails/"
"""What the key of every thumbnail begins with."""

_MIME_TYPES = {extension: mime_type for mime_type, extension in EXTENSIONS.items()}
_UNKNOWN = "application/octet-stream"
_LEAST_FREE_BYTES = 64 * 1024 * 1024
_CHUNK = 128 * 1024
# A proxy that sends the files (MEDIA_ACCEL_PREFIX) reads them as a member of the service's group.
_MODE = 0o640


class StorageError(Exception):
    """The storage did not do what it was asked; the message names no path and no key."""


class Stream(Protocol):
    """Bytes as they come, in pieces; closed by whoever opened it. `length` is that of the whole object."""

    length: int

    def __iter__(self) -> Iterator[bytes]:
        """Return the pieces. OSError: the storage broke off."""
        ...

    def close(self) -> None:
        """Let the file or the connection go."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of the storage: its key, and when it was written."""

    key: str
    modified_at: datetime


class Shelf(Protocol):
    """What the storage of pictures can do. Each method raises OSError where it cannot."""

    def save(self, name: str | None, content: "File[bytes]") -> str:
        """Write an object, whole or not at all; an earlier one of the name is replaced."""
        ...

    def open(self, name: str, mode: str = "rb") -> "File[bytes]":
        """Return an object's bytes as a file. FileNotFoundError: there is none."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object; a missing one is no error."""
        ...

    def exists(self, name: str) -> bool:
        """Say whether there is such an object."""
        ...

    def read(self, name: str, start: int, length: int | None) -> Stream:
        """Return `length` bytes from `start` on, or all that follow. FileNotFoundError: there is no object."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Return all objects, ordered by the code points of their keys, never all of them in memory."""
        ...

    def has_room(self) -> bool:
        """Say whether an object can be written now."""
        ...

    def internal_path(self, name: str) -> str | None:
        """Return an object's path below the storage, where a proxy can serve it; else None."""
        ...

    def signed_address(self, name: str, *, mime_type: str, seconds: int) -> str | None:
        """Return an address that opens an object for so many seconds, where the storage has such; else None."""
        ...


class FilePart:
    """A part of an open file, closed with the answer even where nobody reads it."""

    def __init__(self, file: IO[bytes], start: int, length: int | None) -> None:
        """Take the file, the first byte and how many; None: up to the end."""
        self.length = os.fstat(file.fileno()).st_size
        file.seek(start)
        self._file = file
        self._left = self.length - start if length is None else length

    def __iter__(self) -> Iterator[bytes]:
        while self._left > 0 and (chunk := self._file.read(min(_CHUNK, self._left))):
            self._left -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def _sync_folder(folder: Path) -> None:
    """Make a rename outlive a power cut: the name stands in the folder, not in the file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DurableFolder(FileSystemStorage):
    """A local folder in which a file is whole or absent: written aside, synced, then renamed into place."""

    def __init__(self, location: str) -> None:
        """Take the folder."""
        super().__init__(location=location, allow_overwrite=True)

    def save(self, name: str | None, content: "IO[bytes]", max_length: int | None = None) -> str:
        """Write a file; names are the keys of this module, so none is altered."""
        if name is None or not isinstance(content, File):
            raise TypeError("a key and a File are written")
        return self._save(name, content)

    def _save(self, name: str, content: "File[bytes]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, _MODE)
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(target)
            _sync_folder(target.parent)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        return name

    def read(self, name: str, start: int, length: int | None) -> Stream:
        """Return a part of a file."""
        return FilePart(Path(self.path(name)).open("rb"), start, length)

    def entries(self) -> Iterator[Entry]:
        """Return all files; a folder's name is compared with its slash, so that whole keys are in order."""
        return _files_under(Path(self.location), "")

    def has_room(self) -> bool:
        """Say whether the folder can be written and its disk is not nearly full."""
        root = Path(self.location)
        root.mkdir(parents=True, exist_ok=True)
        disk = os.statvfs(root)
        return os.access(root, os.W_OK | os.X_OK) and disk.f_bavail * disk.f_frsize > _LEAST_FREE_BYTES

    def internal_path(self, name: str) -> str | None:
        """Return the key: it is the path below the folder."""
        return name

    def signed_address(self, name: str, *, mime_type: str, seconds: int) -> str | None:
        """Return None: a folder has no address."""
        return None


def _files_under(folder: Path, prefix: str) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as found:
            names = sorted(item.name + "/" * item.is_dir(follow_symlinks=False) for item in found)
    except FileNotFoundError:
        return
    for name in names:
        if name.endswith("/"):
            yield from _files_under(folder / name, prefix + name)
            continue
        try:
            seconds = (folder / name).lstat().st_mtime
        except FileNotFoundError:
            continue  # removed since the folder was read
        yield Entry(prefix + name, datetime.fromtimestamp(seconds, tz=UTC))


def _media() -> Shelf:
    return cast("Shelf", storages["media"])


def picture_key(*, job_id: str, attempt_id: int, position: int, mime_type: str) -> str:
    """Return the object key of an attempt's picture; a repeated store of it overwrites itself."""
    return f"pictures/{job_id[-2:]}/{job_id}/{attempt_id}-{position}.{EXTENSIONS[mime_type]}"


def upload_key(asset_id: str, mime_type: str) -> str:
    """Return the object key of an uploaded picture."""
    return f"uploads/{asset_id[-2:]}/{asset_id}.{EXTENSIONS[mime_type]}"


def thumbnail_key(asset_id: str, width: int) -> str:
    """Return the object key of an asset's thumbnail (WebP) with so many pixels on its long side."""
    return f"{THUMBNAILS}{asset_id[-2:]}/{asset_id}-{width}.webp"


def asset_of_thumbnail(key: str) -> str:
    """Return the id of the asset that a thumbnail's key names; the empty text where it names none."""
    name = key.rpartition("/")[2].removesuffix(".webp")
    asset_id, _, width = name.rpartition("-")
    return asset_id if width.isascii() and width.isdigit() and thumbnail_key(asset_id, int(width)) == key else ""


def job_of_picture(key: str) -> str:
    """Return the id of the job that a picture's key names; the empty text for any other key."""
    parts = key.split("/")
    return parts[2] if len(parts) == 4 and parts[0] == "pictures" else ""  # noqa: PLR2004 - as picture_key makes it


def write(key: str, data: bytes) -> None:
    """Store bytes under a key. StorageError: they could not be written (full, read-only, away)."""
    forbid_inside("writing to the media storage")
    content = ContentFile(data)
    content.content_type = _MIME_TYPES.get(key.rpartition(".")[2], _UNKNOWN)  # type: ignore[attr-defined]
    try:
        _media().save(key, content)
    except OSError as error:
        logger.exception("media storage refuses a write")
        raise StorageError("the media storage refuses the write") from error


def open_read(key: str) -> IO[bytes] | None:
    """Return a readable file of a key's bytes, or None where there are none. StorageError: nobody knows."""
    try:
        return cast("IO[bytes]", _media().open(key, "rb"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unread(error) from error


def stream(key: str, *, start: int = 0, length: int | None = None) -> Stream | None:
    """Return a key's bytes from `start` on as they come, or None where there are none.

    Only the asked part is fetched. StorageError: the storage does not answer.
    """
    forbid_inside("reading from the media storage")
    try:
        return _media().read(key, start, length)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unread(error) from error


def has(key: str) -> bool:
    """Say whether there are bytes under a key. StorageError: nobody knows."""
    try:
        return _media().exists(key)
    except OSError as error:
        raise _unread(error) from error


def _unread(error: OSError) -> StorageError:
    logger.error("media storage refuses a reading", exc_info=error)
    return StorageError("the media storage cannot be read")


def remove(key: str) -> bool:
    """Remove a key's bytes; a missing one is no error. False: the storage refuses; `check_media` finds them."""
    forbid_inside("removing from the media storage")
    try:
        _media().delete(key)
    except OSError:
        logger.exception("media storage refuses a removal")
        return False
    return True


def entries() -> Iterator[Entry]:
    """Return all that is stored, ordered by the code points of the keys. StorageError: it cannot be listed."""
    try:
        yield from _media().entries()
    except OSError as error:
        raise _unread(error) from error


def proxy_path(key: str) -> str | None:
    """Return what a reverse proxy is told to serve (X-Accel-Redirect); None: the service sends the bytes."""
    path = _media().internal_path(key) if settings.MEDIA_ACCEL_PREFIX else None
    return None if path is None else f"{settings.MEDIA_ACCEL_PREFIX}{path}"


def redirect_address(key: str, *, mime_type: str, seconds: int) -> str | None:
    """Return the storage's own signed address of a key's bytes; None: the service sends the bytes."""
    return _media().signed_address(key, mime_type=mime_type, seconds=seconds) if settings.MEDIA_REDIRECT else None


def is_healthy() -> bool:
    """Say whether pictures can be stored now."""
    try:
        return _media().has_room()
    except OSError:
        return False
