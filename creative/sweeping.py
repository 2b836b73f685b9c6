"""The sweeper: what a dead process left behind is resumed or failed, and its hold is closed.

Jobs are swept, holds never: a hold is closed only in the transaction that ends its job.
"""

import logging

from django.db.models.functions import Now

from creative import execution, jobs, leases, queue, registry, waiting
from creative.catalogue import loader
from creative.models import Attempt, Job
from imageskill.core.errors import ErrorCode

logger = logging.getLogger("imageskill.sweeping")

_BATCH = 100
_MOST_TAKE_OVERS = 10


def sweep() -> int:
    """Deal with every job whose lease has expired; return how many there were."""
    expired = Job.objects.filter(
        state__in=[Job.State.QUEUED, Job.State.RUNNING], lease_expires_at__lt=Now()
    ).order_by("lease_expires_at")[:_BATCH]
    found = list(expired)
    for job in found:
        try:
            _queued(job) if job.state == Job.State.QUEUED else _running(job)
        except Exception:  # one bad job must not keep the others from being swept
            logger.exception("job not swept", extra={"fields": {"job_id": job.pk}})
    return len(found)


def _queued(job: Job) -> None:
    """Hand a job over again that nobody has taken; past its deadline it fails."""
    if _past_deadline(job):
        if jobs.end_queued(
            job,
            state=Job.State.FAILED,
            code=ErrorCode.TIMEOUT,
            message="The job passed its deadline before a worker was free; nothing is charged.",
        ):
            waiting.announce(job.pk)
        return
    if jobs.requeue(job):
        queue.enqueue(job.pk)


def _running(job: Job) -> None:
    """Take a job over whose worker is gone: finish what is stored, fetch what was submitted, else fail it."""
    past_deadline = _past_deadline(job)
    taken = jobs.take_over(job)
    if taken is None:
        return
    lease, attempt = taken
    if (attempt.state == Attempt.State.STORED and lease.epoch <= _MOST_TAKE_OVERS) or (
        attempt.state == Attempt.State.SUBMITTED and not past_deadline and _is_resumable(job)
    ):
        leases.keep_renewing()
        execution.resume(lease, job, attempt)
    else:
        _give_up(lease, past_deadline=past_deadline)


def _is_resumable(job: Job) -> bool:
    """Say whether the job's provider can be asked for a result; its model may have left the catalogue since."""
    entry = loader.current().find(job.model_id)
    return (
        entry is not None
        and entry.provider_id in registry.wired()
        and registry.provider(entry.provider_id).resumable
    )


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


def _past_deadline(job: Job) -> bool:
    return Job.objects.filter(pk=job.pk, deadline_at__lt=Now()).exists()
