"""`GET /metrics`: the numbers of all processes, for Prometheus, behind METRICS_TOKEN.

Without that setting, or without its word as a bearer token, there is no such address. It answers while the
database is away too, and says so.
"""

import logging
import secrets
from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from imageskill import __version__
from imageskill.core import snapshots
from imageskill.flows import gauges
from imageskill.flows.gauges import Reading
from imageskill.site import health
from imageskill.site.probes import Probe

logger = logging.getLogger("imageskill.metrics")

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
KEPT_SECONDS: Final = 5.0
"""So long a reading of the rows is kept: whoever asks more often gets the same one."""


def _read() -> Reading | None:
    return gauges.read()


ROWS: Final[Probe[Reading | None]] = Probe("gauges", _read, otherwise=None, seconds=8.0, kept_seconds=KEPT_SECONDS)


class _Families(Collector):
    """Families of metrics that are known already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Return them."""
        yield from self._families


def text(reading: Reading | None, fit: dict[str, bool]) -> bytes:
    """Return the page that Prometheus reads; without a reading, what the processes themselves counted."""
    registry = CollectorRegistry()
    registry.register(_Families([*_standing(fit), *gauges.families(reading or {})]))
    registry.register(snapshots.Totals(_totals()))
    return generate_latest(registry)


def _standing(fit: dict[str, bool]) -> Iterator[Metric]:
    build = GaugeMetricFamily("imageskill_build_info", "The version that answers.", labels=("version",))
    build.add_metric((__version__,), 1)
    yield build
    up = GaugeMetricFamily("imageskill_up", "Whether a part answers, as /healthz finds it.", labels=("part",))
    for name, is_fit in fit.items():
        up.add_metric((name,), int(is_fit))
    yield up


def _totals() -> snapshots.Sums | None:
    try:
        return snapshots.current(snapshots.folder())
    except OSError as error:
        logger.warning("metrics of other processes not read", exc_info=error)
        return None


def _is_known(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    expected: str = settings.METRICS_TOKEN
    same = secrets.compare_digest(given.strip().encode(), expected.encode())
    return bool(expected) and scheme.lower() == "bearer" and same


@csrf_exempt
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus."""
    if not _is_known(request):
        raise Http404
    asked = ROWS.begin()
    fit = health.parts()
    response = HttpResponse(text(ROWS.answer(asked), fit), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response
