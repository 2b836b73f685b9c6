"""Jobs in a bounded pool of threads of the web process. The database is the queue; the pool only runs it.

A job that no thread has taken when the process dies stays `queued` and is found by the sweeper.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.conf import settings
from django.db import connections

from creative import turns
from creative.queue import serving
from creative.turns import Taken

logger = logging.getLogger("imageskill.queue")


class Pool:
    """The threads of one process; begun with the first job."""

    def __init__(self) -> None:
        """Begin nothing yet: the process may still fork."""
        self._guard = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._waiting = 0
        self._busy = 0

    def enqueue(self, job_id: str) -> None:
        """Have a free thread look for jobs; where so many looks are due already, one of them finds this one."""
        with self._guard:
            if self._waiting < settings.JOB_THREADS:
                self._threads().submit(self._look, job_id)
                self._waiting += 1

    def reserve(self) -> bool:
        """Keep a thread for a job that is about to be written. False: all are busy, or the process stops."""
        with self._guard:
            free = not turns.is_stopping() and self._busy + self._waiting < settings.JOB_THREADS
            self._busy += free
        return free

    def give_back(self) -> None:
        """Let a thread go that was kept."""
        with self._guard:
            self._busy -= 1

    def start(self, taken: Taken) -> None:
        """Carry a job out on the thread that was kept for it."""
        with self._guard:
            self._threads().submit(self._carry, taken)

    def is_healthy(self) -> bool:
        """Say whether the pool takes jobs; it does as long as the process lives."""
        return True

    def _threads(self) -> ThreadPoolExecutor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(settings.JOB_THREADS, thread_name_prefix="job")
        return self._executor

    def _look(self, job_id: str) -> None:
        with self._guard:
            self._waiting -= 1
            self._busy += 1
        self._serve(partial(serving.serve, job_id))

    def _carry(self, taken: Taken) -> None:
        self._serve(partial(serving.carry_on, taken))

    def _serve(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # the sweeper resumes or fails what is left behind
            logger.exception("job runner failed")
        finally:
            self.give_back()
            connections.close_all()


pool = Pool()
