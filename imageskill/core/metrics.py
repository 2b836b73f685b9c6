"""What this process counts of its own work, in memory; `snapshots` adds the processes up.

Labels are words of the house (routes as patterns, states, providers, codes), so their number is bounded. None is
an id, an address, a path or anybody's text.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY: Final = CollectorRegistry()
NO_ROUTE: Final = "none"
"""The route of an answer that no view gave: an unknown address, or a refusal before the url map."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})
_REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 240)
_CALL_SECONDS: Final = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
_LAG_SECONDS: Final = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 24 * 3600)

_answers = Counter(
    "imageskill_http_requests",
    "Answers, by the pattern of their route.",
    ["route", "method", "status"],
    registry=REGISTRY,
)
_answer_seconds = Histogram(
    "imageskill_http_request_seconds",
    "Seconds from a request's arrival to its answer; a create that waits for its picture counts its waiting.",
    ["route"],
    buckets=_REQUEST_SECONDS,
    registry=REGISTRY,
)
_refusals = Counter("imageskill_refusals", "Refusals in envelopes, by error code.", ["code"], registry=REGISTRY)
_calls = Counter(
    "imageskill_provider_calls", "Calls of providers that have ended.", ["provider", "outcome"], registry=REGISTRY
)
_call_seconds = Histogram(
    "imageskill_provider_call_seconds",
    "Seconds that a call of a provider took, whatever came of it.",
    ["provider"],
    buckets=_CALL_SECONDS,
    registry=REGISTRY,
)
_jobs_ended = Counter("imageskill_jobs_ended", "Jobs that have ended.", ["state", "provider"], registry=REGISTRY)
_webhook_seconds = Histogram(
    "imageskill_webhook_seconds",
    "Seconds from a payment event's arrival to its effect.",
    buckets=_LAG_SECONDS,
    registry=REGISTRY,
)
_webhook_failures = Counter(
    "imageskill_webhook_failures", "Tries of payment events that failed.", registry=REGISTRY
)
_works = Counter("imageskill_periodic_runs", "Runs of the clock's works.", ["work", "outcome"], registry=REGISTRY)
_cache_away = Counter(
    "imageskill_cache_away",
    "Times that the shared cache was found away; calls passed, and each process counted for itself.",
    registry=REGISTRY,
)


def answered(request: HttpRequest, response: HttpResponseBase, seconds: float, *, error_code: str | None) -> None:
    """Count an answer."""
    route = route_of(request)
    _answers.labels(route, method_of(request), str(response.status_code)).inc()
    _answer_seconds.labels(route).observe(seconds)
    if error_code is not None:
        _refusals.labels(error_code).inc()


def route_of(request: HttpRequest) -> str:
    """Return the pattern that a request's path matched, without anything of the path itself."""
    match = request.resolver_match
    return NO_ROUTE if match is None else f"/{match.route}"


def method_of(request: HttpRequest) -> str:
    """Return the method; one that HTTP does not know is `other`."""
    return request.method if request.method in _METHODS else "other"


@contextmanager
def provider_call(provider_id: str) -> Iterator[None]:
    """Measure a call; its outcome is `made`, the provider's kind of failure, or `fault`."""
    started, outcome = time.monotonic(), "fault"
    try:
        yield
        outcome = "made"
    except Exception as error:
        outcome = str(getattr(error, "failure", outcome))
        raise
    finally:
        _calls.labels(provider_id, outcome).inc()
        _call_seconds.labels(provider_id).observe(time.monotonic() - started)


def job_ended(state: str, provider_id: str) -> None:
    """Count a job that has ended, once that is committed."""
    _jobs_ended.labels(state, provider_id).inc()


def webhook_done(seconds: float) -> None:
    """Count an event's effect, and how long after its arrival it came."""
    _webhook_seconds.observe(max(0.0, seconds))


def webhook_failed() -> None:
    """Count a try of an event that failed."""
    _webhook_failures.inc()


def work_done(name: str, *, failed: bool) -> None:
    """Count a run of a periodic work."""
    _works.labels(name, "failed" if failed else "done").inc()


def cache_was_away() -> None:
    """Count that the shared cache was found away."""
    _cache_away.inc()
