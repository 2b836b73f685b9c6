"""What became of an order, as its answer tells it: the job, its pictures, and what the agent has left."""

from collections.abc import Sequence

from accounts.actor import Actor
from billing import quota
from billing.quota import Left
from creative import assets, jobs
from creative.models import Asset, Job
from imageskill.core.messages import send


def of(job: Job, actor: Actor) -> tuple[Sequence[Asset], Left]:
    """Return the pictures of a job as it was just read, and what is left."""
    made, left = send(assets.asked_made_by(job.pk), quota.asked_left(actor.actor_id))
    return _told(job, made), left


def read(job_id: str, actor: Actor) -> tuple[Job, Sequence[Asset], Left]:
    """Return a caller's job as it is now, its pictures, and what is left. JOB_NOT_FOUND: it is another agent's."""
    job, made, left = send(
        jobs.asked(actor, job_id), assets.asked_made_by(job_id), quota.asked_left(actor.actor_id)
    )
    return job, _told(job, made), left


def _told(job: Job, made: list[Asset]) -> Sequence[Asset]:
    # A job that ended between the two readings is told as the first of them has it.
    return made if job.state == Job.State.COMPLETED else ()
