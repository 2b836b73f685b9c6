"""Limits on the number of calls, counted atomically in the cache: per token, else per network.

Limits that guard money or mail are rows in the database (`tallies`). When the cache is away these limits
pass and those stand.
"""

import logging
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from imageskill.core import metrics
from imageskill.core.network import client_network

if TYPE_CHECKING:
    # DRF loads this module while it defines APIView.
    from rest_framework.views import APIView

logger = logging.getLogger("imageskill.throttles")

_WINDOW_SECONDS = 60


class CallerThrottle(BaseThrottle):
    """So many calls a minute for each token, or for each network where there is none."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the call and say whether it is within the limit."""
        token_id = getattr(request.user, "token_id", None)
        if token_id:
            return self._count(f"calls:token:{token_id}", settings.TOKEN_REQUESTS_PER_MINUTE)
        return self._count(f"calls:network:{client_network(request)}", settings.NETWORK_REQUESTS_PER_MINUTE)

    def _count(self, key: str, limit: int) -> bool:
        window = f"{key}:{int(time.time()) // _WINDOW_SECONDS}"
        try:
            # `add` then `incr`: both are atomic in the local and in the Redis cache.
            cache.add(window, 0, timeout=2 * _WINDOW_SECONDS)
            return cache.incr(window) <= limit
        except Exception as error:
            logger.warning("throttle cache away", exc_info=error)
            metrics.cache_was_away()
            return True

    def wait(self) -> float:
        """Return the seconds until the next window."""
        return _WINDOW_SECONDS - time.time() % _WINDOW_SECONDS
