"""Handing jobs to whoever runs jobs. The setting JOB_QUEUE names the runner by its dotted path.

The rows of the jobs are the queue; a runner only brings about that somebody looks at them. A durable runner notes
a job in the transaction that queues it; the other kind is told after that transaction has committed.
"""

import logging
from typing import Protocol, Self, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string

from creative import turns
from creative.models import Attempt, Job
from creative.turns import Taken

logger = logging.getLogger("imageskill.queue")


class Runner(Protocol):
    """Takes a job that is committed as queued and sees to it that it runs when its turn comes."""

    def enqueue(self, job_id: str) -> None:
        """Return at once; the job runs elsewhere. A job that is there already is not taken twice."""
        ...

    def is_healthy(self) -> bool:
        """Say whether jobs are being taken."""
        ...


@runtime_checkable
class DurableRunner(Runner, Protocol):
    """A runner whose notes are rows of the same database."""

    def defer(self, job_id: str) -> None:
        """Note the job in the caller's unit of work: the note stands or falls with the job."""
        ...

    def tidy(self) -> int:
        """Remove the notes that dead processes left; return how many."""
        ...


class Place(Protocol):
    """A thread of this process that is kept for one job."""

    def start(self, taken: Taken) -> None:
        """Carry the job out on it; the thread is free again when the job has ended."""
        ...

    def give_back(self) -> None:
        """Let it go, where no job was started on it."""
        ...


@runtime_checkable
class LocalRunner(Runner, Protocol):
    """A runner of this very process: it may begin a job in the unit of work that writes it."""

    def reserve(self) -> Place | None:
        """Keep a thread. None: none is free now."""
        ...


class Room:
    """Room for one job in this process: kept from its unit of work, however often that is tried, to its start."""

    def __init__(self) -> None:
        """Keep nothing yet: who waits for a lock keeps no thread from others."""
        self._place: Place | None = None

    def begin(self, job: Job) -> Attempt | None:
        """Begin a job in the unit of work that writes it and its attempt. None: it is queued like any other."""
        found = runner()
        if self._place is None and isinstance(found, LocalRunner):
            self._place = found.reserve()
        return turns.begin(job) if self._place is not None else None

    def start(self, taken: Taken) -> None:
        """Carry it out, once that unit of work has committed. Should that fail, its lease ends it."""
        place, self._place = self._place, None
        if place is None:
            raise AssertionError("no thread was kept for this job")
        try:
            place.start(taken)
        except Exception:
            logger.exception("job not started")

    def __enter__(self) -> Self:
        """Return the room."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the thread go, unless a job was started on it."""
        if self._place is not None:
            self._place.give_back()


def runner() -> Runner:
    """Return the configured runner."""
    found: Runner = import_string(settings.JOB_QUEUE)
    return found


def defer(job_id: str) -> None:
    """Hand a job over inside the unit of work that queues it, where the runner is durable."""
    found = runner()
    if isinstance(found, DurableRunner):
        found.defer(job_id)


def enqueue(job_id: str) -> None:
    """Hand a job over after the unit of work that queued it has committed, where the runner is not durable.

    A runner that cannot take it loses nothing: the job stays queued, and the sweeper hands it over again.
    """
    if not isinstance(runner(), DurableRunner):
        enqueue_again(job_id)


def enqueue_again(job_id: str) -> None:
    """Hand over a job that is committed, whether a runner knows it or not."""
    try:
        runner().enqueue(job_id)
    except Exception:
        logger.exception("job not handed over")


def tidy() -> int:
    """Remove what dead processes left in the runner's notes; return how many there were."""
    found = runner()
    return found.tidy() if isinstance(found, DurableRunner) else 0
