"""Jobs in worker processes, by procrastinate on PostgreSQL: `manage.py worker`.

A job is noted in the transaction that queues it. A note only says that somebody should look: `turns` decides
which job runs, and a guarded UPDATE whether it may. So a note too many does nothing, and one that was lost is
written again by the sweeper. Several workers may run; each runs WORKER_THREADS jobs at once.
"""

import asyncio
import logging
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError, connection, connections
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from creative import turns
from creative.queue import direct, serving
from imageskill.core import supervisor
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.queue")

QUEUE = "jobs"
_STALE_SECONDS = 60
_SPARE_CONNECTIONS = 4
_PAUSE_SECONDS = 2
_CONNECTION_SECONDS = 60.0


@app.task(name="imageskill.look", queue=QUEUE)
def look(job_id: str) -> None:
    """Take a free thread of a worker to whatever can run now."""
    try:
        serving.serve(job_id)
    except Exception:  # the sweeper resumes or fails what is left behind
        logger.exception("job runner failed")
    finally:
        connections.close_all()


class Notes:
    """The runner's notes: rows of procrastinate's, at most one a job that nobody has picked up."""

    def defer(self, job_id: str) -> None:
        """Write the note in the caller's unit of work."""
        look.configure(queueing_lock=job_id).defer(job_id=job_id)

    def enqueue(self, job_id: str) -> None:
        """Write the note in a unit of work of its own, unless it is there already."""
        with suppress(AlreadyEnqueued):
            _note(job_id)

    def is_healthy(self) -> bool:
        """Say whether a worker lives: its heart beats every ten seconds."""
        beats = (
            "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - %s * interval '1 s')"
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(beats, [_STALE_SECONDS])
                return bool(cursor.fetchone() == (True,))
        except DatabaseError as error:
            logger.warning("workers not looked up", exc_info=error)
            return False

    def tidy(self) -> int:
        """Remove the notes that workers had picked up when they died; their jobs are the sweeper's."""
        return _remove_stale()


notes = Notes()


@unit_of_work
def _note(job_id: str) -> None:
    """Write a note unless one waits already; of two writers at once the second is refused by a constraint."""
    with connection.cursor() as cursor:
        known = "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo')"
        cursor.execute(known, [job_id])
        is_known = bool(cursor.fetchone() == (True,))
    if not is_known:
        notes.defer(job_id)


@unit_of_work
def _remove_stale() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT procrastinate_prune_stalled_workers_v1(%s)", [_STALE_SECONDS])
        stale = "queue_name = %s AND status = 'doing' AND worker_id IS NULL"
        cursor.execute(f"DELETE FROM procrastinate_jobs WHERE {stale}", [QUEUE])  # noqa: S608 - our own words
        return int(cursor.rowcount)


def work() -> None:
    """Run jobs until SIGTERM or SIGINT; then take no more, and wait WORKER_STOP_SECONDS for those that run.

    What still runs then is cut off: its lease expires, and another worker goes on with it.
    """
    _be_patient()
    asyncio.run(_work())


def _be_patient() -> None:
    """Have jobs that crowd for the pool's connections wait for one: what a provider has made is paid for."""
    pool = getattr(connection, "pool", None)
    if pool is not None:
        pool.timeout = _CONNECTION_SECONDS


async def _work() -> None:
    loop = asyncio.get_running_loop()
    # procrastinate runs each job in a thread of the loop's default executor, which is small.
    executor = ThreadPoolExecutor(settings.WORKER_THREADS + _SPARE_CONNECTIONS, thread_name_prefix="job")
    loop.set_default_executor(executor)
    while not turns.is_stopping():
        running = asyncio.create_task(_take_notes())
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, running)
        try:
            with suppress(asyncio.CancelledError):
                await running
        except Exception:  # the database was away: jobs that run go on, and so does this process
            logger.exception("worker lost its queue")
            await asyncio.sleep(_PAUSE_SECONDS)


async def _take_notes() -> None:
    """Have procrastinate pick up notes until it is canceled, or loses the database."""
    connector = PsycopgConnector(kwargs=direct.parameters(), min_size=1, max_size=_SPARE_CONNECTIONS)
    # An app of its own: the jobs' notes are written by the service's connections, inside their transactions.
    worker: App = app.with_connector(connector)
    async with worker.open_async():
        # A moment later its sign of life is in the database, by which /healthz knows that there is a worker.
        asyncio.get_running_loop().call_later(_PAUSE_SECONDS, supervisor.say_ready)
        await worker.run_worker_async(
            queues=[QUEUE],
            name="worker",
            concurrency=settings.WORKER_THREADS,
            delete_jobs="always",
            install_signal_handlers=False,
        )


def _stop(running: "asyncio.Task[None]") -> None:
    """Take no more jobs, and see to it that the process ends in time. A second signal changes nothing."""
    if turns.is_stopping():
        return
    turns.stop()
    logger.info("worker stops", extra={"fields": {"seconds": settings.WORKER_STOP_SECONDS}})
    limit = threading.Timer(settings.WORKER_STOP_SECONDS, _cut_off)
    limit.daemon = True
    limit.start()
    running.cancel()


def _cut_off() -> None:
    """End the process although jobs run: no thread can be stopped from outside."""
    logger.warning("worker stopped while jobs were running; their leases expire")
    os._exit(0)
