"""The statements behind a job's way through its states, guarded by state and lease; `jobs` alone runs them."""

from typing import Any, Final

from django.db.models import F, QuerySet

from creative import leases
from creative.models import Attempt, Job
from imageskill.core.statements import Select, Update


def owned(job_id: Any, epoch: Any) -> QuerySet[Job]:  # noqa: ANN401 - values, or the blanks of a statement
    """Return the running job as far as its lease still is the one of this epoch."""
    return Job.objects.filter(pk=job_id, lease_epoch=epoch, state=Job.State.RUNNING)


TAKEN: Final = Update(
    lambda pk, epoch, lease, at: (
        Job.objects.filter(pk=pk, state=Job.State.QUEUED, lease_epoch=epoch),
        {
            "state": Job.State.RUNNING,
            "lease_epoch": F("lease_epoch") + 1,
            "lease_expires_at": leases.until(lease),
            "started_at": at,
        },
    )
)
"""From queued to running, in an epoch of its own."""

RENEWED: Final = Update(lambda pk, epoch, lease: (owned(pk, epoch), {"lease_expires_at": leases.until(lease)}))

COMPLETED: Final = Update(
    lambda pk, epoch, debit, at: (
        owned(pk, epoch),
        {"state": Job.State.COMPLETED, "finished_at": at, "settled_credits": debit, "lease_expires_at": None},
    )
)

ENDING: Final = Select(
    lambda attempt_id: (
        Attempt.objects.filter(pk=attempt_id)
        .select_related("job__hold", "job__organization")
        # What was asked for is told by the caller's copy of the job: an end does not rest on it.
        .defer("job__prompt", "job__parameters", "job__selection")
    )
)
"""An attempt with its job, the hold, and the organization whose lock an end takes."""

SUBMITTED: Final = Update(
    lambda attempt_id, request_id, urls: (
        Attempt.objects.filter(pk=attempt_id, state=Attempt.State.CALLING),
        {"state": Attempt.State.SUBMITTED, "request_id": request_id, "urls": urls},
    )
)

STORED: Final = Update(
    lambda attempt_id, outputs, not_stored, cost_micros, cost_was_reported: (
        Attempt.objects.filter(pk=attempt_id),
        {
            "state": Attempt.State.STORED,
            "outputs": outputs,
            "not_stored": not_stored,
            "provider_cost_micros": cost_micros,
            "cost_was_reported": cost_was_reported,
        },
    )
)

DONE: Final = Update(
    lambda attempt_id, at: (
        Attempt.objects.filter(pk=attempt_id),
        {"state": Attempt.State.DONE, "finished_at": at},
    )
)
