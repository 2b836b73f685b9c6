"""The one way out: to known hosts only, bounded, and never twice where both calls could be paid."""

from collections.abc import Iterator

import pytest

from creative.providers import http
from creative.providers.base import Failure, ProviderError
from creative.providers.http import Answer, Client, Deadline, Kind, TransportError
from imageskill.core.units import unit_of_work
from tests.providers.loopback import Asked, Loopback, Reply


class Scripted(Loopback):
    """Answers in the order given; the last answer stands for all that follow."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[Reply] = [Reply(body=b"{}")]

    def route(self, request: Asked) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 0.01)


def client(*hosts: str) -> Client:
    return Client(key_headers={"Authorization": "Key canary"}, api_hosts=hosts)


def ask(server: Scripted, **wanted: object) -> Answer:
    return client(server.host).request("POST", f"{server.base}/x", deadline=Deadline(5), json={}, **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/x",
        "https://api.example.evil/x",
        "https://evilapi.example/x",
        "https://user@api.example/x",
        "https://api.example@evil.example/x",
        "https://api.example:8443/x",
        "https://api.example\\@evil.example/x",
        "ftp://api.example/x",
        "https://[::1/x",
        "//api.example/x",
        "",
    ],
)
def test_an_address_elsewhere_is_never_asked(url: str) -> None:
    own = client("api.example")
    assert not own.trusts(url)
    with pytest.raises(TransportError) as refused:
        own.request("GET", url, deadline=Deadline(5))
    assert (refused.value.kind, refused.value.sent) == (Kind.FORBIDDEN, False)


def test_a_name_that_leads_into_a_private_network_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def leads_inside(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 1, 6, "", ("169.254.169.254", 443))]

    monkeypatch.setattr(http.socket, "getaddrinfo", leads_inside)
    with pytest.raises(TransportError) as refused:
        client("api.example").request("GET", "https://api.example/x", deadline=Deadline(5))
    assert (refused.value.kind, refused.value.sent) == (Kind.FORBIDDEN, False)


def test_a_redirect_is_not_followed(server: Scripted) -> None:
    server.replies = [Reply(302, headers={"location": "http://169.254.169.254/"})]
    with pytest.raises(TransportError) as refused:
        ask(server)
    assert (refused.value.kind, refused.value.sent, len(server.seen)) == (Kind.REDIRECT, True, 1)


def test_the_key_goes_to_the_api_and_never_with_a_download(server: Scripted) -> None:
    own = client(server.host)
    own.request("GET", f"{server.base}/x", deadline=Deadline(5))
    own.download(f"{server.base}/picture", suffixes=("example.media",), deadline=Deadline(5), most_bytes=10)
    assert [("authorization" in asked.headers) for asked in server.seen] == [True, False]


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(
    "fault", [Reply(500), Reply(503), Reply(dropped=True), Reply(body=b"0123456789", cut=True)]
)
def test_only_what_may_be_asked_twice_is_asked_again(server: Scripted, fault: Reply, *, repeatable: bool) -> None:
    server.replies = [fault, Reply(body=b"{}")]
    if repeatable:
        assert ask(server, repeatable=True).status == 200
    elif fault.status != 200:
        assert ask(server).status == fault.status
    else:
        with pytest.raises(TransportError) as lost:
            ask(server)
        assert (lost.value.kind, lost.value.sent) == (Kind.CUT, True)
    assert len(server.seen) == (2 if repeatable else 1)


def test_a_refusal_for_its_rate_is_asked_again_as_long_as_it_says(server: Scripted) -> None:
    server.replies = [Reply(429, headers={"retry-after-ms": "5"}), Reply(body=b"{}")]
    assert ask(server).status == 200
    assert len(server.seen) == 2


def test_a_refusal_that_asks_for_a_long_pause_is_handed_on(server: Scripted) -> None:
    server.replies = [Reply(429, headers={"retry-after": "3600"})]
    answer = ask(server)
    assert (answer.status, answer.retry_after_seconds, len(server.seen)) == (429, 3600.0, 1)


def test_a_final_refusal_is_not_asked_again(server: Scripted) -> None:
    server.replies = [Reply(429)]
    assert ask(server, is_final=lambda _: True).status == 429
    assert len(server.seen) == 1


def test_a_connection_that_was_never_made_sent_nothing(server: Scripted) -> None:
    gone = server.base
    server.__exit__(None, None, None)
    with pytest.raises(TransportError) as lost:
        client(server.host).request("POST", f"{gone}/x", deadline=Deadline(5))
    assert (lost.value.kind, lost.value.sent) == (Kind.CONNECT, False)


@pytest.mark.parametrize("reply", [Reply(body=b"0" * 2000), Reply(body=b"0" * 64, endless=True)])
def test_an_answer_that_is_too_large_is_left(server: Scripted, reply: Reply) -> None:
    server.replies = [reply]
    with pytest.raises(TransportError) as left:
        ask(server, most_bytes=1000)
    assert left.value.kind is Kind.TOO_LARGE


def test_a_drip_ends_with_the_deadline_and_may_have_been_worked_on(server: Scripted) -> None:
    server.replies = [Reply(body=b"0" * 1000, drip_seconds=0.05)]
    with pytest.raises(ProviderError) as ended:
        client(server.host).request("POST", f"{server.base}/x", deadline=Deadline(0.4))
    assert (ended.value.failure, ended.value.exposed) == (Failure.TIMED_OUT, True)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "٣"}, None),
        ({}, None),
    ],
)
def test_how_long_a_provider_asks_to_be_left_alone(told: dict[str, str], seconds: float | None) -> None:
    assert Answer(429, told, b"").retry_after_seconds == seconds


@pytest.mark.django_db
def test_no_provider_is_asked_while_a_transaction_is_open(server: Scripted) -> None:
    @unit_of_work
    def inside() -> None:
        ask(server)

    with pytest.raises(RuntimeError, match="inside a unit of work"):
        inside()
    assert server.seen == []
