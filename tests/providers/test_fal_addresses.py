"""Where fal's answers may lead: the key to the queue's own hosts, requests to nothing but that and its media."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from creative.providers.base import Failure, ProviderError, Submission
from creative.providers.fal import Adapter, failures
from creative.providers.fal.queue import Queue
from tests.providers import calls
from tests.providers.fal_server import FLUX, KEY, FalServer, Mode, running
from tests.providers.loopback import Asked, Loopback, Reply

ELSEWHERE = [
    "https://evilfal.media/0.png",
    "https://fal.media.evil/0.png",
    "https://fal.media@evil.example/0.png",
    "https://user@v3.fal.media/0.png",
    "https://v3.fal.media:8443/0.png",
    "http://v3.fal.media/0.png",
    "https://169.254.169.254/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "https://[::1]/0.png",
    "https://[",
    "https://v3.fal.media\uff20evil.example/0.png",
    "https://v3.fal.media\\@evil.example/0.png",
    "https://evil.example\t.fal.media/0.png",
    "https://evil.example#.fal.media/0.png",
    "file:///etc/passwd",
    "//v3.fal.media/0.png",
    "",
    7,
    None,
]
HOSTS = [
    "https://queue.fal.run.evil.example",
    "https://evilqueue.fal.run",
    "https://sub.queue.fal.run",
    "https://user@queue.fal.run",
    "https://queue.fal.run:8443",
    "https://queue.fal.run@evil.example",
    "http://queue.fal.run",
    "https://v3.fal.media",
    "https://api.fal.ai",
    "https://169.254.169.254",
    "https://queue.fal.run\uff0fevil.example",
    "https://[",
]


class Elsewhere(Loopback):
    """A server that is none of the provider's."""

    def route(self, request: Asked) -> Reply:
        return Reply(200, b"{}")


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    with running(settings, monkeypatch) as server:
        yield server


@pytest.fixture(autouse=True)
def asked_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which names are looked up, and let none but the loopback's be found."""
    names: list[str] = []
    find = socket.getaddrinfo

    def note(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "127.0.0.1":
            return find(host, *args, **kwargs)
        names.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", note)
    return names


def failure_of(**changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        Adapter().generate(calls.call(**{"model": FLUX} | changes))
    assert calls.leaks(caught.value, KEY) == []
    return caught.value


@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_picture_elsewhere_is_not_fetched(server: FalServer, asked_names: list[str], url: Any) -> None:
    server.image = {"url": url}
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.FAILED, True)
    assert asked_names == []
    assert not any("/media/" in path for path in server.paths)


@pytest.mark.parametrize("host", ["v3.fal.media", "v3b.fal.media", "fal.media"])
def test_a_picture_at_fals_own_media_is_looked_for_there_unless_that_is_a_private_network(
    server: FalServer, asked_names: list[str], host: str
) -> None:
    server.image = {"url": f"https://{host}/files/0.png"}
    assert failure_of().failure is Failure.FAILED
    assert asked_names == [host]


def test_a_picture_is_not_followed_to_another_address(server: FalServer) -> None:
    server.mode = Mode.REDIRECT_MEDIA
    assert failure_of().failure is Failure.FAILED
    assert server.paths.count("GET /media/req-0001/0") == 1


@pytest.mark.parametrize("part", ["status_url", "response_url", "cancel_url"])
def test_a_receipt_that_leads_elsewhere_is_never_kept_nor_followed(server: FalServer, part: str) -> None:
    kept: list[Submission] = []
    with Elsewhere() as elsewhere:
        server.receipt = {part: f"{elsewhere.base}/fal-ai/flux/requests/req-0001"}
        found = failure_of(on_submitted=kept.append)
    assert (found.failure, found.exposed) == (Failure.FAILED, True)
    assert (kept, elsewhere.seen) == ([], [])
    assert server.paths == ["POST /fal-ai/flux/dev"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("part", ["status_url", "response_url", "cancel_url"])
def test_only_the_queues_exact_hosts_get_the_key(
    server: FalServer, asked_names: list[str], host: str, part: str
) -> None:
    kept: list[Submission] = []
    server.receipt = {part: f"{host}/fal-ai/flux/requests/req-0001"}
    assert failure_of(on_submitted=kept.append).failure is Failure.FAILED
    assert (kept, asked_names) == ([], [])


@pytest.mark.parametrize(
    "receipt", [{"request_id": None}, {"request_id": "../../1"}, {"request_id": "x" * 129}, {"cancel_url": 7}]
)
def test_a_receipt_with_something_odd_is_never_kept(server: FalServer, receipt: dict[str, Any]) -> None:
    kept: list[Submission] = []
    server.receipt = receipt
    found = failure_of(on_submitted=kept.append)
    assert (found.failure, found.exposed, kept) == (Failure.FAILED, True, [])


def test_a_submission_that_was_kept_under_another_address_is_not_asked_after(server: FalServer) -> None:
    with Elsewhere() as elsewhere:
        home = f"{elsewhere.base}/fal-ai/flux/requests/req-0001"
        urls = {"status_url": f"{home}/status", "response_url": home, "cancel_url": f"{home}/cancel"}
        found = failure_of(submission=Submission("req-0001", urls))
    assert (found.failure, found.exposed) == (Failure.FAILED, True)
    assert elsewhere.seen == []


def test_without_a_base_of_its_own_it_trusts_fals_queue_alone(settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {"fal": KEY}
    settings.PROVIDER_BASES = {"fal": ""}
    client = Queue().client
    assert client.trusts("https://queue.fal.run/fal-ai/flux/requests/1")
    assert client.trusts("https://queue.falrun.com/fal-ai/flux/requests/1")
    assert not any(client.trusts(f"{host}/x") for host in HOSTS if failures.is_plain(f"{host}/x"))


def test_without_a_base_of_its_own_it_reaches_for_fals_hosts(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, asked_names: list[str]
) -> None:
    settings.PROVIDER_KEYS = {"fal": KEY}
    settings.PROVIDER_BASES = {"fal": ""}
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.UNAVAILABLE, False)
    with pytest.raises(ProviderError):
        Adapter().probe()
    assert asked_names == ["queue.fal.run", "api.fal.ai"]
