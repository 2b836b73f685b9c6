"""What the rows say of this moment: what waits, since when, and whether the books balance.

A dozen queries, each of which reads rows that are out of the ordinary by an index that holds them alone, however
many jobs, holds and events lie behind. Who asks often keeps the answer for a while.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q, Sum
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from billing import findings
from billing.models import CapsRun, Hold, StripeEvent
from creative import queue
from creative.catalogue import loader
from creative.models import Approval, Job, KillSwitch, ProviderSlot
from creative.queue import DurableRunner
from imageskill.core import outbox
from imageskill.core.models import PeriodicRun
from imageskill.flows import clock

Reading = dict[str, list[tuple[tuple[str, ...], float]]]
"""For each gauge its values, with the words of its labels."""

WORDS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "imageskill_jobs": ("Jobs that wait or run now.", ("state", "provider")),
    "imageskill_queue_oldest_seconds": ("Age of the queued job that was made first; 0 without one.", ()),
    "imageskill_workers": ("Worker processes with a sign of life within a minute.", ()),
    "imageskill_approvals_waiting": ("Plans that wait for somebody's decision.", ()),
    "imageskill_provider_slots": ("Calls that a provider may have at once.", ("provider",)),
    "imageskill_provider_slots_busy": ("Calls that a provider has now, where they are bounded.", ("provider",)),
    "imageskill_switches_on": ("Providers and models that are stopped.", ("kind",)),
    "imageskill_holds_open": ("Holds that are open.", ()),
    "imageskill_holds_open_credits": ("Credits on hold.", ()),
    "imageskill_holds_oldest_seconds": ("Age of the oldest open hold; 0 without one.", ()),
    "imageskill_books_findings": ("Rows that do not fit the ledger; a second check confirms.", ("state",)),
    "imageskill_books_checked_seconds": ("Seconds since the books were checked; absent before the first.", ()),
    "imageskill_books_proven_seconds": ("Seconds since they were checked in full; absent before the first.", ()),
    "imageskill_caps_overspent": ("Decisions beyond a cap, at the last proof.", ()),
    "imageskill_caps_offences": ("Decisions that do not fit the ledger, at the last proof.", ()),
    "imageskill_caps_proven_seconds": ("Seconds since the caps were proven; absent before the first.", ()),
    "imageskill_webhooks_waiting": ("Payment events without their effect.", ()),
    "imageskill_webhook_lag_seconds": ("Age of the payment event that waits the longest; 0 without one.", ()),
    "imageskill_mails_waiting": ("Mails that are not sent.", ()),
    "imageskill_mail_oldest_seconds": ("Age of the mail that waits the longest; 0 without one.", ()),
    "imageskill_mails_given_up": ("Mails that are not tried any more.", ()),
    "imageskill_works_failing": ("Periodic works whose last run failed.", ()),
    "imageskill_works_late_seconds": ("How late the latest periodic work is; 0 where none is.", ()),
}
"""For each gauge what it says, and the names of its labels."""


def read() -> Reading:
    """Ask the database. DatabaseError: it does not answer."""
    now = timezone.now()
    return {
        **_jobs(now),
        **_workers(),
        **_providers(now),
        **_holds(now),
        **_books(now),
        **_webhooks(now),
        **_mail(now),
        **_works(now),
    }


def families(reading: Reading) -> Iterator[Metric]:
    """Return a reading as families of metrics."""
    for name, values in reading.items():
        documentation, labels = WORDS[name]
        family = GaugeMetricFamily(name, documentation, labels=labels)
        for words, value in values:
            family.add_metric(words, value)
        yield family


def _jobs(now: datetime) -> Reading:
    unfinished = Job.objects.filter(Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING)).order_by()
    groups = unfinished.values_list("state", "model_id").annotate(count=Count("pk"), oldest=Min("created_at"))
    counts: dict[tuple[str, ...], float] = {}
    oldest: list[datetime] = []
    for state, model_id, count, since in groups:
        key = (str(state), _provider_of(model_id))
        counts[key] = counts.get(key, 0) + count
        if state == Job.State.QUEUED:
            oldest.append(since)
    return {
        "imageskill_jobs": sorted(counts.items()),
        "imageskill_queue_oldest_seconds": _one(_age(now, min(oldest, default=None))),
        "imageskill_approvals_waiting": _one(Approval.objects.filter(state=Approval.State.WAITING).count()),
    }


def _provider_of(model_id: str) -> str:
    entry = loader.current().find(model_id)
    return entry.provider_id if entry is not None else "unknown"


def _workers() -> Reading:
    if not isinstance(queue.runner(), DurableRunner):
        return {}
    beats = "SELECT COUNT(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '60 s'"
    with connection.cursor() as cursor:
        cursor.execute(beats)
        (count,) = cursor.fetchone() or (0,)
    return {"imageskill_workers": _one(count)}


def _providers(now: datetime) -> Reading:
    busy = ProviderSlot.objects.filter(job__isnull=False, expires_at__gte=now).order_by()
    counts = dict(busy.values_list("provider_id").annotate(count=Count("pk")))
    switched = KillSwitch.objects.filter(is_on=True).order_by()
    kinds = dict(switched.values_list("kind").annotate(count=Count("pk")))
    limits: dict[str, int] = settings.PROVIDER_SLOTS
    return {
        "imageskill_provider_slots": [((name,), limit) for name, limit in sorted(limits.items())],
        "imageskill_provider_slots_busy": [((name,), counts.get(name, 0)) for name in sorted(limits)],
        "imageskill_switches_on": [((kind,), kinds.get(kind, 0)) for kind in KillSwitch.Kind.values],
    }


def _holds(now: datetime) -> Reading:
    told = Hold.objects.filter(state=Hold.State.OPEN).aggregate(
        count=Count("pk"), credits=Sum("credits"), oldest=Min("authorised_at")
    )
    return {
        "imageskill_holds_open": _one(told["count"]),
        "imageskill_holds_open_credits": _one(told["credits"] or 0),
        "imageskill_holds_oldest_seconds": _one(_age(now, told["oldest"])),
    }


def _books(now: datetime) -> Reading:
    standing = findings.standing()
    told: Reading = {
        "imageskill_books_findings": [
            (("confirmed",), standing.confirmed),
            (("unconfirmed",), standing.unconfirmed),
        ]
    }
    proof = CapsRun.objects.order_by("-finished_at").first()
    if proof is not None:
        told["imageskill_caps_overspent"] = _one(proof.overspent)
        told["imageskill_caps_offences"] = _one(proof.offences)
    instants = {
        "imageskill_books_checked_seconds": standing.checked_at,
        "imageskill_books_proven_seconds": standing.proven_at,
        "imageskill_caps_proven_seconds": proof.finished_at if proof is not None else None,
    }
    return told | {name: _one(_age(now, at)) for name, at in instants.items() if at is not None}


def _webhooks(now: datetime) -> Reading:
    waits = [StripeEvent.State.RECEIVED, StripeEvent.State.FAILED]
    told = StripeEvent.objects.filter(state__in=waits).aggregate(count=Count("pk"), oldest=Min("received_at"))
    return {
        "imageskill_webhooks_waiting": _one(told["count"]),
        "imageskill_webhook_lag_seconds": _one(_age(now, told["oldest"])),
    }


def _mail(now: datetime) -> Reading:
    waiting, oldest, given_up = outbox.waiting()
    return {
        "imageskill_mails_waiting": _one(waiting),
        "imageskill_mail_oldest_seconds": _one(_age(now, oldest)),
        "imageskill_mails_given_up": _one(given_up),
    }


def _works(now: datetime) -> Reading:
    # Works that a later version dropped leave their rows behind.
    known = PeriodicRun.objects.filter(name__in=[work.name for work in clock.WORKS])
    late = Q(leased_until=None) | Q(leased_until__lt=now)
    told = known.aggregate(
        failing=Count("pk", filter=Q(failures__gt=0)),
        due=Min("due_at", filter=late),
    )
    return {
        "imageskill_works_failing": _one(told["failing"]),
        "imageskill_works_late_seconds": _one(_age(now, told["due"])),
    }


def _age(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _one(value: float) -> list[tuple[tuple[str, ...], float]]:
    return [((), value)]
