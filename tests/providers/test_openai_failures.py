"""What OpenAI's failures mean, that none of them is paid twice, and that none of them tells a secret."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from creative.providers import bearer, http
from creative.providers.base import Failure, ProviderError
from creative.providers.openai import Adapter
from tests.providers import calls
from tests.providers.openai_server import KEY, USAGE_MICROS, Mode, OpenAIServer


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 0.0)
    with OpenAIServer() as server:
        settings.PROVIDER_KEYS = {"openai": KEY}
        settings.PROVIDER_BASES = {"openai": server.base}
        yield server


def failure_of(**changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        Adapter().generate(calls.call(**{"model": "gpt-image-2"} | changes))
    assert calls.leaks(caught.value, KEY) == []
    return caught.value


@pytest.mark.parametrize(
    ("status", "error", "failure", "exposed"),
    [
        (400, {"type": "image_generation_user_error", "code": "moderation_blocked"}, Failure.REFUSED, False),
        (400, {"type": "invalid_request_error", "code": "content_policy_violation"}, Failure.REFUSED, False),
        (429, {"type": "insufficient_quota", "code": "credit_balance_exhausted"}, Failure.UNUSABLE, False),
        (429, {"type": "insufficient_quota", "code": "something new"}, Failure.UNUSABLE, False),
        (429, {"type": "x", "code": "organization_spend_limit_exceeded"}, Failure.UNUSABLE, False),
        (429, {"type": "x", "code": "project_spend_limit_exceeded"}, Failure.UNUSABLE, False),
        (429, {"type": "x", "code": "organization_usage_limit_exceeded"}, Failure.UNUSABLE, False),
        (400, {"type": "x", "code": "billing_hard_limit_reached"}, Failure.UNUSABLE, False),
        (401, {"type": "invalid_request_error", "code": "invalid_api_key"}, Failure.UNUSABLE, False),
        (403, {"type": "x", "message": "Your organization must be verified"}, Failure.UNUSABLE, False),
        (404, {"type": "invalid_request_error", "code": "model_not_found"}, Failure.FAILED, False),
        (400, {"type": "invalid_request_error", "code": "unknown_parameter"}, Failure.FAILED, False),
        (400, {"type": [], "code": {"deep": "thing"}}, Failure.FAILED, False),
        (408, {"type": "server_error"}, Failure.FAILED, True),
        (500, {"type": "server_error"}, Failure.FAILED, True),
        (502, {"type": "server_error"}, Failure.FAILED, True),
        (503, {"type": "server_error"}, Failure.UNAVAILABLE, True),
    ],
)
def test_an_error_is_told_by_its_code_and_its_status(
    server: OpenAIServer, status: int, error: dict[str, Any], failure: Failure, *, exposed: bool
) -> None:
    server.error = (status, {"message": f"About: {calls.PROMPT}", **error})
    found = failure_of()
    assert (found.failure, found.exposed, found.cost_micros) == (failure, exposed, 0)


@pytest.mark.parametrize(
    ("mode", "failure", "exposed"),
    [
        (Mode.RATE_LIMIT, Failure.UNAVAILABLE, False),
        (Mode.OUT_OF_MONEY, Failure.UNUSABLE, False),
        (Mode.MODERATION, Failure.REFUSED, False),
        (Mode.FAULT, Failure.FAILED, True),
        (Mode.MALFORMED, Failure.FAILED, True),
        (Mode.NO_DATA, Failure.FAILED, True),
        (Mode.WRONG_TYPE, Failure.FAILED, True),
        (Mode.REDIRECT, Failure.FAILED, True),
        (Mode.CUT, Failure.FAILED, True),
        (Mode.DROPPED, Failure.FAILED, True),
    ],
)
@pytest.mark.parametrize("inputs", [(), (calls.input_picture(),)], ids=["create", "edit"])
def test_a_call_that_goes_wrong_is_told_as_what_it_is(
    server: OpenAIServer, mode: Mode, failure: Failure, inputs: tuple[Any, ...], *, exposed: bool
) -> None:
    server.mode = mode
    found = failure_of(inputs=inputs)
    assert (found.failure, found.exposed) == (failure, exposed)
    assert all(request.path.startswith("/v1/images/") for request in server.seen)


PAID = (Mode.FAULT, Mode.MALFORMED, Mode.NO_DATA, Mode.REDIRECT, Mode.CUT, Mode.DROPPED, Mode.SLOW, Mode.SILENT)


@pytest.mark.parametrize("mode", PAID)
def test_what_may_have_been_paid_is_never_sent_again(server: OpenAIServer, mode: Mode) -> None:
    server.mode = mode
    assert failure_of(timeout_seconds=1.0).exposed
    assert len(server.seen) == 1


@pytest.mark.parametrize("mode", [Mode.SILENT, Mode.SLOW])
def test_an_answer_that_takes_longer_than_the_deadline_is_told_as_exposed(
    server: OpenAIServer, mode: Mode
) -> None:
    server.mode = mode
    found = failure_of(timeout_seconds=0.5)
    assert (found.failure, found.exposed) == (Failure.TIMED_OUT, True)


def test_a_limit_on_calls_is_tried_again_and_then_told_with_its_pause(server: OpenAIServer) -> None:
    server.mode = Mode.RATE_LIMIT
    server.headers = {"retry-after": "600"}
    found = failure_of()
    assert found.retry_after_seconds == 600
    assert len(server.seen) == 1
    server.headers = {"retry-after-ms": "1"}
    assert failure_of().failure is Failure.UNAVAILABLE
    assert len(server.seen) == 4


def test_an_answer_without_a_picture_still_tells_its_cost(server: OpenAIServer) -> None:
    server.mode = Mode.NO_DATA
    assert failure_of().cost_micros == USAGE_MICROS


@pytest.mark.parametrize("mode", [Mode.HUGE, Mode.ENDLESS])
def test_an_answer_larger_than_its_pictures_can_be_is_not_read(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    monkeypatch.setattr(bearer, "MOST_PICTURE_BYTES", 1_000_000)
    server.mode = mode
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.FAILED, True)
    assert found.message == "The provider's answer could not be received."


def test_a_picture_that_is_too_large_is_not_decoded(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bearer, "MOST_PICTURE_BYTES", 100)
    assert failure_of().failure is Failure.FAILED


def test_a_provider_that_is_not_there_was_sent_nothing(server: OpenAIServer, settings: LazySettings) -> None:
    with OpenAIServer() as gone:
        settings.PROVIDER_BASES = {"openai": gone.base}
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.UNAVAILABLE, False)


def test_a_refusal_is_logged_without_the_providers_words(
    server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.mode = Mode.MODERATION
    failure_of()
    (record,) = [record for record in caplog.records if record.name == "imageskill.providers"]
    fields = record.__dict__["fields"]
    assert fields == {"provider": "openai", "status": 400, "failure": "refused", "request_id": "req_0123abcd"}
    assert calls.PROMPT not in json.dumps(fields) + record.getMessage()
