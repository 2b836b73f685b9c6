"""The stand-in for a network: what it notes, and answers as bad as they are asked for."""

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.providers.loopback import Asked, Loopback, Reply

BODY = b"0123456789"


class Told(Loopback):
    """Answers everything with one reply."""

    reply = Reply(200, BODY)

    def route(self, request: Asked) -> Reply:
        return self.reply


@pytest.fixture
def server() -> Iterator[Told]:
    with Told() as server:
        yield server


@contextmanager
def answer(server: Told, method: str = "GET", *, seconds: float = 5.0) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection(server.host, timeout=seconds)) as connection:
        connection.request(method, "/a/path?a=query", b"a body", {"X-Word": "here"})
        with closing(connection.getresponse()) as found:
            yield found


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_it_notes_what_it_is_asked(server: Told, method: str) -> None:
    with answer(server, method) as found:
        assert found.read() == BODY
    (asked,) = server.seen
    assert (asked.method, asked.path, asked.query, asked.body) == (method, "/a/path", "a=query", b"a body")
    assert asked.headers["x-word"] == "here"


@pytest.mark.parametrize(
    ("reply", "came"), [(Reply(200, BODY, cut=True), BODY[:5]), (Reply(200, BODY, cut_after=3), BODY[:3])]
)
def test_a_cut_answer_announces_more_than_comes(server: Told, reply: Reply, came: bytes) -> None:
    server.reply = reply
    with answer(server) as found, pytest.raises(http.client.IncompleteRead) as caught:
        found.read()
    assert caught.value.partial == came


def test_a_dropped_request_gets_no_answer_at_all(server: Told) -> None:
    server.reply = Reply(dropped=True)
    with pytest.raises(http.client.RemoteDisconnected), answer(server):
        pass
    assert len(server.seen) == 1


def test_a_silent_server_lets_its_client_wait(server: Told) -> None:
    server.reply = Reply(silent=True)
    with pytest.raises(TimeoutError), answer(server, seconds=0.1):
        pass
    assert len(server.seen) == 1


def test_a_drip_comes_whole_in_the_end(server: Told) -> None:
    server.reply = Reply(200, BODY, drip_seconds=0.001)
    with answer(server) as found:
        assert found.read() == BODY


def test_an_endless_answer_goes_on(server: Told) -> None:
    server.reply = Reply(200, BODY, endless=True)
    with answer(server) as found:
        assert found.read(1_000) == BODY * 100
