"""Jobs in a bounded pool of threads of the web process. The database is the queue; the pool only runs it.

A job that no thread has taken when the process dies stays `queued` and is found by the sweeper.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.conf import settings

from creative.queue import serving
from creative.turns import Taken
from imageskill.core.units import release_connection

logger = logging.getLogger("imageskill.queue")


class Place:
    """One thread of the pool, from when it is kept until it is free again."""

    def __init__(self, pool: "Pool") -> None:
        """Belong to a pool, which counts it."""
        self._pool = pool
        self._is_kept = True

    def start(self, taken: Taken) -> None:
        """Carry a job out on this thread. RuntimeError: the process is about to end, or can start no thread."""
        self._pool.run(self, partial(serving.carry_on, taken))

    def give_back(self) -> None:
        """Let the thread go, to whom waits for one; it counts once, however often it is given back."""
        self.free()
        self._pool.look()

    def free(self) -> None:
        """Count the thread as free."""
        with self._pool.guard:
            self._pool.kept -= self._is_kept
            self._is_kept = False


class Pool:
    """The threads of one process; begun with the first job. Nothing stands in line for a thread inside of it."""

    def __init__(self) -> None:
        """Begin nothing yet: the process may still fork."""
        self.guard = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self.kept = 0
        """Threads that are at work, or kept for a job that is being written."""
        self._due: deque[str] = deque()

    def enqueue(self, job_id: str) -> None:
        """Have a thread look for jobs once one is free; where many looks are due, one of them finds this job."""
        with self.guard:
            if job_id not in self._due and len(self._due) < settings.JOB_THREADS:
                self._due.append(job_id)
        self.look()

    def reserve(self) -> Place | None:
        """Keep a thread for a job that is about to be written. None: none is free, or others wait for one."""
        with self.guard:
            return None if self._due else self._place()

    def is_healthy(self) -> bool:
        """Say whether the pool takes jobs; it does as long as the process lives."""
        return True

    def run(self, place: Place, work: Callable[[], None]) -> None:
        """Do the work on a thread that was kept for it. RuntimeError: it cannot, and the place is free again."""
        try:
            with self.guard:
                if self._executor is None:
                    self._executor = ThreadPoolExecutor(settings.JOB_THREADS, thread_name_prefix="job")
                self._executor.submit(self._serve, place, work)
        except RuntimeError:
            place.free()
            raise

    def _place(self) -> Place | None:
        if self.kept >= settings.JOB_THREADS:
            return None
        self.kept += 1
        return Place(self)

    def look(self) -> None:
        """Begin the look that is due for longest, if a thread is free."""
        with self.guard:
            place = self._place() if self._due else None
            if place is None:
                return
            job_id = self._due.popleft()
        try:
            self.run(place, partial(serving.serve, job_id))
        except RuntimeError as error:
            # The sweeper hands the job over again, to this process or to the next one.
            logger.warning("no thread for a job", exc_info=error)

    def _serve(self, place: Place, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # the sweeper resumes or fails what is left behind
            logger.exception("job runner failed")
        finally:
            try:
                release_connection()
            finally:
                place.give_back()


pool = Pool()
