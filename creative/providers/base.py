"""The port that every provider of pictures implements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Failure(StrEnum):
    """Why a provider gave no picture, in the words of the house's error catalogue."""

    REFUSED = "refused"
    """The provider's safety system refused the prompt or its own output."""
    FAILED = "failed"
    """The provider answered with an error or with something that is no picture."""
    UNAVAILABLE = "unavailable"
    """The provider cannot be used now: no key, a bad key, no money, an outage before the call."""
    TIMED_OUT = "timed_out"
    """The deadline passed before an answer came."""


class ProviderError(Exception):
    """A provider's refusal or failure; the message is safe to show to the caller.

    An adapter catches what its transport raises and says it with this; nothing of the prompt,
    of a key or of a path may stand in the message.
    """

    def __init__(self, failure: Failure, message: str, *, cost_micros: int = 0) -> None:
        """Say what failed, and what it cost the house all the same (millionths of a USD)."""
        super().__init__(message)
        self.failure = failure
        self.message = message
        self.cost_micros = cost_micros


@dataclass(frozen=True, slots=True)
class Submission:
    """What a queue provider answered to a submission: enough to fetch the result after a restart."""

    request_id: str
    urls: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """One call: `output_count` pictures of one prompt, with parameters that are validated and complete."""

    operation: str
    """`create` or `edit`."""
    model: str
    """The provider's own name of the model."""
    prompt: str
    parameters: Mapping[str, object]
    """The model's parameters with the catalogue's defaults applied, each by its own name."""
    output_count: int
    inputs: tuple[bytes, ...]
    """The input pictures of an edit, as stored; empty for a create."""
    timeout_seconds: float
    submission: Submission | None
    """Set when an earlier attempt was submitted: the adapter fetches that one and submits nothing."""
    on_submitted: Callable[[Submission], None]
    """A queue adapter calls it as soon as the provider has taken the job; it commits the submission."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of one picture as the provider gave them, and what it says they are."""

    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class ProviderResult:
    """The pictures of a call, and what the provider says it cost (millionths of a USD), if it does."""

    pictures: tuple[Picture, ...]
    cost_micros: int | None = None


class Provider(Protocol):
    """An adapter. It holds no state of a call, so one instance serves every thread."""

    resumable: bool
    """Whether a submission can be fetched by its request id after the process that made it has died."""

    def generate(self, call: ProviderCall) -> ProviderResult:
        """Make the pictures, or raise `ProviderError`."""
        ...
