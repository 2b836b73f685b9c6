"""fal's queue over HTTP: submit, look, fetch, cancel; and the free question of the platform's API.

The addresses of a job come with its receipt. The key goes to them only where they are at exactly the queue's own
hosts, which is looked at before the receipt is kept.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlsplit

from django.conf import settings

from creative.providers import bearer
from creative.providers.base import Failure, ProviderError, Submission
from creative.providers.fal import failures
from creative.providers.http import Answer, Client, Deadline, Kind, TransportError

_QUEUE: Final = "https://queue.fal.run"
_QUEUE_HOSTS: Final = ("queue.fal.run", "queue.falrun.com")
_PLATFORM: Final = "https://api.fal.ai"
_SUBMIT_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 15.0
_PROBE_SECONDS: Final = 20.0
_MOST_RECEIPT_BYTES: Final = 1024 * 1024
_KEPT_SECONDS: Final = 3_600
_LEAST_START_SECONDS: Final = 2
"""fal refuses a time to start of one second or less."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_URLS: Final = ("status_url", "response_url", "cancel_url")


class State(StrEnum):
    """Where a job is."""

    QUEUED = "IN_QUEUE"
    RUNNING = "IN_PROGRESS"
    ENDED = "COMPLETED"
    """It has ended, well or not."""
    GONE = "gone"
    """The queue does not know it."""
    UNKNOWN = "unknown"
    """No answer that can be read; the next one may be better."""


class Cancelling(StrEnum):
    """What comes of asking fal to stop a job."""

    REMOVED = "OK"
    """It was still in the queue, and never runs."""
    ASKED = "CANCELLATION_REQUESTED"
    """It runs, and may stop or not."""
    TOO_LATE = "ALREADY_COMPLETED"
    NOT_FOUND = "NOT_FOUND"
    UNKNOWN = "unknown"
    """No answer that can be read; fal is not asked again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the queue says of a job. `error_type`: why it ended badly, where the queue says so."""

    state: State
    error_type: str = ""
    is_stopping: bool = False
    """Whether the job was to be stopped, so that its having been is ours."""


class Queue:
    """Speaks with fal. It holds no state of a call, so one serves every thread."""

    def __init__(self) -> None:
        """Read the key and the base from the settings; a base of its own stands for all of fal's hosts."""
        self._key: str = settings.PROVIDER_KEYS[failures.NAME]
        base: str = settings.PROVIDER_BASES[failures.NAME]
        self._base = base or _QUEUE
        self._platform_base = base or _PLATFORM
        key_headers = {"Authorization": f"Key {self._key}"}
        self.client = Client(key_headers=key_headers, api_hosts=(urlsplit(base).netloc,) if base else _QUEUE_HOSTS)
        self._platform = Client(key_headers=key_headers, api_hosts=(urlsplit(self._platform_base).netloc,))

    def submit(self, model: str, body: dict[str, object], deadline: Deadline) -> Submission:
        """Submit a job, once, and return its receipt.

        Only what was surely not taken is sent again. ProviderError: no key, a refusal, or an outcome that nobody
        knows (`exposed`).
        """
        self._require_key()
        seconds = max(int(deadline.left()), _LEAST_START_SECONDS)
        try:
            answer = self.client.request(
                "POST",
                f"{self._base}/{quote(model)}",
                deadline=deadline,
                json=body,
                headers=_headers(seconds),
                most_bytes=_MOST_RECEIPT_BYTES,
                read_seconds=_SUBMIT_SECONDS,
            )
        except TransportError as error:
            if not error.sent:
                raise ProviderError(Failure.UNAVAILABLE, failures.SILENT) from error
            deadline.left()
            raise ProviderError(Failure.FAILED, failures.LOST, exposed=True) from error
        if not bearer.is_success(answer):
            raise failures.of_submission(answer)
        return self._receipt(answer)

    def look(self, submission: Submission, deadline: Deadline) -> Progress:
        """Return where a job is. ProviderError: the queue takes no questions of ours any more."""
        self._require_key(exposed=True)
        try:
            answer = self.client.request(
                "GET",
                submission.urls["status_url"],
                deadline=deadline,
                most_bytes=_MOST_RECEIPT_BYTES,
                read_seconds=_ANSWER_SECONDS,
            )
        except TransportError as error:
            if error.kind in (Kind.FORBIDDEN, Kind.REDIRECT):
                raise ProviderError(Failure.FAILED, failures.LOST, exposed=True) from error
            return Progress(State.UNKNOWN)
        if answer.status in failures.LOCKED_OUT:
            raise failures.of_question(answer)
        if answer.status == failures.NOT_FOUND:
            return Progress(State.GONE)
        told = bearer.told(answer) if bearer.is_success(answer) else {}
        state = told.get("status")
        if state not in (State.QUEUED, State.RUNNING, State.ENDED):
            return Progress(State.UNKNOWN)
        return Progress(State(state), failures.word(told.get("error_type")))

    def result(self, submission: Submission, ended: Progress, deadline: Deadline) -> Answer:
        """Return the answer of the model, or raise what it or the queue says went wrong."""
        try:
            answer = self.client.request(
                "GET",
                submission.urls["response_url"],
                deadline=deadline,
                read_seconds=_ANSWER_SECONDS,
                repeatable=True,
            )
        except TransportError as error:
            deadline.left()
            if ended.error_type:
                raise failures.of_word(ended.error_type, is_stopping=ended.is_stopping) from error
            raise ProviderError(Failure.FAILED, failures.LOST, exposed=True) from error
        if not bearer.is_success(answer):
            raise failures.of_result(answer, ended.error_type, is_stopping=ended.is_stopping)
        if ended.error_type and not bearer.told(answer).get("images"):
            raise failures.of_word(ended.error_type, is_stopping=ended.is_stopping)
        return answer

    def cancel(self, submission: Submission, deadline: Deadline) -> Cancelling:
        """Ask fal to stop a job, once, and return what comes of it."""
        try:
            answer = self.client.request(
                "PUT",
                submission.urls["cancel_url"],
                deadline=deadline,
                most_bytes=_MOST_RECEIPT_BYTES,
                read_seconds=_ANSWER_SECONDS,
            )
        except TransportError:
            return Cancelling.UNKNOWN
        told = bearer.told(answer).get("status")
        return Cancelling(told) if told in tuple(Cancelling) else Cancelling.UNKNOWN

    def ask_price(self, model: str) -> None:
        """Ask the platform for the price of a model. ProviderError: fal takes no calls of ours."""
        self._require_key()
        url = f"{self._platform_base}/v1/models/pricing?endpoint_id={quote(model, safe='')}"
        try:
            answer = self._platform.request("GET", url, deadline=Deadline(_PROBE_SECONDS), repeatable=True)
        except (TransportError, ProviderError) as error:
            raise ProviderError(Failure.UNAVAILABLE, failures.SILENT) from error
        if not bearer.is_success(answer):
            raise failures.of_probe(answer)

    def _receipt(self, answer: Answer) -> Submission:
        """Return what a submission answered; the job may run even where that cannot be used."""
        told = bearer.told(answer)
        request_id = told.get("request_id")
        urls = {name: told.get(name) for name in _URLS}
        good = {name: url for name, url in urls.items() if failures.is_plain(url) and self.client.trusts(url)}
        if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id) or len(good) < len(urls):
            raise failures.logged(answer, ProviderError(Failure.FAILED, failures.LOST, exposed=True))
        return Submission(request_id, good)

    def _require_key(self, *, exposed: bool = False) -> None:
        if not self._key:
            raise ProviderError(Failure.UNUSABLE, "This service has no key for the provider.", exposed=exposed)


def _headers(seconds_to_start: int) -> dict[str, str]:
    """Return what fal is told beside the job.

    It keeps no prompt, keeps the pictures for an hour, runs the job at most once, and drops it where it would
    start after the caller's deadline.
    """
    return {
        "X-Fal-Store-IO": "0",
        "X-Fal-No-Retry": "1",
        "X-Fal-Object-Lifecycle-Preference": json.dumps({"expiration_duration_seconds": _KEPT_SECONDS}),
        "X-Fal-Request-Timeout": str(seconds_to_start),
    }
