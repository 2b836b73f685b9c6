"""Restore a backup into an empty database and an empty DATA_DIR, and prove what came back.

`deploy/start restore BACKUP`, with the settings of the service to be in the environment, while none of its
processes runs. It overwrites nothing: a database with tables, or a folder with pictures, is refused, and so is a
folder that cannot be written or has too little room, before the database is touched. Afterwards the database is
brought to this version, the static files are gathered, bytes without rows are removed, and the books, the caps and
the pictures are checked; what is wrong is printed, and the exit code is 1.
"""  # noqa: INP001 - a script beside others, no package

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import backup  # the script beside this one

_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
FOLDERS = 0o750
UMASK = 0o027
"""As the units have them: a proxy that sends the pictures reads them as a member of the service's group."""
PROOFS = (
    ("migrate", "--no-input", "--verbosity", "0"),
    ("collectstatic", "--no-input", "--verbosity", "0"),
    ("check_media", "--mend"),
    ("reconcile",),
    ("prove_caps",),
)
"""What is run afterwards, in order, each of them whatever the one before found."""


def restore(made: Path, given: Mapping[str, str]) -> None:
    """Bring database and pictures back. FailedError: nothing was touched, or the words say what was."""
    told = _manifest(made)
    dump = made / str(told["database"])
    if backup.digest(dump) != told["database_sha256"]:
        raise backup.FailedError("the dump is not the one that was written: its SHA-256 differs")
    media = backup.media_folder(given)
    if media is not None:
        if any(backup.files_under(media)):
            raise backup.FailedError("the folder of the pictures is not empty; name another DATA_DIR")
        _make_sure_of(media, made / backup.MEDIA)
    _database(dump, given)
    if media is not None and (made / backup.MEDIA).is_dir():
        backup.copy_new(made / backup.MEDIA, media, None, mode=FOLDERS)
        backup.sync(media)


def _make_sure_of(media: Path, kept: Path) -> None:
    """Make the folder of the pictures and see that they fit. FailedError: they do not. OSError: no folder."""
    media.mkdir(mode=FOLDERS, parents=True, exist_ok=True)
    if not os.access(media, os.W_OK | os.X_OK):
        raise backup.FailedError("the folder of the pictures cannot be written by this account")
    needed, free = sum(path.stat().st_size for path in backup.files_under(kept)), shutil.disk_usage(media).free
    if needed > free:
        raise backup.FailedError(f"the pictures need {needed} bytes, and the disk of DATA_DIR has {free}")


def _manifest(made: Path) -> dict[str, object]:
    try:
        told: dict[str, object] = json.loads((made / backup.MANIFEST).read_text())
    except (OSError, ValueError):
        raise backup.FailedError("this is no whole backup: its manifest is missing or broken") from None
    return told


def _database(dump: Path, given: Mapping[str, str]) -> None:
    kind, place = backup.database(given)
    if dump.name != backup.DUMPS[kind]:
        raise backup.FailedError(f"the backup holds {dump.name}, and DATABASE_URL names {kind}")
    if kind == "sqlite":
        _sqlite(dump, Path(place))
        return
    if backup.run(["psql", "--no-psqlrc", "--tuples-only", "--command", _TABLES], given).strip() != "0":
        raise backup.FailedError("the database is not empty; make a new one and name it in DATABASE_URL")
    name = backup.for_libpq(given)["PGDATABASE"]
    words = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", "--dbname", name]
    backup.run(["pg_restore", *words, str(dump)], given)
    backup.run(["psql", "--no-psqlrc", "--quiet", "--command", "ANALYZE"], given)


def _sqlite(dump: Path, target: Path) -> None:
    if target.exists():
        raise backup.FailedError("there is a database already; move it away, its -wal and -shm files too")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = target.with_name(f".restoring-{target.name}")
    shutil.copyfile(dump, aside)
    with closing(sqlite3.connect(aside)) as copied:
        found = copied.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise backup.FailedError("SQLite finds the dump damaged")
    aside.rename(target)


def prove() -> int:
    """Run the proofs of the service itself; return how many found something."""
    failed = 0
    for words in PROOFS:
        sys.stdout.write(f"== {' '.join(words)}\n")
        sys.stdout.flush()
        command = [sys.executable, "manage.py", *words]
        failed += subprocess.run(command, cwd=backup.REPOSITORY, check=False).returncode != 0  # noqa: S603 - our words
    return failed


def main(arguments: list[str]) -> int:
    """Restore the backup that is named, then prove it."""
    if len(arguments) != 1:
        sys.stderr.write("usage: restore.py BACKUP\n")
        return 2
    os.umask(UMASK)
    try:
        restore(Path(arguments[0]).absolute(), os.environ)
    except (backup.FailedError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"Not restored: {error}\n")
        return 1
    failed = prove()
    if failed:
        sys.stderr.write("Restored, but look at what is printed above before the service starts.\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
