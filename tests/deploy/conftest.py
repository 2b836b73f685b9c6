"""A deployment on loopback: servers, a prepared database, and its processes by the units' own command lines."""

import itertools
import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.deploy.load import HOST, Line, held_socket
from tests.deploy.servers import Cluster, Server, redis, until
from tests.deploy.units import Unit, manage, once
from tests.environment import REPOSITORY

_numbers = itertools.count(1)
KEYS = {"SECRET_KEY": secrets.token_urlsafe(48), "IDENTITY_KEY": secrets.token_urlsafe(48)}


def example() -> dict[str, str]:
    """Return what env.example sets, as systemd and compose read it."""
    lines = (REPOSITORY / "deploy" / "env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """PostgreSQL for all tests here."""
    made = Cluster()
    yield made
    made.end()


@pytest.fixture(scope="session")
def prepared(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a DATA_DIR that the unit of preparing has prepared, as it has the database `prepared`."""
    folder = tmp_path_factory.mktemp("prepared")
    once("image-skill-prepare.service", settings(folder, cluster.create("prepared"), "locmemcache://"), folder)
    return folder / "data"


def settings(folder: Path, database: str, cache: str) -> dict[str, str]:
    """Return env.example, filled in as an operator would, with limits that a load does not meet."""
    return (
        example()
        | KEYS
        | {
            "BASE_URL": f"https://{HOST}",
            "DATABASE_URL": database,
            "CACHE_URL": cache,
            "DATA_DIR": str(folder / "data"),
            "EMAIL_URL": "dummymail://",
            "DEFAULT_FROM_EMAIL": f"images@{HOST}",
            "PREVIEW_CREDITS": "10000",
            "PREVIEW_DAILY_BUDGET_CREDITS": "1000000",
            "PREVIEW_DAILY_JOBS": "10000",
            "PREVIEW_PER_NETWORK": "1000",
            "SIGNUPS_PER_HOUR": "1000",
            "TOKEN_REQUESTS_PER_MINUTE": "100000",
            "NETWORK_REQUESTS_PER_MINUTE": "100000",
            "JOB_LEASE_SECONDS": "5",
        }
    )


def restored_settings(deployment: "Deployment", folder: Path) -> dict[str, str]:
    """Return the settings of a service on an empty database and an empty folder, with the same keys."""
    database = deployment.cluster.create(f"restored-{next(_numbers)}")
    return deployment.settings | {"DATABASE_URL": database, "DATA_DIR": str(folder)}


@dataclass
class Deployment:
    """One database, one Redis, one held socket, and the units that run on them."""

    cluster: Cluster
    redis: Server
    folder: Path
    settings: dict[str, str]
    units: list[Unit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.held = held_socket()
        self.line = Line(self.held.getsockname()[1])

    def web(self, held: socket.socket | None = None, **given: str) -> Unit:
        """Start a web unit on the held socket, or on another one."""
        unit = Unit("image-skill-web@.service", self.settings | given, self.folder, held or self.held)
        return self._start(unit)

    def worker(self, **given: str) -> Unit:
        """Start a worker unit."""
        return self._start(Unit("image-skill-worker@.service", self.settings | given, self.folder))

    def _start(self, unit: Unit) -> Unit:
        self.units.append(unit)
        return unit.start()

    def until_fit(self) -> None:
        """Return when the service says that it can do its work, a worker included."""
        until(lambda: self.line.call("GET", "/healthz").status == 200, "the service is fit")

    def manage(self, words: str) -> str:
        return manage(words, self.settings, self.folder)

    def rows(self, query: str, *given: object) -> list[tuple[Any, ...]]:
        """Return what the database holds."""
        with psycopg.connect(self.settings["DATABASE_URL"]) as connection:
            return connection.execute(query.encode(), given).fetchall()

    def until_idle(self) -> None:
        """Return when every job has ended."""
        open_jobs = "SELECT count(*) FROM creative_job WHERE state IN ('queued', 'running')"
        until(lambda: self.rows(open_jobs) == [(0,)], "every job has ended")

    def prove(self) -> None:
        """See that the books balance, the caps hold, and every picture has its bytes."""
        assert "The books balance." in self.manage("reconcile")
        assert " 0 overspent" in self.manage("prove_caps")
        assert " 0 pictures without bytes" in self.manage("check_media")

    def lines(self) -> list[dict[str, Any]]:
        """Return what the processes logged."""
        told = (self.folder / "log").read_text().splitlines()
        return [json.loads(line) for line in told if line.startswith("{")]

    def end(self) -> None:
        for unit in self.units:
            unit.kill()
        self.held.close()


@contextmanager
def deployed(cluster: Cluster, prepared: Path, folder: Path) -> Iterator[Deployment]:
    """A prepared deployment without a process yet, in an empty folder."""
    (folder / "redis").mkdir()
    cache = redis(folder / "redis")
    database = cluster.create(f"deployment-{next(_numbers)}", "prepared")
    (folder / "data").mkdir()
    (folder / "data" / "static").symlink_to(prepared / "static")
    made = Deployment(cluster, cache, folder, settings(folder, database, f"redis://127.0.0.1:{cache.port}/0"))
    try:
        yield made
    finally:
        made.end()
        cache.thaw()
        cache.stop()


@pytest.fixture
def deployment(cluster: Cluster, prepared: Path, tmp_path: Path) -> Iterator[Deployment]:
    """A prepared deployment without a process yet, of one test."""
    with deployed(cluster, prepared, tmp_path) as made:
        yield made
