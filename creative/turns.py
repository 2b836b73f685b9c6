"""Whose turn it is: which job runs next, and taking it together with a slot of its provider.

An organization with fewer running jobs goes first, then the one that this process has not served for longest,
then the job that was made first. So a hundred jobs of one organization do not keep another's single job waiting,
not even where one thread runs all jobs. Jobs whose provider has no free slot are passed over and keep their place.
"""

import itertools
import logging
import threading
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count, F, Min, QuerySet, Value
from django.db.models.functions import Now

from creative import jobs, registry, slots
from creative.catalogue import loader
from creative.jobs import Lease
from creative.models import Attempt, Job
from imageskill.core.errors import ApiError
from imageskill.core.statements import Select
from imageskill.core.units import release_connection, unit_of_work

logger = logging.getLogger("imageskill.turns")

_MOST_TAKE_OVERS = 10
_MOST_MISSES = 100

_choosing = threading.Lock()
_rounds = itertools.count(1)
_served: dict[str, int] = {}
_stopping = threading.Event()


class NoSlotError(Exception):
    """The provider has no free slot: the job is left as it was."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that this process owns now; `attempt` is what a dead worker left of it, if one did."""

    lease: Lease
    job: Job
    attempt: Attempt | None


def stop() -> None:
    """Take no more jobs in this process: it is about to end. Safe in a signal handler."""
    _stopping.set()


def is_stopping() -> bool:
    """Say whether this process takes no more jobs."""
    return _stopping.is_set()


def take(job_id: str = "") -> Taken | None:
    """Take the next job, first of all `job_id` if its worker is gone. None: none can run now."""
    release_connection()
    # Who has nothing to take does not stand in line for it: each end of a job is followed by such a look.
    if not _is_any_queued() and not (job_id and _abandoned(job_id).exists()):
        return None
    # The look took a connection; who stands in line keeps none from those that work.
    release_connection()
    # One at a time in a process: the threads would only run into each other at the same row.
    with _choosing:
        for _ in range(_MOST_MISSES):
            chosen = _next(job_id)
            if chosen is None or _stopping.is_set():
                return None
            taken = claim(chosen)
            if taken is not None:
                return taken
            job_id = ""
    return None


def waiting(limit: int) -> list[str]:
    """Return the ids of jobs that could run now, the oldest first."""
    full = slots.full()
    models = [entry.id for entry in loader.current().order if entry.provider_id in full]
    ready = Job.objects.filter(state=Job.State.QUEUED).exclude(model_id__in=models)
    return list(ready.order_by("pk").values_list("pk", flat=True)[:limit])


def claim(job_id: str) -> Taken | None:
    """Take this job: a queued one, or one whose worker is gone. None: it is neither, or no slot is free."""
    try:
        return _claim(job_id)
    except NoSlotError:
        return None


_JOB: Final = Select(lambda pk: Job.objects.filter(pk=pk))


@unit_of_work
def _claim(job_id: str) -> Taken | None:
    job = _JOB.first(pk=job_id)
    if job is None:
        return None
    if job.state == Job.State.RUNNING:
        taken = _taken_over(job)
    else:
        lease = jobs.take_queued(job)
        taken = Taken(lease, job, None) if lease is not None else None
    if taken is not None and _calls(taken) and not slots.take(provider_of(job.model_id), job_id):
        raise NoSlotError
    return taken


def begin(job: Job) -> Attempt | None:
    """Begin a job in the unit of work that writes it: it and its attempt are still to be written.

    None: it has to wait for its turn, queued. So it does where this process is told to stop: the next one has
    time for it. Where a provider is bounded, a slot may be free for a moment although others wait: they go first.
    """
    if _stopping.is_set():
        return None
    provider_id = provider_of(job.model_id)
    is_bounded = slots.limit_of(provider_id) is not None
    if is_bounded and (_is_any_queued() or not slots.take(provider_id, job.pk)):
        return None
    return jobs.begin(job)


def begun(job: Job, attempt: Attempt) -> Taken:
    """Return what this process owns, now that both are written."""
    # A row of its own: the request goes on with the caller's in another thread.
    return Taken(Lease(job.pk, attempt.lease_epoch, attempt.pk), copy(job), None)


def release(lease: Lease, model_id: str) -> None:
    """Give back the slot of a job that this process is done with; if that fails, the slot's lease ends it."""
    if slots.limit_of(provider_of(model_id)) is None:
        return
    try:
        slots.free(lease.job_id, lease.epoch)
    except (DatabaseError, InterfaceError, ApiError) as error:
        logger.warning("slot not freed", exc_info=error)


def _calls(taken: Taken) -> bool:
    return taken.attempt is None or taken.attempt.state != Attempt.State.STORED


def _taken_over(job: Job) -> Taken | None:
    if not can_go_on(job):
        return None
    taken = jobs.take_over(job)
    return Taken(taken[0], job, taken[1]) if taken is not None else None


def can_go_on(job: Job) -> bool:
    """Say whether a job whose worker is gone can be ended well: its bytes are stored, or can be fetched."""
    attempt = Attempt.objects.filter(job=job).order_by("-pk").first()
    if attempt is None:
        return False
    if attempt.state == Attempt.State.STORED:
        return job.lease_epoch < _MOST_TAKE_OVERS
    return attempt.state == Attempt.State.SUBMITTED and not is_past_deadline(job) and _is_resumable(job)


def is_past_deadline(job: Job) -> bool:
    """Say, by the database's clock, whether a job took too long."""
    return Job.objects.filter(pk=job.pk, deadline_at__lt=Now()).exists()


def provider_of(model_id: str) -> str | None:
    """Return the provider of a model; None: the model has left the catalogue."""
    entry = loader.current().find(model_id)
    return entry.provider_id if entry is not None else None


def _is_resumable(job: Job) -> bool:
    provider_id = provider_of(job.model_id)
    return provider_id is not None and provider_id in registry.wired() and registry.provider(provider_id).resumable


def _abandoned(job_id: Any) -> QuerySet[Job]:  # noqa: ANN401 - an id, or the blank of a statement
    return Job.objects.filter(pk=job_id, state=Job.State.RUNNING, lease_expires_at__lt=Now())


def _is_any_queued() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM creative_job WHERE state = 'queued')")
        return bool(cursor.fetchone()[0])


_QUEUED: Final = "queued"
_RUNNING: Final = "running"
_SLOT: Final = "slot"
_ABANDONED: Final = "abandoned"


def _standing(job_id: Any) -> QuerySet[Any, Any]:  # noqa: ANN401 - the blank of a statement
    """Return who waits with which first job, who is served, which slots are taken, and the job if it is abandoned.

    In rows of `whose, model, first, number, what`; of a slot the first is its provider's id.
    """
    none, jobs_of = Value(""), Job.objects.order_by()
    queued = jobs_of.filter(state=Job.State.QUEUED).values_list("organization_id", "model_id")
    running = jobs_of.filter(state=Job.State.RUNNING).values_list("organization_id")
    taken = slots.busy().order_by().values_list("provider_id")
    abandoned = _abandoned(job_id).order_by().values_list("organization_id", "model_id")
    return queued.annotate(first=Min("pk"), count=Value(0), what=Value(_QUEUED)).union(
        running.annotate(model=none, first=none, count=Count("pk"), what=Value(_RUNNING)),
        taken.annotate(model=none, first=none, count=F("number"), what=Value(_SLOT)),
        abandoned.annotate(first=F("pk"), count=Value(0), what=Value(_ABANDONED)),
        all=True,
    )


_STANDING: Final[Select[Any]] = Select(_standing)


def _next(job_id: str) -> str | None:
    """Return this job if its worker is gone; else the first job of the organization whose turn it is.

    Jobs whose provider has no free slot are passed over.
    """
    rows = _STANDING.rows(job_id=job_id)
    if any(what == _ABANDONED for *_, what in rows):
        return job_id
    full = slots.full_of((whose, number) for whose, _, _, number, what in rows if what == _SLOT)
    busy = {whose: count for whose, _, _, count, what in rows if what == _RUNNING}
    firsts: dict[str, str] = {}
    for whose, model_id, first, _, what in rows:
        if what == _QUEUED and provider_of(model_id) not in full:
            firsts[whose] = min(first, firsts.get(whose, first))
    if not firsts:
        return None
    turn = min(firsts, key=lambda one: (busy.get(one, 0), _served.get(one, 0), firsts[one]))
    for gone in _served.keys() - firsts.keys():
        del _served[gone]
    _served[turn] = next(_rounds)
    return firsts[turn]
