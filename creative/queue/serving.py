"""What a free thread of a runner does: it runs the next job, and the next, until there is none for it."""

from creative import execution, leases, turns
from creative.turns import Taken


def serve(job_id: str) -> None:
    """Run this job if its worker is gone, then whose turn it is, until no job can run or the process stops."""
    taken = turns.take(job_id)
    if taken is not None:
        carry_on(taken)


def carry_on(taken: Taken | None) -> None:
    """Run a job that this process has taken, then whose turn it is, until no job can run or the process stops."""
    leases.keep_renewing()
    while taken is not None:
        execution.carry_out(taken)
        taken = turns.take()
