"""What a restore leaves: a service that is whole and readable for its proxy, or everything as it was."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.deploy.conftest import KEYS
from tests.deploy.test_full_disks import disk
from tests.deploy.units import run
from tests.environment import REPOSITORY

START = str(REPOSITORY / "deploy" / "start")
PICTURE = Path("media") / "pictures" / "ab" / "job_1" / "1-0.png"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup of a service on SQLite: a picture, and a database from before the first migration."""
    data = tmp_path / "data"
    (data / PICTURE).parent.mkdir(parents=True)
    (data / PICTURE).write_bytes(bytes(3 << 20))
    (data / PICTURE).chmod(0o640)
    with closing(sqlite3.connect(data / "imageskill.sqlite3")) as live:
        live.execute("CREATE TABLE kept (number INTEGER)")
    return Path(run([START, "backup", str(tmp_path / "backups")], {"DATA_DIR": str(data)}, tmp_path).strip())


@pytest.fixture
def _strict() -> Iterator[None]:
    """An operator whose new files nobody else may read."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_strict")
def test_the_proxy_can_read_what_was_restored_and_pages_have_their_files(backup: Path, tmp_path: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o700
    data = tmp_path / "new" / "data"
    told = run([START, "restore", str(backup)], KEYS | {"DATA_DIR": str(data)}, tmp_path)
    assert "The books balance." in told
    for folder in list(PICTURE.parents)[:-1]:
        assert (data / folder).stat().st_mode & 0o777 == 0o750, folder
    assert (data / PICTURE).stat().st_mode & 0o777 == 0o640
    assert list((data / "static" / "css").glob("*.css"))


@pytest.mark.parametrize("harm", ["a file", "no room"])
def test_a_folder_that_cannot_take_the_pictures_is_found_before_the_database_is_touched(
    backup: Path, tmp_path: Path, harm: str
) -> None:
    data, database = tmp_path / "new", tmp_path / "elsewhere" / "imageskill.sqlite3"
    given = KEYS | {"DATA_DIR": str(data), "DATABASE_URL": f"sqlite:///{database}"}
    if harm == "no room":
        with disk(data, 1):
            told = run([START, "restore", str(backup)], given, tmp_path, code=1)
        assert "Not restored: the pictures need 3145728 bytes" in told
    else:
        data.mkdir()
        (data / "media").write_text("a file where the folder should be")
        assert "Not restored: " in run([START, "restore", str(backup)], given, tmp_path, code=1)
    assert not database.exists()
