"""The clock: every periodic work, run once per service however many processes tick.

A work is a name, its period and a dotted path. The row `PeriodicRun` of that name is its lease: who moves it
by a guarded UPDATE runs the work, everybody else passes on.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, connection
from django.db.models import DateTimeField, ExpressionWrapper, F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from imageskill.core import ids, metrics, spans, trace
from imageskill.core.errors import ApiError
from imageskill.core.models import PeriodicRun
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.clock")


@dataclass(frozen=True, slots=True)
class Work:
    """One periodic work; `lease_seconds` is longer than it takes, and as long as a killed process delays it."""

    name: str
    seconds: int
    path: str
    lease_seconds: int = 600


WORKS: Final = (
    # Two sweepers at once do no harm: each step of theirs is guarded.
    Work("sweep_jobs", 5, "creative.sweeping.sweep", lease_seconds=30),
    Work("wake_jobs", 5, "creative.sweeping.wake", lease_seconds=30),
    Work("end_stopped_jobs", 5, "creative.sweeping.end_stopped", lease_seconds=30),
    Work("probe_providers", 15, "creative.switches.probe"),
    Work("tidy_queue", 30, "creative.queue.tidy"),
    Work("reconcile", 900, "imageskill.flows.invariants.check", lease_seconds=3600),
    Work("prove_caps", 24 * 3600, "imageskill.flows.cap_proofs.check", lease_seconds=3600),
    Work("expire_approvals", 15, "creative.approvals.expire_due"),
    Work("sweep_payments", 30, "billing.sweeping.sweep"),
    Work("fetch_missed_events", 24 * 3600, "billing.sweeping.fetch_missed_events"),
    Work("deliver_alerts", 10, "billing.alerts.deliver"),
    Work("prune_alerts", 24 * 3600, "billing.alerts.prune"),
    Work("prune_payment_payloads", 3600, "billing.inbox.prune"),
    Work("send_mail", 5, "imageskill.core.outbox.send_waiting"),
    Work("make_thumbnails", 2, "creative.thumbnails.make_missing", lease_seconds=120),
    Work("expire_uploads", 3600, "creative.upload.expire_unused"),
    Work("sweep_quarantine", 600, "creative.quarantine.sweep"),
    Work("prune_keys", 3600, "imageskill.core.idempotency.prune"),
    Work("prune_tallies", 3600, "imageskill.core.tallies.prune"),
    Work("prune_mail", 3600, "imageskill.core.outbox.prune"),
    Work("prune_notices", 3600, "accounts.notices.prune"),
    Work("clear_sessions", 3600, "accounts.sessions.clear"),
    Work("wake_feedback", 60, "creative.feedback.snoozing.wake_due"),
    Work("prune_plans", 3600, "creative.pruning.prune_plans"),
)

_TICK_SECONDS = 1.0
_started = threading.Lock()


def start() -> None:
    """Begin ticking in a thread of this process, once."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_tick_for_ever, name="clock", daemon=True).start()


def _tick_for_ever() -> None:
    pause = threading.Event()
    while True:
        try:
            run_due()
        except (DatabaseError, ApiError) as error:
            logger.warning("clock cannot tick", exc_info=error)
        except Exception:  # the clock is the last to give up: without it nothing is swept
            logger.exception("clock failed to tick")
        finally:
            connection.close()
        pause.wait(_TICK_SECONDS)


def run_due() -> list[str]:
    """Run every work that is due and that nobody else is running; return their names."""
    due = set(PeriodicRun.objects.filter(_is_free()).values_list("name", flat=True))
    known = set(PeriodicRun.objects.values_list("name", flat=True))
    return [work.name for work in WORKS if (work.name in due or work.name not in known) and _run(work)]


@unit_of_work
def bring_forward(name: str) -> None:
    """Have a work run at the next tick instead of when it is due; where it runs now, nothing changes."""
    PeriodicRun.objects.filter(name=name, leased_until=None, due_at__gt=Now()).update(due_at=_from_now(-1))


def under_way(names: Iterable[str]) -> bool:
    """Say whether one of these works runs now, or is about to."""
    now = Q(leased_until__gt=Now()) | Q(due_at__lte=Now())
    return PeriodicRun.objects.filter(now, name__in=tuple(names)).exists()


def _is_free() -> Q:
    return Q(due_at__lte=Now()) & (Q(leased_until=None) | Q(leased_until__lt=Now()))


def _run(work: Work) -> bool:
    if not _lease(work):
        return False
    trace.enter(ids.new_id("trace"))
    failed = False
    try:
        with spans.span(f"work {work.name}"):
            import_string(work.path)()
    except Exception:  # a work that fails must not stop the clock
        logger.exception("periodic work failed", extra={"fields": {"work": work.name}})
        failed = True
    metrics.work_done(work.name, failed=failed)
    _finish(work, failed=failed)
    return True


@unit_of_work
def _lease(work: Work) -> bool:
    # A second ago: SQLite compares instants as text, and one of this very moment may not be due yet.
    PeriodicRun.objects.bulk_create([PeriodicRun(name=work.name, due_at=_from_now(-1))], ignore_conflicts=True)
    free = PeriodicRun.objects.filter(_is_free(), name=work.name)
    return bool(free.update(leased_until=_from_now(work.lease_seconds)))


@unit_of_work
def _finish(work: Work, *, failed: bool) -> None:
    PeriodicRun.objects.filter(name=work.name).update(
        leased_until=None,
        due_at=_from_now(work.seconds),
        finished_at=Now(),
        failures=F("failures") + 1 if failed else 0,
    )


def _from_now(seconds: int) -> Combinable:
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())
