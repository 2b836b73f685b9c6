"""Fixtures of every test: the standing cast, a provider at the port, and a runner that runs jobs at once."""

import gc
import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection, connections
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from accounts import tokens
from accounts.models import Agent
from creative import leases, prices, registry
from tests import doubles, emptying, migrated
from tests.cast import Caller, Member, sign_up

_numbers = itertools.count(1)
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
_WAITING = 2
"""So many workers of a run wait at a time: for a browser, a service that starts, a lease that ends."""
_LANES = (
    ("tests/deploy/", "tests/observability/test_deployment.py"),
    ("tests/pages/test_matrix.py", "tests/documents/test_conformance.py"),
    ("tests/run/test_first_run.py", "tests/benchmarks/"),
    ("tests/crashes/test_kills.py",),
)
"""Where tests take longest. A worker begins with each lane: after the other tests, or all of them in one worker,
they would let the other workers stand idle at the end. What shares a costly beginning is in one lane.
"""


def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers `-n auto` means."""
    return len(os.sched_getaffinity(0)) + _WAITING


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Spare a run of the tests of both databases the reading of files that have none."""
    if config.option.markexpr != "both_databases" or not collection_path.match("test_*.py"):
        return None
    return "both_databases" not in collection_path.read_text() or None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the lanes; otherwise keep the order, in which tests that commit come after the others."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    lanes: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for number, starts in enumerate(_LANES):
        for start in starts:
            lanes[number % workers] += [item for item in items if item.nodeid.startswith(start)]
    longest = {item for lane in lanes for item in lane}
    others = [item for item in items if item not in longest]
    dealt: list[pytest.Item] = []
    for number, lane in enumerate(lanes):
        # So many in a row are dealt to the next worker by `--dist worksteal`.
        share = (len(items) - len(dealt)) // (workers - number)
        more = max(0, share - len(lane))
        dealt += lane + others[:more]
        del others[:more]
    items[:] = dealt + others


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Let a worker's SQLite database be the copy that is laid down below; it goes with the folder of the run."""
    return _IS_WORKER and connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Begin each worker with a copy of a migrated database. A run without workers migrates its own."""
    if _IS_WORKER and connection.vendor == "sqlite":
        migrated.copy_to(Path(connection.settings_dict["TEST"]["NAME"]))
    elif _IS_WORKER:
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated.template()
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(scope="session", autouse=True)
def _emptied_by_rows() -> Iterator[None]:
    """Have tests that commit leave an empty database behind without a `flush` of every table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptying.after)
        yield


def pytest_collection_finish() -> None:
    """Spare the collections of garbage to come the walk through thousands of tests, which stay to the end."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Leave nothing behind on a server that is not of this run alone."""
    if not _IS_WORKER:
        migrated.forget()


@pytest.fixture(autouse=True)
def _sealed(monkeypatch: pytest.MonkeyPatch, settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """Keep a test to the loopback, to a folder of its own and to fresh limits."""
    connect = socket.socket.connect

    def only_loopback(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family != socket.AF_UNIX and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test reached for {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_loopback)
    settings.STORAGES = settings.STORAGES | {
        "media": {"BACKEND": "creative.storage.DurableFolder", "OPTIONS": {"location": str(tmp_path / "media")}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.JOB_QUEUE = "tests.doubles.run_at_once"
    cache.clear()
    prices.forget()
    # A thread that outlived its test may have made a double's adapter again.
    registry.provider.cache_clear()
    yield
    registry.provider.cache_clear()
    leases._held.clear()  # else the thread that renews them would go on with those of tests that are over


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> doubles.FakeProvider:
    """Put a provider of the test's own behind `canvas.draft`."""
    monkeypatch.setattr(registry, "ADAPTERS", {"canvas": "tests.doubles.FakeProvider"})
    registry.provider.cache_clear()
    fake = registry.provider("canvas")
    assert isinstance(fake, doubles.FakeProvider)
    return fake


@pytest.fixture
def anonymous() -> Caller:
    """Nobody."""
    return Caller()


@pytest.fixture
def agent(db: None) -> Member:
    """The agent of the test, with its free allowance."""
    return sign_up(f"owner-{next(_numbers)}@example.com")


@pytest.fixture
def teammate(agent: Member) -> Member:
    """Another agent of the same organization, who must not see the first one's things."""
    row = Agent.objects.create(
        organization=agent.row.organization,
        name="teammate",
        runtime="tests",
        grants=agent.row.grants,
        signup_network="loopback",
        created_at=agent.row.created_at,
    )
    _, raw = tokens.issue(row)
    return Member(raw, row.pk)


@pytest.fixture
def stranger(db: None) -> Member:
    """An agent of another organization, who must see nothing."""
    return sign_up(f"stranger-{next(_numbers)}@example.com", name="stranger")
