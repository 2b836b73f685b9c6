"""Jobs in a bounded pool of threads of the web process. The database is the queue; the pool only runs it.

A job that no thread has taken when the process dies stays `queued` and is found by the sweeper.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connections

from creative.queue import serving

logger = logging.getLogger("imageskill.queue")


class Pool:
    """The threads of one process; begun with the first job."""

    def __init__(self) -> None:
        """Begin nothing yet: the process may still fork."""
        self._guard = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._waiting = 0

    def enqueue(self, job_id: str) -> None:
        """Have a free thread look for jobs; where so many looks are due already, one of them finds this one."""
        with self._guard:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(settings.JOB_THREADS, thread_name_prefix="job")
            if self._waiting < settings.JOB_THREADS:
                self._executor.submit(self._look, job_id)
                self._waiting += 1

    def is_healthy(self) -> bool:
        """Say whether the pool takes jobs; it does as long as the process lives."""
        return True

    def _look(self, job_id: str) -> None:
        with self._guard:
            self._waiting -= 1
        try:
            serving.serve(job_id)
        except Exception:  # the sweeper resumes or fails what is left behind
            logger.exception("job runner failed")
        finally:
            connections.close_all()


pool = Pool()
