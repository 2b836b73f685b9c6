"""Back up a service that runs: its database and its pictures, as one folder that appears whole.

`deploy/start backup FOLDER`, with the service's settings in the environment. The pictures are copied, then the
database is dumped from one snapshot, then the pictures that came meanwhile are copied. A picture's bytes are
written before the row that names them is committed, and are never changed: so each row of the dump finds its
bytes. What is newer than the dump is bytes without rows, which a restore removes.

Files that the newest backup in FOLDER holds already are linked, not copied. Prints the new folder. No key is in
it: SECRET_KEY and IDENTITY_KEY are kept elsewhere. Standard library only.
"""  # noqa: INP001 - a script beside others, no package

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

REPOSITORY = Path(__file__).resolve().parent.parent
MANIFEST, MEDIA = "manifest.json", "media"
DUMPS = {"postgresql": "database.dump", "sqlite": "database.sqlite3"}
UNFINISHED = ".unfinished"
_HALF_WRITTEN = ".writing-"
_SSL = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}


class FailedError(Exception):
    """There is no backup; the message says why, without an address or a password."""


def back_up(folder: Path, given: Mapping[str, str]) -> Path:
    """Make a backup in `folder` and return its own folder, named by the UTC time of its snapshot."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    earlier = newest(folder)
    made = folder / UNFINISHED
    if made.exists():
        shutil.rmtree(made)  # of a backup that was cut off
    made.mkdir(mode=0o700)
    media = media_folder(given)
    if media is not None:
        copy_new(media, made / MEDIA, earlier / MEDIA if earlier else None)
    began = datetime.now(tz=UTC)  # noqa: TID251 - no Django here
    dump = dump_database(made, given)
    files = copy_new(media, made / MEDIA, earlier / MEDIA if earlier else None) if media is not None else 0
    told = {
        "made_at": began.isoformat(timespec="seconds"),
        "database": dump.name,
        "database_sha256": digest(dump),
        "media_files": files if media is not None else None,
    }
    write(made / MANIFEST, json.dumps(told, indent=2) + "\n")
    final = folder / began.strftime("%Y-%m-%dT%H-%M-%SZ")
    if final.exists():
        raise FailedError("there is a backup of this very second already")
    sync(made)
    made.rename(final)
    sync(folder)
    return final


def newest(folder: Path) -> Path | None:
    """Return the newest whole backup."""
    return max((path.parent for path in folder.glob(f"2*/{MANIFEST}")), default=None)


def media_folder(given: Mapping[str, str]) -> Path | None:
    """Return the folder of the pictures; None where they lie in a bucket, which keeps its own copies."""
    if given.get("STORAGE_URL", "") not in ("", "local"):
        return None
    return data_dir(given) / MEDIA


def data_dir(given: Mapping[str, str]) -> Path:
    """Return the folder of everything that the service writes."""
    return Path(given.get("DATA_DIR") or REPOSITORY / ".data").absolute()


def dump_database(into: Path, given: Mapping[str, str]) -> Path:
    """Write the whole database, as it is at one instant, into a file."""
    kind, place = database(given)
    target = into / DUMPS[kind]
    if kind == "sqlite":
        with (
            closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(target)) as to,
        ):
            live.backup(to)
        return target
    run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file", str(target)], given)
    return target


def database(given: Mapping[str, str]) -> tuple[str, str]:
    """Return `sqlite` and the file, or `postgresql` and the empty text. FailedError: it is neither."""
    url = given.get("DATABASE_URL") or f"sqlite:///{data_dir(given)}/imageskill.sqlite3"
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return "sqlite", unquote(parts.path.removeprefix("/"))
    if parts.scheme in ("postgres", "postgresql", "pgsql"):
        return "postgresql", ""
    raise FailedError("DATABASE_URL names neither SQLite nor PostgreSQL")


def for_libpq(given: Mapping[str, str]) -> dict[str, str]:
    """Return how PostgreSQL's programs connect, in the environment: a command line can be read by everybody."""
    parts = urlsplit(given.get("DATABASE_DIRECT_URL") or given["DATABASE_URL"])
    told = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.removeprefix("/")),
    }
    for name, values in parse_qs(parts.query).items():
        if name in _SSL:
            told[_SSL[name]] = values[-1]
    return {name: value for name, value in told.items() if value}


def run(command: list[str], given: Mapping[str, str]) -> str:
    """Run one of PostgreSQL's programs and return what it printed."""
    kept = {name: given[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in given}
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=kept | for_libpq(given), capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise FailedError(f"{command[0]} is not installed; PostgreSQL's client programs have it") from None
    if done.returncode != 0:
        raise FailedError(f"{command[0]} failed:\n{done.stderr.strip()}")
    return done.stdout


def copy_new(media: Path, into: Path, earlier: Path | None, *, mode: int = 0o700) -> int:
    """Copy what `into` does not hold yet, or link it to the earlier backup; return how many files it has then.

    New folders get this `mode`, less the umask.
    """
    into.mkdir(mode=mode, parents=True, exist_ok=True)
    count = 0
    for path in files_under(media):
        name = path.relative_to(media)
        count += _keep(path, into / name, earlier / name if earlier else None, mode)
    return count


def files_under(folder: Path) -> Iterator[Path]:
    """Yield the whole files of a folder of pictures, those that a service adds meanwhile perhaps among them."""
    for root, _, names in os.walk(folder):
        yield from (Path(root) / name for name in names if not name.startswith(_HALF_WRITTEN))


def _keep(path: Path, target: Path, earlier: Path | None, mode: int) -> int:
    try:
        known = path.stat()
        if target.exists() and is_same(target, known):
            return 1
        target.parent.mkdir(mode=mode, parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if earlier is not None and earlier.exists() and is_same(earlier, known):
            target.hardlink_to(earlier)
        else:
            shutil.copy2(path, target)
    except FileNotFoundError:
        return int(target.exists())  # deleted in this moment, as its row will be in the next backup
    return 1


def is_same(copy: Path, known: os.stat_result) -> bool:
    """Say whether a copy is of this version of a file."""
    kept = copy.stat()
    return (kept.st_size, kept.st_mtime_ns) == (known.st_size, known.st_mtime_ns)


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(path: Path, text: str) -> None:
    """Write a file that outlives a power cut."""
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Have everything on the folder's disk outlive a power cut."""
    os.sync()
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def main(arguments: list[str]) -> int:
    """Back up into the folder that is named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: backup.py FOLDER\n")
        return 2
    try:
        made = back_up(Path(arguments[0]).absolute(), os.environ)
    except (FailedError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"No backup was made: {error}\n")
        return 1
    sys.stdout.write(f"{made}\n")
    if media_folder(os.environ) is None:
        sys.stderr.write("The pictures lie in a bucket: its own versions are their backup.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
