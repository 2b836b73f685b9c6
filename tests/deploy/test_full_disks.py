"""Disks that are full: writes are refused in envelopes, readings go on, and with room again nothing is missing."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psycopg
import pytest

from tests.deploy.conftest import Deployment
from tests.deploy.load import Told
from tests.deploy.servers import until


class Disk:
    """A file system of its own, in memory, that can be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        with (self.folder / "ballast").open("ab", buffering=0) as ballast:
            for size in (1 << 20, 1 << 12, 1):
                self._write(ballast, bytes(size))

    def _write(self, ballast: IO[bytes], piece: bytes) -> None:
        with suppress(OSError):
            while True:
                ballast.write(piece)

    def make_room(self) -> None:
        (self.folder / "ballast").unlink()


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Mount a small file system at a folder. Without the right to do so the test is left out; CI=true fails it."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - the test's own words
    if done.returncode != 0:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no file system can be mounted: {done.stderr}")
        pytest.skip(f"NOT TESTED: no file system can be mounted: {done.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        # Whatever still has a file open here ends first, but may take its time.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607 - the test's own words


@pytest.fixture
def small(deployment: Deployment) -> Iterator[Disk]:
    """The disk on which the tables of the deployment's database lie, and nothing else."""
    cluster = deployment.cluster
    with disk(cluster.folder / "small", 96) as made:
        (made.folder / "tables").mkdir()
        os.chown(made.folder / "tables", cluster.account.user, cluster.account.group)
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{made.folder}/tables'".encode())
            connection.execute("CREATE DATABASE small TEMPLATE prepared TABLESPACE small")
            deployment.settings["DATABASE_URL"] = cluster.url("small")
            yield made
            deployment.end()
            connection.execute("DROP DATABASE small WITH (FORCE)")
            connection.execute("DROP TABLESPACE small")


def create(deployment: Deployment, token: str, wait: str = "respond-async") -> Told:
    return deployment.line.call("POST", "/v1/create", {"prompt": "A boat"}, token=token, prefer=wait)


def checks(deployment: Deployment) -> dict[str, str]:
    told = deployment.line.call("GET", "/healthz").body
    found: dict[str, str] = (told["data"] or told["error"]["recovery"])["checks"]
    return found


def test_a_database_that_is_full_refuses_what_it_cannot_write_and_loses_nothing(
    deployment: Deployment, small: Disk
) -> None:
    deployment.web()
    deployment.worker()
    deployment.until_fit()
    token = deployment.line.sign_up()
    assert create(deployment, token, "wait=100").status == 200
    small.fill()
    told = [create(deployment, token)]
    # Pages of tables that have room left take some more.
    while told[-1].code == "" and len(told) < 200:
        told.append(create(deployment, token))
    refused = told.pop()
    assert {one.status for one in told} <= {200, 202}
    assert (refused.status, refused.code) == (503, "SERVICE_UNAVAILABLE")
    assert refused.body["error"]["retryable"] is True
    assert refused.body["error"]["recovery"]["retry_after_seconds"] > 0
    for path in ("/v1/whoami", "/v1/quota", "/v1/jobs", "/v1/models", "/v1/activity"):
        assert deployment.line.call("GET", path, token=token).status == 200, path
    until(lambda: checks(deployment)["database"] == "down", "it is told that the database takes nothing")
    assert deployment.line.call("GET", "/livez").status == 204
    small.make_room()
    deployment.until_fit()
    assert create(deployment, token, "wait=100").status == 200
    deployment.until_idle()
    # What was answered well is made and charged, or was being made and gave back what it held; that is all.
    ends = deployment.rows(
        "SELECT job.state, job.error_code, hold.state, job.settled_credits > 0, count(*) FROM creative_job job"
        " JOIN billing_hold hold ON hold.id = job.hold_id GROUP BY 1, 2, 3, 4"
    )
    assert {end[:-1] for end in ends} <= {
        ("completed", "", "settled", True),
        ("failed", "PROVIDER_FAILURE", "released", False),
    }
    assert sum(end[-1] for end in ends) == len(told) + 2
    deployment.prove()


def test_where_pictures_cannot_be_kept_none_is_charged(deployment: Deployment) -> None:
    with disk(Path(deployment.settings["DATA_DIR"]) / "media", 80) as media:
        deployment.web()
        deployment.worker()
        deployment.until_fit()
        token = deployment.line.sign_up()
        assert create(deployment, token, "wait=100").status == 200
        media.fill()
        assert checks(deployment) == {"database": "ok", "storage": "down", "queue": "ok"}
        before = deployment.line.call("GET", "/v1/quota", token=token).body["data"]
        assert create(deployment, token, "wait=100").code == "ARTIFACT_STORAGE_WRITE_FAILED"
        assert deployment.line.call("GET", "/v1/quota", token=token).body["data"] == before
        media.make_room()
        deployment.until_fit()
        assert create(deployment, token, "wait=100").status == 200
        deployment.until_idle()
        states = deployment.rows("SELECT state, count(*) FROM creative_job GROUP BY state ORDER BY state")
        assert states == [("completed", 2), ("failed", 1)]
        deployment.prove()
        deployment.end()
