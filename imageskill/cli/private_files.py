"""Files that only their owner may read: written whole under another name, then renamed; never through a link."""

from __future__ import annotations

import json
import os
import stat

from imageskill.cli.output import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_MOST_BYTES = 1024 * 1024


def filesystem(action: str, error: OSError | None = None, **recovery: Any) -> Failure:  # noqa: ANN401 - any JSON
    """Return a failure of the caller's own files; the system's word for it stands in it, and no path."""
    told = f"{action}: {error.strerror}" if error is not None and error.strerror else action
    return Failure("FILESYSTEM_FAILURE", told, **recovery)


def write(path: Path, content: dict[str, Any]) -> None:
    """Write JSON as a file of mode 0600, in a folder of mode 0700 where there is none.

    FILESYSTEM_FAILURE: it cannot be written, or a symbolic link stands in its place.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.is_symlink():
            raise filesystem("The file to be written is a symbolic link; remove it first", path=str(path))
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            # A rename replaces whatever stands there by now, a link too, and follows nothing.
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise filesystem("A file of the client could not be written", error, path=str(path)) from None


def check_writable(path: Path) -> None:
    """Raise FILESYSTEM_FAILURE unless `write` would succeed there now."""
    probe = path.with_name(f".{path.name}.{os.getpid()}.probe")
    write(probe, {})
    probe.unlink(missing_ok=True)
    if path.is_symlink():
        raise filesystem("The file to be written is a symbolic link; remove it first", path=str(path))


def read(path: Path) -> dict[str, Any]:
    """Return what `write` wrote; empty where there is no file.

    FILESYSTEM_FAILURE: it is a link, belongs to another account, can be read by others, or holds no such JSON.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise filesystem("A file of the client could not be read", error, path=str(path)) from None
    with os.fdopen(descriptor, "rb") as file:
        problem = _problem(os.fstat(file.fileno()))
        text = file.read(_MOST_BYTES)
    if problem:
        raise filesystem(problem, path=str(path))
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise filesystem("A file of the client holds no JSON object; remove it", path=str(path))
    return content


def _problem(found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return "A file of the client is no regular file"
    if os.name != "posix":
        return ""
    if found.st_uid != os.geteuid():
        return "A file of the client belongs to another account"
    return "A file of the client can be read by others; chmod 600 it" if found.st_mode & 0o077 else ""
