"""Handing a job to whoever runs jobs. The setting JOB_QUEUE names the runner by its dotted path."""

import logging
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

logger = logging.getLogger("imageskill.queue")


class Runner(Protocol):
    """Takes a job that is committed as queued and sees to it that `execution.run` is called."""

    def enqueue(self, job_id: str) -> None:
        """Return at once; the job runs elsewhere."""
        ...

    def is_healthy(self) -> bool:
        """Say whether jobs are being taken."""
        ...


def runner() -> Runner:
    """Return the configured runner."""
    found: Runner = import_string(settings.JOB_QUEUE)
    return found


def enqueue(job_id: str) -> None:
    """Hand over a queued job, after the transaction that made it has committed.

    A runner that cannot take it loses nothing: the job stays queued, and the sweeper hands it over again.
    """
    try:
        runner().enqueue(job_id)
    except Exception:
        logger.exception("job not handed over")
