"""Waiting for the end of a job, without holding a database connection and without starving the service.

An end in this process wakes its waiters at once. Ends in other processes are heard by one watcher, to which
PostgreSQL tells each end. Should one of these words be lost: every few seconds the watcher looks all awaited jobs
up in one query. When the process is told to stop, every waiter is let go.
"""

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import psycopg
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from psycopg import sql

from creative.models import Job
from creative.queue import direct
from imageskill.core import shared_cache
from imageskill.core.statements import Select
from imageskill.core.units import release_connection

logger = logging.getLogger("imageskill.waiting")

PER_AGENT = 4
CHANNEL = "imageskill_job_ended"
_FIRST_LOOK_SECONDS = 1.0
_LOOK_SECONDS = 3.0
_TICK_SECONDS = 0.25

_guard = threading.Lock()
_waiters: dict[str, set[threading.Event]] = defaultdict(set)
_by_agent: Counter[str] = Counter()
_stopping = threading.Event()
_watcher: threading.Thread | None = None


def announce(job_id: str) -> None:
    """Wake whoever waits for this job, in this process and, on PostgreSQL, in the others."""
    _wake(job_id)
    if connection.vendor != "postgresql":
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, job_id])
    except (DatabaseError, InterfaceError) as error:
        logger.warning("end of a job not told", exc_info=error)


def _wake(job_id: str) -> None:
    with _guard:
        for event in _waiters.get(job_id, ()):
            event.set()


def release_all() -> None:
    """Let every waiter go, now and from now on: the process is about to stop. Safe in a signal handler."""
    _stopping.set()
    for events in list(_waiters.values()):
        for event in list(events):
            event.set()


_ENDED: Final = Select(lambda pk: Job.objects.filter(pk=pk, state__in=Job.FINAL).values_list("pk"))


def until_end(job: Job, *, seconds: float, counted: bool) -> None:
    """Return when the job has ended, or after `seconds`, or at once where no place to wait is free.

    `counted` waits take one of the agent's four places, which all processes share, and one of the half of this
    process's threads that may wait; models of the latency class fast are not counted for the agent.
    """
    if seconds <= 0 or _stopping.is_set():
        return
    until = time.monotonic() + seconds
    with _placed(job, seconds=seconds, counted=counted) as event:
        if event is None or _ENDED.rows(pk=job.pk):
            return
        release_connection()
        _watch()
        event.wait(max(0.0, until - time.monotonic()))


@contextmanager
def _placed(job: Job, *, seconds: float, counted: bool) -> Iterator[threading.Event | None]:
    """Take a place of this process, and for a counted wait one of the agent's in all processes, and register."""
    if not counted:
        with _registered(job, counted=False) as event:
            yield event
        return
    with ExitStack() as places:
        event = places.enter_context(_registered(job, counted=True))
        # Only who has a place here asks for one of all, and keeps no connection meanwhile.
        release_connection()
        shared = shared_cache.place(f"waiting:{job.agent_id}", of=PER_AGENT, seconds=seconds)
        if event is not None and not places.enter_context(shared):
            # Not later: until then it turns others away, who are told at once like this one.
            places.close()
            event = None
        yield event


@contextmanager
def _registered(job: Job, *, counted: bool) -> Iterator[threading.Event | None]:
    """Take a place of this process and register, or yield None where none is free.

    Both in one step, so that no two callers take the same place; before the state is looked up, so that no
    end falls between the two.
    """
    event = threading.Event()
    with _guard:
        process_full = sum(len(events) for events in _waiters.values()) >= max(1, settings.WEB_THREADS // 2)
        free = not process_full and not (counted and _by_agent[job.agent_id] >= PER_AGENT)
        if free:
            _waiters[job.pk].add(event)
            _by_agent[job.agent_id] += counted
    if _stopping.is_set():
        event.set()
    try:
        yield event if free else None
    finally:
        if free:
            with _guard:
                _leave(job, event, counted=counted)


def _leave(job: Job, event: threading.Event, *, counted: bool) -> None:
    _waiters[job.pk].discard(event)
    if not _waiters[job.pk]:
        del _waiters[job.pk]
    _by_agent[job.agent_id] -= counted
    if not _by_agent[job.agent_id]:
        del _by_agent[job.agent_id]


def _watch() -> None:
    global _watcher  # noqa: PLW0603 - one watcher a process, begun with the first waiter
    with _guard:
        if _watcher is None or not _watcher.is_alive():
            _watcher = threading.Thread(target=_watch_others, name="waiting-watcher", daemon=True)
            _watcher.start()


def _watch_others() -> None:
    """Hear of ends that other processes brought, until nobody waits any more."""
    pause = threading.Event()
    while True:
        try:
            with _listening() as ear:
                # An end between a waiter's own look and our first word from the database is found by looking.
                _hear(ear, _FIRST_LOOK_SECONDS)
                while awaited := _awaited():
                    _look(awaited)
                    _hear(ear, _LOOK_SECONDS)
                return
        except (DatabaseError, InterfaceError, psycopg.Error) as error:
            logger.warning("awaited jobs not watched", exc_info=error)
            if not _awaited():
                return
            pause.wait(1)
        finally:
            connection.close()


def _awaited() -> list[str]:
    """Return the jobs that are waited for; where there are none, the watcher ends with this."""
    global _watcher  # noqa: PLW0603 - the next waiter begins another one
    with _guard:
        awaited = list(_waiters)
        if not awaited:
            # Under the guard: a waiter that comes now must not trust a watcher that is about to end.
            _watcher = None
        return awaited


@contextmanager
def _listening() -> Iterator[psycopg.Connection | None]:
    """Yield a connection on which PostgreSQL tells of ends; None on SQLite, which one process serves."""
    if connection.vendor != "postgresql":
        yield None
        return
    with psycopg.connect(**direct.parameters() | {"autocommit": True}) as ear:
        ear.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        yield ear


def _look(awaited: list[str]) -> None:
    """Wake the waiters of jobs that have ended, whether anybody told or not."""
    for job_id in Job.objects.filter(pk__in=awaited, state__in=Job.FINAL).values_list("pk", flat=True):
        _wake(job_id)
    connection.close()


def _hear(ear: psycopg.Connection | None, seconds: float) -> None:
    """Wake the waiters of jobs whose end is told, for so long or until nobody waits."""
    until = time.monotonic() + seconds
    pause = threading.Event()
    while _waiters and time.monotonic() < until:
        if ear is None:
            pause.wait(_TICK_SECONDS)
            continue
        for told in ear.notifies(timeout=_TICK_SECONDS):
            _wake(told.payload)
