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
    """The provider cannot take the call now: an outage before the call, a limit on calls. Later it may."""
    UNUSABLE = "unusable"
    """The provider takes no call of this service: no key, a bad key, an empty or locked account."""
    TIMED_OUT = "timed_out"
    """The deadline passed before an answer came."""
    CANCELED = "canceled"
    """The provider confirmed that it stopped before any output."""


class ProviderError(Exception):
    """A provider's refusal or failure; the message is safe to show to the caller.

    An adapter catches what its transport raises and says it with this; nothing of the prompt,
    of a key or of a path may stand in the message.
    """

    def __init__(
        self,
        failure: Failure,
        message: str,
        *,
        cost_micros: int = 0,
        exposed: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Say what failed, and what it cost the house all the same (millionths of a USD).

        `exposed`: the call may have reached the provider, which may have worked, and charged, for nothing.
        `retry_after_seconds`: how long the provider asks to be left alone, where it says so.
        """
        super().__init__(message)
        self.failure = failure
        self.message = message
        self.cost_micros = cost_micros
        self.exposed = exposed
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Submission:
    """What a queue provider answered to a submission: enough to fetch the result after a restart."""

    request_id: str
    urls: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InputPicture:
    """A picture that goes into a call, as stored: one of the house's own, checked and clean."""

    data: bytes
    mime_type: str
    width: int
    height: int


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
    inputs: tuple[InputPicture, ...]
    """The picture that an edit changes, first, then the references; a create has references only."""
    timeout_seconds: float
    submission: Submission | None
    """Set when an earlier attempt was submitted: the adapter fetches that one and submits nothing."""
    on_submitted: Callable[[Submission], None]
    """A queue adapter calls it as soon as the provider has taken the job; it commits the submission."""
    mask: InputPicture | None = None
    """A picture of the first input's size whose transparent pixels are to be changed."""
    is_cancel_wanted: Callable[[], bool] = lambda: False
    """A cancellable adapter asks it between polls; once true it asks the provider to stop, once."""


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
    cancellable: bool
    """Whether a submitted call can be asked to stop; the adapter raises CANCELED when the provider confirms."""

    def generate(self, call: ProviderCall) -> ProviderResult:
        """Make the pictures, or raise `ProviderError`."""
        ...

    def probe(self) -> None:
        """Ask, free of charge, whether the provider takes our calls; raise `ProviderError` where it does not."""
        ...
