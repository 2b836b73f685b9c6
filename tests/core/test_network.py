"""Where a call comes from: the proxies' header counts only as far as trusted proxies wrote it."""

import pytest
from django.conf import LazySettings
from django.test import RequestFactory

from accounts.models import Agent
from imageskill.core.models import Tally
from imageskill.core.network import client_network
from tests.cast import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SIGNUP = {"agent_name": "atlas", "runtime": "tests"}


def network(remote: str, forwarded: str | None = None) -> str:
    headers = {"x-forwarded-for": forwarded} if forwarded is not None else {}
    return client_network(RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote))


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("203.0.113.250", "203.0.113.0/24"),
        ("2001:db8:1:2203::1", "2001:db8:1:2200::/56"),
        ("2001:db8:1:22ff:aaaa::9", "2001:db8:1:2200::/56"),
        ("2001:db8:1:2300::1", "2001:db8:1:2300::/56"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_neighbours_are_one_network(remote: str, told: str) -> None:
    assert network(remote) == told


@pytest.mark.parametrize(
    ("proxies", "forwarded", "told"),
    [
        (0, "198.51.100.1", "203.0.113.0/24"),
        (1, "198.51.100.1", "198.51.100.0/24"),
        (1, "127.0.0.1, 198.51.100.1", "198.51.100.0/24"),
        (2, "127.0.0.1, 198.51.100.1, 192.0.2.1", "198.51.100.0/24"),
        (2, "198.51.100.1", "198.51.100.0/24"),
        (1, "", "203.0.113.0/24"),
        (1, None, "203.0.113.0/24"),
        (1, "198.51.100.1, nonsense", "unknown"),
    ],
)
def test_a_forwarding_header_counts_as_far_as_proxies_are_trusted(
    settings: LazySettings, proxies: int, forwarded: str | None, told: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    assert network("203.0.113.7", forwarded) == told


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("2001:db8:1:2201::1", "2001:db8:1:22fe::1", True),
        ("2001:db8:1:2201::1", "2001:db8:1:2301::1", False),
        ("203.0.113.7", "203.0.113.8", True),
        ("203.0.113.7", "203.0.114.7", False),
    ],
)
def test_neighbours_share_the_signups_of_an_hour(
    settings: LazySettings, first: str, second: str, *, together: bool
) -> None:
    settings.SIGNUPS_PER_HOUR = 1
    answers = [Caller().post("/v1/agent-signups", SIGNUP, remote=remote) for remote in (first, second)]
    assert [answer.status for answer in answers] == [200, 429 if together else 200]
    assert Agent.objects.count() == Tally.objects.filter(scope="signup").count() == (1 if together else 2)
    if together:
        told = answers[1].error["recovery"]
        assert told.keys() == {
            *("reason", "cap", "used", "retry_after_seconds", "resets_at", "suggested_command"),
        }
        assert (told["cap"], told["used"]) == (1, 1)


def test_a_spoofed_header_opens_no_second_hour(settings: LazySettings) -> None:
    settings.SIGNUPS_PER_HOUR = 1
    answers = [
        Caller().post("/v1/agent-signups", SIGNUP, headers={"x-forwarded-for": f"198.51.{number}.1"})
        for number in range(3)
    ]
    assert [answer.status for answer in answers] == [200, 429, 429]
