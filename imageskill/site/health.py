"""`GET /healthz` and `GET /livez`: whether the service can do its work, and whether it lives at all."""

import logging

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from creative import queue, storage
from imageskill import __version__
from imageskill.core.api import ApiView
from imageskill.core.errors import ApiError, ErrorCode

logger = logging.getLogger("imageskill.health")

OK, DOWN = "ok", "down"


class Health(ApiView):
    """`GET /healthz`: 200 when database, storage and queue are fit, else 503 naming which is not."""

    command = "image-skill doctor"
    anonymous = True
    authentication_classes = []
    throttle_classes = []

    def get(self, request: Request) -> HttpResponse:
        """Say what is fit."""
        checks = {
            "database": OK if _database_answers() else DOWN,
            "storage": OK if storage.is_healthy() else DOWN,
            "queue": OK if queue.runner().is_healthy() else DOWN,
        }
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


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError as error:
        logger.warning("database away", exc_info=error)
        return False


@csrf_exempt
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Say that the process answers, whatever else is away."""
    return HttpResponse(status=204)
