"""`jobs wait` on the service: the job is asked for, awaited as a create awaits it, and asked for again."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from creative import waiting
from creative.models import Job
from imageskill.cli import commands
from imageskill.core.api import EnvelopeResponse, failure_response
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.site import cli_calls

_ENDS = frozenset({*Job.FINAL, Job.State.PLANNED})


def waits(asked: commands.Request) -> bool:
    """Say whether the line waits for a job."""
    return asked.command.words == "jobs wait"


def run(request: Request, asked: commands.Request) -> HttpResponse:
    """Return the job after its end; TIMEOUT where it goes on, its own error where it ended without pictures."""
    asked_for = asked.options.get("timeout_ms")
    seconds = settings.CREATE_WAIT_SECONDS if asked_for is None else cli_calls.seconds_of(asked_for)
    answer = cli_calls.run(request, asked)
    if not answer.told["ok"]:
        return answer
    if _job(answer)["status"] not in _ENDS and seconds:
        actor = answer.told["actor"]
        # Only the two ids are looked at; the answer has shown that the job is the caller's.
        job = Job(pk=_job(answer)["job_id"], agent_id=actor["actor_id"] if actor else "")
        waiting.until_end(job, seconds=seconds, counted=True)
        answer = cli_calls.run(request, asked)
    return _ended(answer)


def _job(answer: EnvelopeResponse) -> dict[str, Any]:
    job: dict[str, Any] = (answer.told["data"] or {})["job"]
    return job


def _ended(answer: EnvelopeResponse) -> HttpResponse:
    if not answer.told["ok"]:
        return answer
    job = _job(answer)
    told = job["error"] or (
        {"code": "JOB_CANCELED", "message": None} if job["status"] == Job.State.CANCELED else None
    )
    if job["status"] not in _ENDS:
        return _failed(
            answer,
            ErrorCode.TIMEOUT,
            "The job has not ended in the time there was; it goes on.",
            suggested_command=f"image-skill jobs wait {job['job_id']} --json",
        )
    if told is None:
        return answer
    shown = f"image-skill jobs show {job['job_id']} --json"
    return _failed(answer, ErrorCode[told["code"]], told["message"], retryable=False, suggested_command=shown)


def _failed(
    answer: EnvelopeResponse,
    code: ErrorCode,
    message: str | None,
    *,
    retryable: bool | None = None,
    suggested_command: str,
) -> HttpResponse:
    told = answer.told
    job_id = _job(answer)["job_id"]
    error = ApiError(code, message, retryable=retryable, job_id=job_id, suggested_command=suggested_command)
    return failure_response(error, command=told["command"], actor=told["actor"], warnings=told["warnings"])
