"""Stopping a job at fal: asked for once, believed only when fal confirms it, and what was made is delivered."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from creative.providers.base import Failure, ProviderError, ProviderResult
from creative.providers.fal import Adapter
from tests.providers import calls
from tests.providers.fal_server import FLUX, FalServer, Mode, receipt_of, running
from tests.providers.loopback import Reply


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    with running(settings, monkeypatch) as server:
        yield server


def generate(**changes: Any) -> ProviderResult:
    return Adapter().generate(calls.call(**{"model": FLUX, "is_cancel_wanted": lambda: True} | changes))


def failure_of(**changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        generate(**changes)
    return caught.value


def after(questions: int) -> Callable[[], bool]:
    """Return what wants a stop only after so many questions."""
    answers = iter([False] * questions)
    return lambda: next(answers, True)


def cancels(server: FalServer) -> int:
    return sum(request.method == "PUT" for request in server.seen)


def test_a_job_in_the_queue_is_removed_and_cost_nothing(server: FalServer) -> None:
    server.queued_looks = 3
    found = failure_of()
    assert (found.failure, found.exposed, found.cost_micros) == (Failure.CANCELED, False, 0)
    assert cancels(server) == 1
    assert server.paths[-1] == "PUT /fal-ai/flux/requests/req-0001/cancel"


def test_a_running_job_is_stopped_when_fal_shows_that_it_did_not_complete(server: FalServer) -> None:
    server.queued_looks, server.running_looks = 1, 5
    found = failure_of(is_cancel_wanted=after(1))
    assert (found.failure, found.exposed) == (Failure.CANCELED, True)
    assert cancels(server) == 1
    assert not any("/media/" in path for path in server.paths)


def test_a_running_job_that_is_gone_after_fal_agreed_has_stopped(server: FalServer) -> None:
    server.running_looks = 5
    server.status_replies = [Reply(202, b'{"status": "IN_PROGRESS"}'), Reply(404, b"{}")]
    assert failure_of().failure is Failure.CANCELED


def test_a_result_that_says_it_was_stopped_confirms_it(server: FalServer) -> None:
    server.running_looks, server.obeys = 5, False
    server.error = (499, {"detail": "closed"}, {})
    assert failure_of().failure is Failure.CANCELED


def test_a_running_job_that_does_not_obey_is_delivered(server: FalServer) -> None:
    server.running_looks, server.obeys = 5, False
    assert len(generate().pictures) == 1
    assert cancels(server) == 1


def test_a_stop_that_comes_too_late_delivers_what_was_made(server: FalServer) -> None:
    server.status_replies = [Reply(202, b'{"status": "IN_PROGRESS"}')]
    assert len(generate().pictures) == 1
    assert cancels(server) == 1


def test_a_job_that_has_ended_is_not_asked_to_stop(server: FalServer) -> None:
    assert len(generate().pictures) == 1
    assert cancels(server) == 0


@pytest.mark.parametrize("reply", [Reply(dropped=True), Reply(500), Reply(200, b"OK"), Reply(404, b"{}")])
def test_a_stop_without_a_good_answer_is_not_believed_and_not_repeated(server: FalServer, reply: Reply) -> None:
    server.queued_looks, server.cancel_reply = 4, reply
    assert len(generate().pictures) == 1
    assert cancels(server) == 1


def test_a_job_that_is_lost_without_fal_having_agreed_did_not_stop_by_us(server: FalServer) -> None:
    server.queued_looks, server.cancel_reply = 9, Reply(404, b'{"status": "NOT_FOUND"}')
    server.status_replies = [Reply(404, b"{}")] * 3
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.FAILED, True)


def test_a_stop_whose_answer_was_lost_is_seen_by_how_the_job_ended(server: FalServer) -> None:
    server.queued_looks, server.cancel_reply = 2, Reply(dropped=True)
    server.mode, server.error_type = Mode.NO_DATA, "client_cancelled"
    found = failure_of()
    assert (found.failure, found.exposed) == (Failure.CANCELED, True)
    assert cancels(server) == 1


def test_a_stop_that_nobody_here_wanted_is_a_failure(server: FalServer) -> None:
    server.error_type = "client_cancelled"
    server.mode = Mode.NO_DATA
    found = failure_of(is_cancel_wanted=lambda: False)
    assert (found.failure, found.exposed) == (Failure.FAILED, True)


def test_a_job_that_was_resumed_can_be_stopped_too(server: FalServer) -> None:
    server.mode = Mode.STUCK
    assert failure_of(submission=receipt_of()).failure is Failure.CANCELED
    assert len(server.submissions) == 1
