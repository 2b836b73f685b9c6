"""Stopping a job that is not wanted any more: at once before it is submitted, by request afterwards."""

from typing import Final

from django.utils import timezone

from accounts.actor import Actor
from creative import approvals, jobs, offers, refusals, registry, waiting
from creative.models import Job
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.units import unit_of_work

_TRIES: Final = 3
"""A job may move on between the look and the guarded update; it has few states to move through."""


def cancel(actor: Actor, reference: str) -> tuple[Job, bool]:
    """Cancel the caller's job; return it as it stands now, and whether it has ended.

    A queued or waiting one ends at once. A running one is asked to stop where its provider can: it ends when the
    provider confirms that before any output, else its picture is delivered and charged. JOB_NOT_CANCELABLE: it
    has ended, or its provider cannot stop.
    """
    for _ in range(_TRIES):
        job = jobs.visible_to(actor, reference)
        if job.state == Job.State.QUEUED:
            done = jobs.end_queued(
                job, state=Job.State.CANCELED, code=ErrorCode.JOB_CANCELED, message=jobs.CANCELED_IN_TIME
            )
        elif job.state == Job.State.AWAITING_APPROVAL:
            done = approvals.withdraw(job_id=job.pk, agent=actor, message=jobs.CANCELED_IN_TIME)
        elif job.state == Job.State.RUNNING:
            _require_cancellable(actor, job)
            if _ask(job):
                return jobs.visible_to(actor, reference), False
            done = False
        else:
            raise _refusal(job, f"The job is {job.state} already.")
        if done:
            waiting.announce(job.pk)
            return jobs.visible_to(actor, reference), True
    raise ApiError(ErrorCode.SERVICE_UNAVAILABLE, retry_after_seconds=1)


def _require_cancellable(actor: Actor, job: Job) -> None:
    if not registry.provider(offers.described(job.model_id).provider_id).cancellable:
        raise _refusal(job, "The provider has begun, and cannot be asked to stop.")
    if job.cancel_requested_at is None:
        refusals.require_room(actor)


@unit_of_work
def _ask(job: Job) -> bool:
    """Leave word for the worker that polls the provider. False: the job does not run any more."""
    running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    running.filter(cancel_requested_at=None).update(cancel_requested_at=timezone.now())
    return running.exists()


def _refusal(job: Job, why: str) -> ApiError:
    return ApiError(
        ErrorCode.JOB_NOT_CANCELABLE,
        why,
        job_id=job.pk,
        reason=job.state,
        suggested_command=f"image-skill jobs show {job.pk} --json",
    )
