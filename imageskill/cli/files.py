"""Pictures as local files: fetched under another name, checked by length and digest, then given theirs."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

from imageskill.cli import surroundings, transport
from imageskill.cli.output import Failure
from imageskill.cli.private_files import filesystem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_BYTES = 256 * 1024 * 1024
_ATTEMPTS = 3
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class Target:
    """Where pictures are to be written: a file, or a folder in which each gets its asset's name."""

    __slots__ = ("is_folder", "overwrite", "path")

    def __init__(self, output: str, *, overwrite: bool) -> None:
        self.path = Path(output)
        self.is_folder = output.endswith(("/", os.sep)) or self.path.is_dir()
        self.overwrite = overwrite

    def check(self) -> None:
        """Raise FILESYSTEM_FAILURE unless a picture can be written there now."""
        folder = self.path if self.is_folder else self.path.parent
        try:
            if self.is_folder:
                folder.mkdir(parents=True, exist_ok=True)
            probe = temporary_beside(folder / "probe")
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666))
            probe.unlink()
        except OSError as error:
            raise filesystem("The output folder cannot be written", error, path=str(folder)) from None
        if not self.is_folder:
            self.refuse_existing(self.path)

    def refuse_existing(self, path: Path) -> None:
        """Raise FILESYSTEM_FAILURE where a file, or a link, stands there and may not be replaced."""
        if not self.overwrite and os.path.lexists(path):
            raise filesystem("The output file is there already", required_flag="--overwrite", path=str(path))

    def name(self, asset: dict[str, Any], number: int, total: int) -> Path:
        """Return the file of one of `total` pictures; several under one name are numbered."""
        address = str(asset.get("url") or "").rpartition("/")[2]
        if self.is_folder:
            known = address if address and not address.startswith(".") else str(asset.get("asset_id"))
            return self.path / "".join(letter for letter in known if letter.isalnum() or letter in "._-")
        if total == 1:
            return self.path
        return self.path.with_name(f"{self.path.stem}-{number}{self.path.suffix}")

    def fetch(self, assets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Download assets, each told with `url` and, where known, `sha256` and `content_length`."""
        written = []
        for number, asset in enumerate(assets, start=1):
            path = self.name(asset, number, len(assets))
            self.refuse_existing(path)
            written.append(download(asset, path, overwrite=self.overwrite))
        return written


def temporary_beside(path: Path) -> Path:
    """Return a name in the same folder that nobody else uses."""
    return path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")


def download(asset: dict[str, Any], path: Path, *, overwrite: bool) -> dict[str, Any]:
    """Fetch one picture into a file and return what was written.

    FILESYSTEM_FAILURE: the file cannot be written, or the bytes are not those that the service tells of.
    """
    temporary = temporary_beside(path)
    try:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                length, sha256 = _receive(str(asset["url"]), temporary)
                break
            except (transport.NotSentError, transport.LostError, transport.TooSlowError):
                if attempt == _ATTEMPTS:
                    raise Failure(
                        "SERVICE_UNAVAILABLE", "The picture could not be fetched", retryable=True, **_again(asset)
                    ) from None
        _compare(asset, length, sha256)
        _settle(temporary, path, overwrite=overwrite)
    except OSError as error:
        raise filesystem("The output file could not be written", error, path=str(path), **_again(asset)) from None
    except transport.TooLongError:
        raise filesystem("The picture is longer than a picture may be", **_again(asset)) from None
    finally:
        temporary.unlink(missing_ok=True)
    return {
        "asset_id": asset.get("asset_id"),
        "path": str(path),
        "content_length": length,
        "sha256": sha256,
        "verified": bool(asset.get("sha256")),
    }


def _again(asset: dict[str, Any]) -> dict[str, Any]:
    return {"suggested_command": f"image-skill assets get {asset.get('asset_id')} --output FILE --json"}


def _receive(url: str, temporary: Path) -> tuple[int, str]:
    digest, length = hashlib.sha256(), 0
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK, 0o666)
    with os.fdopen(descriptor, "wb") as file:

        def keep(chunk: bytes) -> None:
            nonlocal length
            length += len(chunk)
            digest.update(chunk)
            file.write(chunk)

        reply = transport.exchange(
            "GET", url, headers={}, timeout=surroundings.timeout_seconds(), most_bytes=_MOST_BYTES, write=keep
        )
        if reply.status != 200:  # noqa: PLR2004 - HTTP's OK: all of it
            gone = reply.status in (404, 410)
            raise Failure(
                "ASSET_NOT_FOUND" if gone else "UNEXPECTED_ANSWER",
                "The picture has been deleted" if gone else f"The picture's address answers HTTP {reply.status}",
            )
        file.flush()
        os.fsync(file.fileno())
    return length, digest.hexdigest()


def _compare(asset: dict[str, Any], length: int, sha256: str) -> None:
    known = asset.get("content_length"), asset.get("sha256")
    if known[0] not in (None, length) or known[1] not in (None, sha256):
        raise filesystem("The bytes that came are not the picture's; nothing was written", **_again(asset))


def _settle(temporary: Path, path: Path, *, overwrite: bool) -> None:
    """Give the file its name; without `overwrite` never over another file that came meanwhile."""
    if overwrite:
        temporary.replace(path)
        return
    try:
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # No hard links here: take the name first, then put the bytes under it.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666))
        temporary.replace(path)
