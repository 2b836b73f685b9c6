"""What Sentry is told: the kind of an error and where it happened, and nothing that it was about."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import sentry_sdk

from imageskill import faults
from imageskill.core import trace
from tests.observability.conftest import Ear

SECRET = "isk_r_canary of a garden"
Arrived = Callable[[], str]


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    canary = SECRET  # a local variable, which the library would send by default
    assert canary
    try:
        raise error from cause
    except type(error) as caught:
        return caught


def event_in(ear: Ear) -> dict[str, Any]:
    (body,) = [body for _, _, body in ear.heard]
    event: dict[str, Any] = json.loads(body.splitlines()[2])
    return event


def test_an_error_is_told_by_kind_cause_and_places(reported: Arrived, ear: Ear) -> None:
    trace.enter("trace_of_this")
    error = raised(ValueError(SECRET), raised(OSError(28, SECRET, "/data/canary")))
    logging.getLogger("imageskill.test").error("it failed", exc_info=error, extra={"fields": {"prompt": SECRET}})
    trace.enter("")
    everything = reported()
    event = event_in(ear)
    assert set(event) <= faults._ALLOWED
    assert (event["message"], event["tags"]) == ("it failed", {"trace_id": "trace_of_this"})
    values = event["exception"]["values"]
    assert [(one["type"], one["value"]) for one in values] == [("OSError", ""), ("ValueError", "")]
    assert values[1]["stacktrace"]["frames"][-1]["function"] == "raised"
    assert "canary" not in everything


@pytest.mark.parametrize(
    ("logger", "message", "arguments", "told"),
    [
        ("imageskill.test", "it %s", (SECRET,), "imageskill.test reports an error"),
        ("somebody.else", SECRET, (), "somebody.else reports an error"),
    ],
)
def test_words_that_are_not_constant_stay_here(
    reported: Arrived, ear: Ear, logger: str, message: str, arguments: tuple[str, ...], told: str
) -> None:
    logging.getLogger(logger).error(message, *arguments)
    assert "canary" not in reported()
    assert event_in(ear)["message"] == told


def test_what_is_no_error_is_not_reported(reported: Arrived, ear: Ear) -> None:
    logging.getLogger("imageskill.test").warning("it may fail")
    reported()
    assert ear.heard == []


def test_what_others_put_into_an_event_does_not_leave(reported: Arrived, ear: Ear) -> None:
    scope = sentry_sdk.get_current_scope()
    scope.set_user({"email": SECRET})
    scope.set_extra("prompt", SECRET)
    scope.add_breadcrumb(message=SECRET)
    logging.getLogger("imageskill.test").error("it failed")
    assert "canary" not in reported()
    assert event_in(ear)["message"] == "it failed"
    scope.clear()


def test_a_sentry_that_is_away_costs_nothing(reported: Arrived, ear: Ear) -> None:
    ear.status = 500
    logging.getLogger("imageskill.test").error("it failed")
    reported()


def test_an_error_that_contains_itself_is_told_once() -> None:
    error = ValueError("x")
    error.__cause__ = error
    record = logging.LogRecord("imageskill", 40, "", 1, "m", (), (ValueError, error, None))
    assert len(faults.event_of(record)["exception"]["values"]) == 1
