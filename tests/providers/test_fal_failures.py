"""What fal's failures mean, that no job is submitted twice, and that no failure tells a secret."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from creative.providers import bearer
from creative.providers.base import Failure, ProviderError, Submission
from creative.providers.fal import Adapter, queue
from tests.providers import calls
from tests.providers.fal_server import FLUX, KEY, FalServer, Mode, receipt_of, running


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    with running(settings, monkeypatch) as server:
        yield server


def failure_of(**changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        Adapter().generate(calls.call(**{"model": FLUX} | changes))
    assert calls.leaks(caught.value, KEY) == []
    assert caught.value.cost_micros == 0
    return caught.value


def typed(*types: str) -> dict[str, Any]:
    return {"detail": [{"loc": ["body"], "msg": f"About {calls.PROMPT}", "type": name} for name in types]}


@pytest.mark.parametrize(
    ("status", "body", "failure", "exposed", "posts"),
    [
        (401, {"detail": "Authentication is required"}, Failure.UNUSABLE, False, 1),
        (402, {"detail": "no money"}, Failure.UNUSABLE, False, 1),
        (403, {"detail": "User is locked"}, Failure.UNUSABLE, False, 1),
        (404, {"detail": "Application not found"}, Failure.FAILED, False, 1),
        (400, {"detail": "bad", "error_type": "bad_request"}, Failure.FAILED, False, 1),
        (422, typed("missing"), Failure.FAILED, False, 1),
        (422, typed("missing", "content_policy_violation"), Failure.REFUSED, False, 1),
        (429, {"detail": "slow down"}, Failure.UNAVAILABLE, False, 3),
        (500, {"detail": "oops", "error_type": "internal_error"}, Failure.FAILED, True, 1),
        (503, ["not", "an", "object"], Failure.UNAVAILABLE, True, 1),
    ],
)
def test_a_job_that_is_not_taken(
    server: FalServer, status: int, body: Any, failure: Failure, *, exposed: bool, posts: int
) -> None:
    server.refusal = (status, body, {})
    found = failure_of()
    assert (found.failure, found.exposed) == (failure, exposed)
    assert server.paths == ["POST /fal-ai/flux/dev"] * posts


@pytest.mark.parametrize(
    ("status", "body", "failure", "exposed"),
    [
        (422, typed("content_policy_violation"), Failure.REFUSED, True),
        (422, typed("no_media_generated"), Failure.FAILED, True),
        (422, typed("image_load_error"), Failure.FAILED, True),
        (403, typed("feature_not_supported"), Failure.FAILED, True),
        (403, {"detail": "User is locked"}, Failure.UNUSABLE, True),
        (400, {"detail": "bad", "error_type": "bad_request"}, Failure.FAILED, True),
        (499, {"detail": "gone", "error_type": "client_cancelled"}, Failure.FAILED, True),
        (504, {"detail": "late", "error_type": "request_timeout"}, Failure.UNAVAILABLE, False),
        (504, {"detail": "late", "error_type": "startup_timeout"}, Failure.UNAVAILABLE, False),
        (503, {"detail": "none", "error_type": "runner_scheduling_failure"}, Failure.UNAVAILABLE, False),
        (503, {"detail": "none", "error_type": "runner_disconnected"}, Failure.FAILED, False),
        (504, typed("generation_timeout"), Failure.FAILED, False),
        (504, typed("downstream_service_unavailable"), Failure.UNAVAILABLE, False),
        (500, typed("something_new"), Failure.FAILED, False),
        (500, {"detail": "only words"}, Failure.FAILED, True),
        (502, None, Failure.FAILED, True),
        (418, {"detail": [7, {"type": ["deep"]}, {"type": "Not A Name"}]}, Failure.FAILED, True),
    ],
)
def test_a_model_that_fails(server: FalServer, status: int, body: Any, failure: Failure, *, exposed: bool) -> None:
    server.error = (status, body, {})
    found = failure_of()
    assert (found.failure, found.exposed) == (failure, exposed)
    assert len(server.submissions) == 1


@pytest.mark.parametrize(
    ("mode", "failure", "exposed"),
    [
        (Mode.CUT, Failure.FAILED, True),
        (Mode.MALFORMED, Failure.FAILED, True),
        (Mode.REDIRECT, Failure.FAILED, True),
        (Mode.FAULT, Failure.FAILED, False),
        (Mode.NOT_STARTED, Failure.UNAVAILABLE, False),
        (Mode.MODERATION, Failure.REFUSED, True),
        (Mode.NO_DATA, Failure.FAILED, True),
        (Mode.BAD_RESULT, Failure.FAILED, True),
        (Mode.CUT_RESULT, Failure.FAILED, True),
        (Mode.WRONG_TYPE, Failure.FAILED, True),
        (Mode.CUT_MEDIA, Failure.FAILED, True),
        (Mode.REDIRECT_MEDIA, Failure.FAILED, True),
        (Mode.NO_MEDIA, Failure.FAILED, True),
    ],
)
def test_whatever_breaks_a_job_is_submitted_once(
    server: FalServer, mode: Mode, failure: Failure, *, exposed: bool
) -> None:
    server.mode, server.units = mode, ""
    found = failure_of()
    assert (found.failure, found.exposed) == (failure, exposed)
    assert len(server.submissions) == 1


def test_a_submission_without_an_answer_is_never_repeated(
    server: FalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_SUBMIT_SECONDS", 0.2)
    server.mode = Mode.SILENT
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.FAILED, True)
    assert (len(server.submissions), len(server.jobs)) == (1, 1)


def test_a_limit_on_calls_tells_how_long_to_wait(server: FalServer) -> None:
    for mode, seconds in ((Mode.RATE_LIMIT, 60), (Mode.BUSY, 90)):
        server.mode = mode
        found = failure_of()
        assert (found.failure, found.retry_after_seconds) == (Failure.UNAVAILABLE, seconds)
    assert server.jobs == {}


def test_a_deadline_that_passes_in_the_queue_may_still_cost_something(server: FalServer) -> None:
    server.mode = Mode.STUCK
    found = failure_of(timeout_seconds=0.3)
    assert (found.failure, found.exposed) == (Failure.TIMED_OUT, True)


def test_the_queues_own_word_counts_where_the_result_says_nothing(server: FalServer) -> None:
    server.error_type = "runner_scheduling_failure"
    server.mode = Mode.NO_DATA
    assert failure_of().failure is Failure.UNAVAILABLE
    server.mode = Mode.CUT_RESULT
    assert failure_of().failure is Failure.UNAVAILABLE
    server.error_type = "something_new"
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.FAILED, True)


def test_a_key_that_stops_working_between_two_questions_makes_the_provider_unusable(
    server: FalServer, settings: LazySettings
) -> None:
    submission = receipt_of()
    for key in ("another:key", ""):
        settings.PROVIDER_KEYS = {"fal": key}
        found = failure_of(submission=submission)
        assert (found.failure, found.exposed) == (Failure.UNUSABLE, True)


def test_a_job_that_the_queue_has_lost_is_a_failure(server: FalServer) -> None:
    home = f"{server.base}/fal-ai/flux/requests/req-9999"
    urls = {"status_url": f"{home}/status", "response_url": home, "cancel_url": f"{home}/cancel"}
    found = failure_of(submission=Submission("req-9999", urls))
    assert (found.failure, found.exposed) == (Failure.FAILED, True)
    assert server.paths == ["GET /fal-ai/flux/requests/req-9999/status"] * 3


def test_a_picture_without_an_end_is_not_read_to_it(server: FalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bearer, "MOST_PICTURE_BYTES", 100_000)
    server.mode, server.units = Mode.HUGE, ""
    assert failure_of().failure is Failure.FAILED
    server.mode = Mode.AS_DATA
    monkeypatch.setattr(bearer, "MOST_PICTURE_BYTES", 100)
    assert failure_of().failure is Failure.FAILED


def test_a_picture_that_drips_cannot_outlive_the_deadline(server: FalServer) -> None:
    server.mode, server.units = Mode.DRIP_MEDIA, ""
    found = failure_of(timeout_seconds=0.5)
    assert (found.failure, found.exposed) == (Failure.TIMED_OUT, True)


def test_a_refusal_is_logged_without_the_providers_words(
    server: FalServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.error = (422, typed("content_policy_violation"), {"x-fal-request-id": "req-0001"})
    failure_of()
    (record,) = [record for record in caplog.records if record.name == "imageskill.providers"]
    fields = record.__dict__["fields"]
    assert fields == {
        "provider": "fal",
        "status": 422,
        "failure": "refused",
        "types": ["content_policy_violation"],
        "request_id": "req-0001",
    }
    assert calls.PROMPT not in json.dumps(fields) + record.getMessage()
