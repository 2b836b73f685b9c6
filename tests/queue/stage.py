"""Processes of the service with a provider that does what its prompts say: `python -m tests.queue.stage`.

Alone it is a worker; as `tests.queue.stage:application` it is the web process. The provider writes each call
into the file `calls` of STAGE_FOLDER. A prompt that begins with "hold" is held until the file `go` is there; one
that begins with "queue" is submitted first, so that another process can fetch it, and held as well.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

# These load models, so Django comes first.
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402

from creative import registry  # noqa: E402
from creative.providers.base import ProviderCall, ProviderResult, Submission  # noqa: E402
from tests.doubles import pictures  # noqa: E402

FOLDER = Path(os.environ["STAGE_FOLDER"])
_LONGEST_SECONDS = 120


class Staged:
    """The provider of the stage."""

    resumable = True
    cancellable = False

    def generate(self, call: ProviderCall) -> ProviderResult:
        fetched = call.submission is not None
        note("fetch" if fetched else "begin", call.prompt)
        if call.prompt.startswith("queue") and not fetched:
            call.on_submitted(Submission("request-1", {}))
            note("submitted", call.prompt)
        if call.prompt.startswith(("hold", "queue")) and not fetched:
            wait_for(FOLDER / "go")
        note("end", call.prompt)
        return pictures(call)

    def probe(self) -> None:
        return


def note(what: str, prompt: str) -> None:
    """Append a line in one write, which no other process's can break into."""
    file = os.open(FOLDER / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{what} {prompt}\n".encode())
    os.close(file)


def wait_for(path: Path) -> None:
    end = time.monotonic() + _LONGEST_SECONDS
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Answer as the service does, with its clock."""
    return _application(environ, start_response)


registry.ADAPTERS["canvas"] = "tests.queue.stage.Staged"
_application = get_wsgi_application()

if __name__ == "__main__":
    call_command("worker")
else:
    import_string("imageskill.flows.clock.start")()
