"""The adapter: one submission a call, then questions until it has ended, then its pictures."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar, Final

from creative import prices
from creative.catalogue import loader
from creative.catalogue.entries import ModelEntry
from creative.catalogue.frozen import thaw
from creative.providers.base import (
    Failure,
    InputPicture,
    ProviderCall,
    ProviderError,
    ProviderResult,
    Submission,
)
from creative.providers.fal import failures, results
from creative.providers.fal.queue import Cancelling, Progress, Queue, State
from creative.providers.http import Deadline

_PAUSE_GROWS: Final = 1.5
_SURELY_GONE: Final = 3
"""A receipt may be a moment older than what the next question finds."""


class Adapter:
    """Calls fal's queue. A submission is never repeated: fal knows no idempotency key."""

    resumable = True
    cancellable = True
    first_pause_seconds: ClassVar[float] = 1.0
    """The pause after the first question about a job; the next ones grow to `longest_pause_seconds`."""
    longest_pause_seconds: ClassVar[float] = 5.0

    def __init__(self) -> None:
        """Read the key and the base address from the settings."""
        self._queue = Queue()

    def generate(self, call: ProviderCall) -> ProviderResult:
        """Make the pictures, or raise `ProviderError`; a call that was submitted before is only fetched."""
        deadline = Deadline(call.timeout_seconds)
        entry = _entry(call.model)
        deadline.left()
        with _worked_on():
            submission = call.submission or self._submit(call, entry, deadline)
            ended = self._wait(call, submission, deadline)
            answer = self._queue.result(submission, ended, deadline)
            return results.read(self._queue.client, answer, call, entry, deadline)

    def probe(self) -> None:
        """Ask for the price of a model, which is free and takes a good key; a locked account may not show."""
        models = [entry.provider_model for entry in loader.current().order if entry.provider_id == failures.NAME]
        self._queue.ask_price(models[0])

    def _submit(self, call: ProviderCall, entry: ModelEntry | None, deadline: Deadline) -> Submission:
        if entry is None:
            raise ProviderError(Failure.FAILED, "The catalogue has no such model of the provider.")
        if call.mask is not None:
            raise ProviderError(Failure.FAILED, "The provider takes no mask.")
        submission = self._queue.submit(call.model, _body(call, entry), deadline)
        call.on_submitted(submission)
        return submission

    def _wait(self, call: ProviderCall, submission: Submission, deadline: Deadline) -> Progress:
        """Return how a job ended, or raise CANCELED where fal says that it stopped before any output."""
        has_started = was_asked_to_stop = is_stopping = False
        times_gone = 0
        pause = self.first_pause_seconds
        while True:
            seen = self._queue.look(submission, deadline)
            has_started |= seen.state is State.RUNNING
            if seen.state is State.GONE and is_stopping:
                raise failures.canceled(exposed=True)
            if seen.state is State.ENDED:
                # Asked again: an earlier worker may have asked fal to stop, or fal's answer to us was lost.
                return replace(seen, is_stopping=call.is_cancel_wanted())
            times_gone = times_gone + 1 if seen.state is State.GONE else 0
            if times_gone == _SURELY_GONE:
                raise ProviderError(Failure.FAILED, "The provider has lost the job.", exposed=True)
            if not was_asked_to_stop and call.is_cancel_wanted():
                was_asked_to_stop = True
                told = self._queue.cancel(submission, deadline)
                if told is Cancelling.REMOVED:
                    raise failures.canceled(exposed=has_started)
                is_stopping = told is Cancelling.ASKED
            deadline.pause(pause)
            pause = min(pause * _PAUSE_GROWS, self.longest_pause_seconds)


@contextmanager
def _worked_on() -> Iterator[None]:
    """Mark a deadline that passes within: what was sent by then may be worked on, and paid."""
    try:
        yield
    except ProviderError as error:
        if error.failure is not Failure.TIMED_OUT or error.exposed:
            raise
        raise ProviderError(error.failure, error.message, exposed=True) from error


def _entry(model: str) -> ModelEntry | None:
    ours = (entry for entry in prices.last_read().order if entry.provider_id == failures.NAME)
    return next((entry for entry in ours if entry.provider_model == model), None)


def _body(call: ProviderCall, entry: ModelEntry) -> dict[str, object]:
    """Return what the model is sent: the call's parameters as they are, and what the catalogue fixes."""
    body: dict[str, object] = {"prompt": call.prompt, **call.parameters, **thaw(entry.fixed_controls)}
    if entry.controls.output_count.parameter is not None:
        body[entry.controls.output_count.parameter] = call.output_count
    if call.inputs:
        body["image_urls"] = [_data_uri(picture) for picture in call.inputs]
    return body


def _data_uri(picture: InputPicture) -> str:
    """Return the picture itself as an address: fal fetches nothing for a caller."""
    return f"data:{picture.mime_type};base64,{b64encode(picture.data).decode()}"
