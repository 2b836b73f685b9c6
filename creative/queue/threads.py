"""Jobs in a bounded pool of threads of the web process. The database is the queue; the pool only runs it.

A job that no thread has taken when the process dies stays `queued` and is found by the sweeper.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connections

from creative import execution, leases

logger = logging.getLogger("imageskill.queue")


class Pool:
    """The threads of one process; begun with the first job."""

    def __init__(self) -> None:
        """Begin nothing yet: the process may still fork."""
        self._guard = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._known: set[str] = set()

    def enqueue(self, job_id: str) -> None:
        """Run the job as soon as a thread is free; a job that is here already is not taken twice."""
        with self._guard:
            if job_id in self._known:
                return
            if self._executor is None:
                self._executor = ThreadPoolExecutor(settings.JOB_THREADS, thread_name_prefix="job")
            self._executor.submit(self._run, job_id)
            self._known.add(job_id)
        leases.keep_renewing()

    def is_healthy(self) -> bool:
        """Say whether the pool takes jobs; it does as long as the process lives."""
        return True

    def _run(self, job_id: str) -> None:
        try:
            execution.run(job_id)
        except Exception:  # the sweeper resumes or fails what is left behind
            logger.exception("job runner failed")
        finally:
            with self._guard:
                self._known.discard(job_id)
            connections.close_all()


pool = Pool()
