"""`GET /healthz` and `GET /livez`: whether the service can do its work, and whether it lives at all."""

import time
from typing import Final

from django.conf import settings
from django.core.cache import caches
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from creative import queue, storage
from imageskill import __version__
from imageskill.core.api import ApiView
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.shared_cache import RedisOrMemory
from imageskill.site.probes import Probe

OK, DOWN = "ok", "down"
CACHE_IS_AWAY: Final = (
    "The shared cache is away: each process counts calls by itself. Nothing that guards money depends on it."
)


ROOM_SECONDS: Final = 10.0
"""So long a database that had room for more is believed to have it still."""
# More rows than fit into 64 kB: PostgreSQL keeps them in a file, on the disk where the tables lie.
_NEEDS_ROOM: Final = "SELECT COUNT(*) FROM generate_series(1, 8192)"
_room_until = 0.0


def database_answers() -> bool:
    """Say whether the database answers and takes what is written; one whose disk is full still reads."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
        # On: it is a standby, or was told so when its disk ran full.
        cursor.execute("SELECT current_setting('transaction_read_only') = 'off'")
        return bool(cursor.fetchone() == (True,)) and _has_room()


def _has_room() -> bool:
    """Have it write a little that is gone at once, now and then. OperationalError: its disk is full."""
    global _room_until  # noqa: PLW0603 - asked by one thread at a time, of the whole process
    if time.monotonic() >= _room_until:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64kB'")
            cursor.execute(_NEEDS_ROOM)
        _room_until = time.monotonic() + ROOM_SECONDS
    return True


def cache_answers() -> bool:
    """Say whether the cache that processes share answers; one of this process alone always does."""
    shared = caches["default"]
    return shared.answers() if isinstance(shared, RedisOrMemory) else True


PARTS: Final = {
    "database": Probe("database", database_answers, otherwise=False),
    "storage": Probe("storage", storage.is_healthy, otherwise=False),
    "queue": Probe("queue", lambda: queue.runner().is_healthy(), otherwise=False),
    "cache": Probe("cache", cache_answers, otherwise=False),
}
"""What may be away, each with its question."""
NEEDED: Final = ("database", "storage", "queue")
"""Without one of these no picture can be made. Without the cache calls go on."""


def parts() -> dict[str, bool]:
    """Return which parts are fit, within three seconds."""
    asked = {name: probe.begin() for name, probe in PARTS.items()}
    return {name: probe.answer(asked[name]) for name, probe in PARTS.items()}


class Health(ApiView):
    """`GET /healthz`: 200 when database, storage and queue are fit, else 503 naming which is not."""

    command = "image-skill doctor"
    anonymous = True
    authentication_classes = []
    throttle_classes = []

    def get(self, request: Request) -> HttpResponse:
        """Say what is fit."""
        fit = parts()
        if not fit["cache"]:
            self.warnings.append(CACHE_IS_AWAY)
        checks = {name: OK if fit[name] else DOWN for name in NEEDED}
        if DOWN in checks.values():
            away = ", ".join(name for name, state in checks.items() if state == DOWN)
            raise ApiError(
                ErrorCode.SERVICE_UNAVAILABLE,
                f"The service cannot work now: {away} is down.",
                checks=checks,
                retry_after_seconds=10,
            )
        told = {"status": OK, "api_version": __version__, "service": "image-skill", "checks": checks}
        return self.answer({**told, "base_url": settings.BASE_URL})


@csrf_exempt
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Say that the process answers, whatever else is away."""
    return HttpResponse(status=204)
