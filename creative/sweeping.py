"""The sweeper: what a dead process left behind is handed over again or ended, and its hold is closed.

Jobs are swept, holds never: a hold is closed only in the transaction that ends its job. No provider is asked here:
what must be fetched from one is a runner's work, so that a slow answer does not stop the clock.
"""

import logging

from django.db.models import Q
from django.db.models.functions import Now

from creative import execution, jobs, queue, switches, turns, waiting
from creative.models import Attempt, Job
from creative.turns import Taken
from imageskill.core.errors import ErrorCode

logger = logging.getLogger("imageskill.sweeping")

_BATCH = 100
_WOKEN = 32


def sweep() -> int:
    """Deal with every job whose lease has expired or that waits in vain; return how many there were."""
    expired = Q(lease_expires_at__lt=Now()) | Q(state=Job.State.QUEUED, deadline_at__lt=Now())
    unfinished = Job.objects.filter(expired, state__in=[Job.State.QUEUED, Job.State.RUNNING])
    found = list(unfinished.order_by("lease_expires_at")[:_BATCH])
    for job in found:
        try:
            _queued(job) if job.state == Job.State.QUEUED else _running(job)
        except Exception:  # one bad job must not keep the others from being swept
            logger.exception("job not swept", extra={"fields": {"job_id": job.pk}})
    return len(found)


def wake() -> int:
    """Hand over again what could run now, in case the process that would have done so is gone; return how many."""
    ready = turns.waiting(_WOKEN)
    for job_id in ready:
        queue.enqueue_again(job_id)
    return len(ready)


def end_stopped() -> int:
    """End the queued jobs of providers and models that are switched off; return how many."""
    stopped = switches.stopped_models()
    if not stopped:
        return 0
    queued = Job.objects.filter(state=Job.State.QUEUED, model_id__in=stopped).order_by("pk")[:_BATCH]
    return sum(
        _end(job, ErrorCode.PROVIDER_UNAVAILABLE, switches.closed(job.model_id, stopped[job.model_id]))
        for job in list(queued)
    )


def _queued(job: Job) -> None:
    """Hand a job over again that nobody has taken; past its deadline it fails."""
    if turns.is_past_deadline(job):
        told = "The job passed its deadline before a worker was free; nothing is charged."
        _end(job, ErrorCode.TIMEOUT, told)
    elif jobs.requeue(job):
        queue.enqueue_again(job.pk)


def _end(job: Job, code: ErrorCode, message: str) -> bool:
    ended = jobs.end_queued(job, state=Job.State.FAILED, code=code, message=message)
    if ended:
        waiting.announce(job.pk)
    return ended


def _running(job: Job) -> None:
    """End a job whose worker is gone: finish what is stored, have fetched what was submitted, else fail it."""
    past_deadline = turns.is_past_deadline(job)
    can_go_on = turns.can_go_on(job)
    if can_go_on and not _is_stored(job):
        queue.enqueue_again(job.pk)
        return
    taken = jobs.take_over(job)
    if taken is None:
        return
    if can_go_on:
        execution.carry_out(Taken(taken[0], job, taken[1]))
    else:
        _give_up(taken[0], past_deadline=past_deadline)


def _is_stored(job: Job) -> bool:
    return Attempt.objects.filter(job=job).latest("pk").state == Attempt.State.STORED


def _give_up(lease: jobs.Lease, *, past_deadline: bool) -> None:
    """End a job whose call left no trace of an answer: to call again could be paid twice."""
    told = "The job passed its deadline" if past_deadline else "The service stopped while the picture was made"
    jobs.fail(
        lease,
        code=ErrorCode.TIMEOUT if past_deadline else ErrorCode.PROVIDER_FAILURE,
        message=f"{told}; nothing is charged.",
        exposed=True,
    )
    waiting.announce(lease.job_id)
