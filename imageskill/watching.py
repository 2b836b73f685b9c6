"""What a process of the service tells to those who watch it; what is not asked for is not even loaded."""

import threading
from typing import Final

from django.conf import settings
from django.utils.module_loading import import_string

STARTS: Final = {
    "METRICS_TOKEN": "imageskill.core.snapshots.start",
    "SENTRY_DSN": "imageskill.faults.start",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "imageskill.tracing.start",
}
"""For each setting, what begins where it is set."""

_started = threading.Lock()


def start() -> None:
    """Begin to tell, once a process: after it has forked, for this begins threads."""
    if not _started.acquire(blocking=False):
        return
    for setting, path in STARTS.items():
        if getattr(settings, setting):
            import_string(path)()
