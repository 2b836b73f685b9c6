"""`jobs wait`: asking for a job until it has ended."""

from __future__ import annotations

import time

from imageskill.cli import calling
from imageskill.cli.loading import part
from imageskill.cli.output import Answer, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from imageskill.cli.commands import Request

DEFAULT_TIMEOUT_MS, DEFAULT_POLL_MS = 300_000, 1_000
_LEAST_POLL_MS = 100
_ENDS = ("completed", "failed", "canceled", "planned")


class Clock:
    """How long a command still waits, and how often it asks."""

    __slots__ = ("_end", "_pause")

    def __init__(self, options: dict[str, int]) -> None:
        milliseconds = options.get("timeout_ms", DEFAULT_TIMEOUT_MS)
        pause = options.get("poll_interval_ms", DEFAULT_POLL_MS)
        if milliseconds < 0 or pause < 0:
            wrong = "--timeout-ms" if milliseconds < 0 else "--poll-interval-ms"
            raise Failure(
                "INVALID_ARGUMENTS", f"{wrong} must not be negative", fields={wrong: ["must not be negative"]}
            )
        self._end = time.monotonic() + milliseconds / 1000
        self._pause = max(pause, _LEAST_POLL_MS) / 1000

    @property
    def left(self) -> float:
        """The seconds left."""
        return max(0.0, self._end - time.monotonic())

    def pause(self) -> bool:
        """Wait until it is worth asking again; say whether there is time to ask."""
        left = self.left
        time.sleep(min(self._pause, left))
        return left > 0


def run(request: Request) -> Answer:
    """Ask until the job has ended. TIMEOUT: it has not, in the time there was."""
    clock = Clock(request.options)
    caller = calling.caller_of(request)
    with part("progress").line("waiting for the job"):
        while True:
            answer = calling.send(request, caller)
            if not answer.envelope["ok"] or answer.data.get("status") in _ENDS:
                return ended(answer)
            if not clock.pause():
                return answer.fail(_too_long(request.options["job_id"]))


def _too_long(job_id: str) -> Failure:
    return Failure(
        "TIMEOUT",
        "The job has not ended in the time there was; it goes on",
        retryable=True,
        job_id=job_id,
        suggested_command=f"image-skill jobs wait {job_id} --json",
    )


def ended(answer: Answer) -> Answer:
    """Return the answer of a job that has ended: one that failed fails, as its create would have."""
    job = answer.data.get("job") or {}
    told = job.get("error")
    if not isinstance(told, dict):
        if job.get("status") != "canceled":
            return answer
        told = {"code": "JOB_CANCELED", "message": "The job was canceled", "exit_code": 1}
    failure = Failure(
        str(told.get("code")),
        str(told.get("message")),
        job_id=job.get("job_id"),
        suggested_command=f"image-skill jobs show {job.get('job_id')} --json",
    )
    failure.exit_code = int(told.get("exit_code") or 1)
    return answer.fail(failure)
