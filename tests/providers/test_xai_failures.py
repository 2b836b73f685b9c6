"""What xAI's failures mean, that none of them is paid twice, that none tells a secret; and the free question."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from creative.providers import bearer, http
from creative.providers.base import Failure, ProviderError
from creative.providers.xai import Adapter
from tests.providers import calls
from tests.providers.xai_server import KEY, MICROS, Mode, XaiServer


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[XaiServer]:
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 0.0)
    with XaiServer() as server:
        settings.PROVIDER_KEYS = {"xai": KEY}
        settings.PROVIDER_BASES = {"xai": server.base}
        yield server


def failure_of(**changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        Adapter().generate(calls.call(**changes))
    assert calls.leaks(caught.value, KEY) == []
    return caught.value


@pytest.mark.parametrize(
    ("status", "error", "failure", "exposed"),
    [
        (400, "Incorrect API key provided: xa***c2.", Failure.UNUSABLE, False),
        (401, "No Authorization header.", Failure.UNUSABLE, False),
        (403, "Your team has no permission.", Failure.UNUSABLE, False),
        (403, "Your newly created team doesn't have any credits or licenses yet.", Failure.UNUSABLE, False),
        (429, "Your team 16f has either used all available credits or reached ...", Failure.UNUSABLE, False),
        (429, "Too many requests.", Failure.UNAVAILABLE, False),
        (404, "The model does not exist.", Failure.FAILED, False),
        (415, "Expected JSON.", Failure.FAILED, False),
        (422, "Unknown field.", Failure.FAILED, False),
        (408, "Timeout.", Failure.FAILED, True),
        (500, "Internal error.", Failure.FAILED, True),
        (503, "Unavailable.", Failure.UNAVAILABLE, True),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_an_error_is_told_by_its_sentence_and_its_status(
    server: XaiServer, status: int, error: str, failure: Failure, *, exposed: bool, nested: bool
) -> None:
    words = f"{error} {calls.PROMPT}"
    server.error = (status, {"error": {"message": words}} if nested else {"code": "x", "error": words})
    found = failure_of()
    assert (found.failure, found.exposed, found.cost_micros) == (failure, exposed, 0)


@pytest.mark.parametrize("body", [None, [], "no", {"error": 7}, {"error": {"message": []}}])
def test_an_error_in_no_known_shape_is_told_by_its_status(server: XaiServer, body: object) -> None:
    server.error = (422, body)
    assert failure_of().failure is Failure.FAILED


@pytest.mark.parametrize("inputs", [(), (calls.input_picture(),)], ids=["create", "edit"])
@pytest.mark.parametrize(
    "mode", [Mode.FAULT, Mode.MALFORMED, Mode.NO_DATA, Mode.WRONG_TYPE, Mode.REDIRECT, Mode.CUT, Mode.DROPPED]
)
def test_what_may_have_been_paid_is_never_sent_again(
    server: XaiServer, mode: Mode, inputs: tuple[Any, ...]
) -> None:
    server.mode = mode
    found = failure_of(inputs=inputs)
    assert (found.failure, found.exposed) == (Failure.FAILED, True)
    assert len(server.seen) == 1


@pytest.mark.parametrize("mode", [Mode.SILENT, Mode.SLOW])
def test_an_answer_that_takes_longer_than_the_deadline_is_told_as_exposed(server: XaiServer, mode: Mode) -> None:
    server.mode = mode
    found = failure_of(timeout_seconds=0.5)
    assert (found.failure, found.exposed) == (Failure.TIMED_OUT, True)
    assert len(server.seen) == 1


def test_a_limit_on_calls_is_told_with_its_pause(server: XaiServer) -> None:
    server.mode = Mode.RATE_LIMIT
    server.headers = {"retry-after": "600"}
    found = failure_of()
    assert (found.failure, found.retry_after_seconds) == (Failure.UNAVAILABLE, 600)


def test_an_answer_without_a_picture_still_tells_its_cost(server: XaiServer) -> None:
    server.mode = Mode.WRONG_TYPE
    assert failure_of(output_count=3).cost_micros == 3 * MICROS


@pytest.mark.parametrize("mode", [Mode.HUGE, Mode.ENDLESS])
def test_an_answer_larger_than_its_pictures_can_be_is_not_read(
    server: XaiServer, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    monkeypatch.setattr(bearer, "MOST_PICTURE_BYTES", 1_000_000)
    server.mode = mode
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.FAILED, True)
    assert found.message == "The provider's answer could not be received."


def test_a_provider_that_is_not_there_was_sent_nothing(server: XaiServer, settings: LazySettings) -> None:
    with XaiServer() as gone:
        settings.PROVIDER_BASES = {"xai": gone.base}
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.UNAVAILABLE, False)


def probe_failure() -> Failure:
    with pytest.raises(ProviderError) as caught:
        Adapter().probe()
    assert calls.leaks(caught.value, KEY) == []
    return caught.value.failure


def test_the_free_question_is_about_the_key(server: XaiServer) -> None:
    Adapter().probe()
    assert [(request.method, request.path) for request in server.seen] == [("GET", "/v1/api-key")]


@pytest.mark.parametrize("block", ["team_blocked", "api_key_blocked", "api_key_disabled"])
def test_the_free_question_shows_a_block(server: XaiServer, block: str) -> None:
    server.key[block] = True
    assert probe_failure() is Failure.UNUSABLE


def test_the_free_question_shows_a_bad_key_and_an_answer_that_is_none(
    server: XaiServer, settings: LazySettings
) -> None:
    server.error = (200, [])
    assert probe_failure() is Failure.FAILED
    settings.PROVIDER_KEYS = {"xai": "xai-wrong"}
    assert probe_failure() is Failure.UNUSABLE
