"""The database, the cache or the storage is away: who is told what, and that it comes back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from imageskill.site import health
from imageskill.site.probes import Probe
from tests.cast import Member

pytestmark = pytest.mark.django_db


@contextmanager
def database_away(error: type[Exception]) -> Iterator[None]:
    """Let every statement fail as it does when the server is gone."""

    def refuse(*_: Any, **__: Any) -> None:
        raise error("server closed the connection: SELECT secret FROM somewhere")

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/quota"), ("GET", "/v1/whoami"), ("POST", "/v1/create"), ("POST", "/v1/agent-signups")],
)
def test_a_database_that_is_away_is_told_and_may_be_asked_again(
    agent: Member, error: type[Exception], method: str, path: str
) -> None:
    with database_away(error):
        answer = agent.send(method, path, {"prompt": "A boat", "agent_name": "a", "runtime": "b"})
    if method == "POST" and path == "/v1/create":
        answer.error.pop("recovery", None)
    assert (answer.code, answer.status, answer.exit_code) == ("SERVICE_UNAVAILABLE", 503, 7)
    assert answer.error["retryable"] is True
    assert "SELECT" not in str(answer.body)
    assert agent.get("/v1/whoami").ok


@pytest.mark.parametrize(("accept", "kind"), [("text/html", "text/html"), ("image/*", "text/plain")])
def test_a_page_says_that_the_database_is_away_and_when_to_try_again(accept: str, kind: str) -> None:
    path = f"/a/image_{'a' * 36}.png"
    asker = Client(raise_request_exception=False)
    assert asker.get(path, headers={"accept": accept}).status_code == 404
    with database_away(OperationalError):
        answer = asker.get(path, headers={"accept": accept})
    assert (answer.status_code, answer["Retry-After"], answer["x-image-skill-exit-code"]) == (503, "5", "7")
    assert answer["content-type"].startswith(kind)
    assert b"cannot work now" in answer.content
    assert b"SELECT" not in answer.content


def test_health_names_what_is_away(agent: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    well = agent.get("/healthz")
    assert (well.status, well.data["status"]) == (200, "ok")
    assert well.data["checks"] == {"database": "ok", "storage": "ok", "queue": "ok"}

    def away() -> bool:
        raise OperationalError("server closed the connection")

    monkeypatch.setitem(health.PARTS, "database", Probe("database", away, otherwise=False))
    ill = agent.get("/healthz")
    assert (ill.status, ill.code, ill.exit_code) == (503, "SERVICE_UNAVAILABLE", 7)
    assert "database" in str(ill.error["recovery"])


def test_calls_pass_while_the_cache_is_away(agent: Member, settings: LazySettings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert agent.get("/v1/whoami").ok
