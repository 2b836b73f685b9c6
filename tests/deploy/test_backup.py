"""A backup of a service that works, and the service that a restore makes of it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.deploy.conftest import Deployment, restored_settings
from tests.deploy.load import Load
from tests.deploy.units import run
from tests.environment import REPOSITORY

START = str(REPOSITORY / "deploy" / "start")


def test_a_backup_under_load_is_restored_whole_and_goes_on(deployment: Deployment, tmp_path: Path) -> None:
    deployment.web()
    deployment.worker()
    deployment.until_fit()
    backups = tmp_path / "backups"
    token = deployment.line.sign_up()
    with Load(deployment.line, [token]) as load:
        load.until_made(2)
        first = Path(run([START, "backup", str(backups)], deployment.settings, tmp_path).strip())
        load.until_made(4)
        second = Path(run([START, "backup", str(backups)], deployment.settings, tmp_path).strip())
        load.after(5)
    assert load.bad() == []
    deployment.until_idle()
    for unit in deployment.units:
        unit.kill()
    assert_is_linked(first, second)

    given = restored_settings(deployment, tmp_path / "restored")
    told = run([START, "restore", str(second)], given, tmp_path)
    assert "The books balance." in told
    assert " 0 overspent" in told
    assert " 0 pictures without bytes" in told
    deployment.settings = given
    count = deployment.rows("SELECT count(*) FROM creative_job WHERE state = 'completed'")[0][0]
    assert 0 < count <= sum(load.made.values())

    # The restored service answers the token that it knew, and makes the next picture.
    deployment.web()
    deployment.worker()
    made = deployment.line.call("POST", "/v1/create", {"prompt": "A boat"}, token=token)
    assert made.status in (200, 202)
    deployment.until_idle()
    deployment.prove()

    again = run([START, "restore", str(second)], given, tmp_path, code=1)
    assert "Not restored: the folder of the pictures is not empty" in again


def assert_is_linked(first: Path, second: Path) -> None:
    """A picture of the first backup takes no room in the second."""
    pictures = [path.relative_to(first) for path in (first / "media" / "pictures").rglob("*") if path.is_file()]
    assert pictures
    assert all((first / name).samefile(second / name) for name in pictures)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> dict[str, str]:
    """Settings of a service on SQLite with a picture and a row."""
    data = tmp_path / "data"
    (data / "media" / "uploads").mkdir(parents=True)
    (data / "media" / "uploads" / "a.png").write_bytes(b"bytes")
    (data / "media" / "uploads" / ".writing-b").write_bytes(b"half")
    with closing(sqlite3.connect(data / "imageskill.sqlite3")) as live:
        live.execute("PRAGMA journal_mode=WAL")
        live.execute("CREATE TABLE kept (number INTEGER)")
        live.execute("INSERT INTO kept VALUES (7)")
        live.commit()
    return {"DATA_DIR": str(data)}


def test_a_backup_of_sqlite_holds_what_is_committed_and_no_more(on_sqlite: dict[str, str], tmp_path: Path) -> None:
    file = Path(on_sqlite["DATA_DIR"]) / "imageskill.sqlite3"
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("INSERT INTO kept VALUES (8)")  # and no commit
        made = Path(run([START, "backup", str(tmp_path / "backups")], on_sqlite, tmp_path).strip())
    with closing(sqlite3.connect(made / "database.sqlite3")) as kept:
        assert kept.execute("SELECT number FROM kept").fetchall() == [(7,)]
    assert [path.name for path in (made / "media").rglob("*") if path.is_file()] == ["a.png"]
    assert (made.stat().st_mode & 0o077, made.parent.stat().st_mode & 0o077) == (0, 0)


@pytest.mark.parametrize("harm", ["dump", "manifest"])
def test_a_broken_backup_is_refused_before_anything_is_touched(
    on_sqlite: dict[str, str], tmp_path: Path, harm: str
) -> None:
    made = Path(run([START, "backup", str(tmp_path / "backups")], on_sqlite, tmp_path).strip())
    if harm == "dump":
        (made / "database.sqlite3").write_bytes(b"something else")
    else:
        (made / "manifest.json").unlink()
    given = {"DATA_DIR": str(tmp_path / "new")}
    assert "Not restored: " in run([START, "restore", str(made)], given, tmp_path, code=1)
    assert not (tmp_path / "new").exists()


def test_a_backup_that_was_cut_off_is_none(on_sqlite: dict[str, str], tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    (backups / ".unfinished" / "media").mkdir(parents=True)
    made = Path(run([START, "backup", str(backups)], on_sqlite, tmp_path).strip())
    assert [path.name for path in backups.iterdir()] == [made.name]
    assert json.loads((made / "manifest.json").read_text())["media_files"] == 1


def test_nothing_is_said_of_a_password_where_the_database_is_away(tmp_path: Path) -> None:
    given = {
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": "postgres://somebody:a-password@127.0.0.1:1/images",
    }
    told = run([START, "backup", str(tmp_path / "backups")], given, tmp_path, code=1)
    assert "No backup was made: pg_dump" in told
    assert "a-password" not in told
    assert list((tmp_path / "backups").glob("2*")) == []
