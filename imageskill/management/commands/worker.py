"""`manage.py worker`: run jobs, and keep the clock, until the process is told to stop."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from imageskill import watching
from imageskill.flows import clock

_WORK = "creative.queue.procrastinate.work"


class Command(BaseCommand):
    """A worker process of a service on PostgreSQL. As many may run as you like."""

    help = "Run jobs and periodic work until SIGTERM. Needs PostgreSQL and JOB_RUNNER=worker."

    def handle(self, *args: object, **options: object) -> None:
        """Start the clock, then work."""
        if settings.JOB_RUNNER != "worker":
            raise CommandError(
                f"JOB_RUNNER is {settings.JOB_RUNNER}: jobs run in the threads of the web process. "
                "Set JOB_RUNNER=worker, and DATABASE_URL to a PostgreSQL database."
            )
        watching.start()
        clock.start()
        import_string(_WORK)()
