"""Fixtures of every test: the standing cast, a provider at the port, and a runner that runs jobs at once."""

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache

from accounts import tokens
from accounts.models import Agent
from creative import registry
from tests import doubles
from tests.cast import Caller, Member, sign_up

_numbers = itertools.count(1)


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
    yield
    registry.provider.cache_clear()


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
