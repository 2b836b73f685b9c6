"""Bodies as they come down a wire: in chunks, longer than announced, shorter, or for ever."""

import io
import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import Agent
from tests.cast import Answer

pytestmark = pytest.mark.django_db

SIGNUP = json.dumps({"agent_name": "atlas", "runtime": "tests"}).encode()
LIMIT = 256 * 1024


class Stream(io.RawIOBase):
    """What a server gives an application to read; it counts how much was taken."""

    def __init__(self, pattern: bytes, length: int) -> None:
        super().__init__()
        self.left = length
        self.pattern = pattern
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        count = self.left if size < 0 else min(size, self.left)
        self.left -= count
        self.taken += count
        return (self.pattern * (count // len(self.pattern) + 1))[:count]


def post(stream: Any, **environ: str) -> Answer:
    """Post to signup what a stream holds, with the headers of `environ`."""
    sent: dict[str, Any] = {"wsgi.input": stream, "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": ""}
    response = Client(raise_request_exception=False).generic("POST", "/v1/agent-signups", **(sent | environ))
    return Answer(response, json.loads(response.content))


def test_a_body_in_chunks_is_read_to_its_end() -> None:
    answer = post(io.BytesIO(SIGNUP), HTTP_TRANSFER_ENCODING="chunked")
    assert answer.ok, answer.body
    assert Agent.objects.get().name == "atlas"


@pytest.mark.parametrize("length", [LIMIT + 1, 2 * LIMIT, 8 * 1024 * 1024])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_drained_and_answered(length: int, *, announced: bool) -> None:
    stream = Stream(b" ", length)
    headers = {"CONTENT_LENGTH": str(length)} if announced else {"HTTP_TRANSFER_ENCODING": "chunked"}
    refused = post(stream, **headers)
    assert (refused.code, refused.status, refused.exit_code) == ("PAYLOAD_TOO_LARGE", 413, 2)
    assert refused.error["recovery"] == {"limit_bytes": LIMIT}
    assert stream.taken == length
    assert not Agent.objects.exists()


def test_a_body_without_end_is_not_drained_for_ever() -> None:
    stream = Stream(b"x", 10**12)
    assert post(stream, HTTP_TRANSFER_ENCODING="chunked").code == "PAYLOAD_TOO_LARGE"
    assert stream.taken < 65 * 1024 * 1024


def test_no_more_is_read_than_was_announced() -> None:
    stream = io.BytesIO(SIGNUP + b"GET /v1/quota HTTP/1.1")
    assert post(stream, CONTENT_LENGTH=str(len(SIGNUP))).ok
    assert stream.read().startswith(b"GET")


def test_a_body_that_breaks_off_is_malformed_and_makes_nothing() -> None:
    refused = post(io.BytesIO(SIGNUP[:20]), CONTENT_LENGTH=str(len(SIGNUP)))
    assert (refused.code, refused.status) == ("MALFORMED_JSON", 400)
    assert not Agent.objects.exists()


@pytest.mark.parametrize("length", ["", "0", "-1", "ten", "1e3"])
def test_a_body_without_a_length_is_an_empty_one(length: str) -> None:
    refused = post(io.BytesIO(SIGNUP), CONTENT_LENGTH=length)
    assert refused.error["recovery"]["required_flags"] == ["--agent-name", "--runtime"]


def test_a_body_at_the_limit_is_read() -> None:
    body = SIGNUP[:-1] + b" " * (LIMIT - len(SIGNUP)) + b"}"
    assert len(body) == LIMIT
    assert post(io.BytesIO(body), CONTENT_LENGTH=str(LIMIT)).ok


def test_a_connection_that_breaks_is_answered_and_is_no_fault_of_the_service() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError("peer gone")

    refused = post(Broken(), CONTENT_LENGTH="10")
    assert (refused.code, refused.status) == ("MALFORMED_JSON", 400)
    refused = post(Broken(), HTTP_TRANSFER_ENCODING="chunked")
    assert (refused.code, refused.status) == ("MALFORMED_JSON", 400)
