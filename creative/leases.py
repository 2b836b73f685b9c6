"""Leases of running jobs: by the database's clock, renewed for all jobs of a process in one UPDATE."""

import logging
import threading
from datetime import timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections
from django.db.models import DateTimeField, DurationField, ExpressionWrapper
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from creative.models import Job, ProviderSlot
from imageskill.core.errors import ApiError
from imageskill.core.statements import Blank
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.leases")

_SOON_SECONDS = 1.0

_guard = threading.Lock()
_held: set[tuple[str, int]] = set()
_renewer: threading.Thread | None = None


def until(blank: Blank | None = None) -> Combinable:
    """Return the expression of a lease's end, from now by the database's clock.

    A composed statement gives its `blank` for the length, and fills it with `length`.
    """
    lasts = length() if blank is None else ExpressionWrapper(blank, DurationField())
    return ExpressionWrapper(Now() + lasts, output_field=DateTimeField())


def length() -> timedelta:
    """Return how long a lease lasts unless it is renewed."""
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def hold(job_id: str, epoch: int) -> None:
    """Have this lease renewed from now on."""
    with _guard:
        _held.add((job_id, epoch))


def let_go(job_id: str, epoch: int) -> None:
    """Stop renewing this lease; whoever took the job over in this process keeps its own."""
    with _guard:
        _held.discard((job_id, epoch))


@unit_of_work
def renew() -> int:
    """Renew this process's leases of jobs and of their slots; return of how many jobs.

    A job past its deadline is left to the sweeper.
    """
    with _guard:
        held = set(_held)
    renewed = 0
    for epoch in {epoch for _, epoch in held}:
        ids = [job_id for job_id, own in held if own == epoch]
        mine = Job.objects.filter(pk__in=ids, lease_epoch=epoch, state=Job.State.RUNNING, deadline_at__gt=Now())
        renewed += mine.update(lease_expires_at=until())
        ProviderSlot.objects.filter(job_id__in=ids, job__lease_epoch=epoch, job__deadline_at__gt=Now()).update(
            expires_at=until()
        )
    return renewed


def keep_renewing() -> None:
    """Begin the thread that renews, once a process."""
    global _renewer  # noqa: PLW0603 - one renewer a process, begun with the first job
    with _guard:
        if _renewer is None or not _renewer.is_alive():
            _renewer = threading.Thread(target=_renew_for_ever, name="lease-renewer", daemon=True)
            _renewer.start()


def _leave_the_pool() -> None:
    """Give this thread a connection of its own: jobs that crowd for the pool's must not cost their leases."""
    if connection.settings_dict["OPTIONS"].get("pool"):
        own = connection.copy()
        del own.settings_dict["OPTIONS"]["pool"]
        connections[DEFAULT_DB_ALIAS] = own  # of this thread alone


def _renew_for_ever() -> None:
    _leave_the_pool()
    pause, failed = threading.Event(), False
    while True:
        # A lease that was not renewed in time is another worker's: what failed is tried again at once.
        pause.wait(_SOON_SECONDS if failed else settings.JOB_LEASE_SECONDS / 3)
        try:
            failed = True
            if _held:
                renew()
            failed = False
        except (DatabaseError, InterfaceError, ApiError) as error:
            logger.warning("leases not renewed", exc_info=error)
        finally:
            connection.close()
