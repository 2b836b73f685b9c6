"""Stand-ins at the ports: a provider that does what a test tells it, and a runner that runs jobs at once."""

import io
from collections.abc import Callable

from PIL import Image

from creative import execution
from creative.providers.base import Picture, ProviderCall, ProviderResult


def png(colour: str = "teal", size: tuple[int, int] = (64, 48)) -> bytes:
    """Return the bytes of a small plain picture."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def pictures(call: ProviderCall) -> ProviderResult:
    """Deliver what was asked for, no picture of a call like another."""
    colours = ["teal", *(f"#{number:06x}" for number in range(1, call.output_count))]
    return ProviderResult(tuple(Picture(png(colour), "image/png") for colour in colours))


class FakeProvider:
    """A provider at the port; `behaviour` is what it does with a call, `calls` is what it was asked."""

    resumable = False
    cancellable = False

    def __init__(self) -> None:
        self.behaviour: Callable[[ProviderCall], ProviderResult] = pictures
        self.calls: list[ProviderCall] = []

    def generate(self, call: ProviderCall) -> ProviderResult:
        self.calls.append(call)
        return self.behaviour(call)

    def probe(self) -> None:
        return


class RunAtOnce:
    """A runner that runs a job in the caller's thread, so that a test's transaction sees it."""

    def enqueue(self, job_id: str) -> None:
        execution.run(job_id)

    def is_healthy(self) -> bool:
        return True


class RunNever:
    """A runner that only remembers; the job stays queued until the test runs it."""

    def __init__(self) -> None:
        self.job_ids: list[str] = []

    def enqueue(self, job_id: str) -> None:
        self.job_ids.append(job_id)

    def is_healthy(self) -> bool:
        return True


run_at_once = RunAtOnce()
run_never = RunNever()
