"""Slots: how many calls a provider has at once, counted in the database for all processes together.

A slot is taken with the job, right before the call, and kept by a lease that is renewed with the job's. It is free
again when the job ends, or when the lease of a dead process has expired. Which providers are bounded, and by how
much, is the setting PROVIDER_SLOTS; those that it does not name are bounded by the threads that run jobs.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from creative import leases
from creative.models import ProviderSlot
from imageskill.core.units import unit_of_work


def limit_of(provider_id: str | None) -> int | None:
    """Return how many calls at once a provider may have; None: it is not bounded."""
    limits: dict[str, int] = settings.PROVIDER_SLOTS
    return limits.get(provider_id) if provider_id is not None else None


def full() -> frozenset[str]:
    """Return the providers that take no further call now."""
    return full_of(busy().values_list("provider_id", "number"))


def busy() -> QuerySet[ProviderSlot]:
    """Return the slots that are taken now."""
    return ProviderSlot.objects.exclude(_is_free())


def full_of(slots: Iterable[tuple[str, int]]) -> frozenset[str]:
    """Return the providers that take no further call, of the taken slots by provider and number."""
    taken: dict[str, int] = {}
    for provider_id, number in slots:
        limit = limit_of(provider_id)
        if limit is not None and number <= limit:
            taken[provider_id] = taken.get(provider_id, 0) + 1
    return frozenset(provider_id for provider_id, count in taken.items() if count >= (limit_of(provider_id) or 0))


@unit_of_work
def take(provider_id: str | None, job_id: str) -> bool:
    """Take a slot for a job that this process has just taken. False: none is free."""
    limit = limit_of(provider_id)
    if provider_id is None or limit is None:
        return True
    rows = ProviderSlot.objects.filter(provider_id=provider_id, number__lte=limit)
    if rows.filter(job_id=job_id).update(expires_at=leases.until()):
        return True  # a resumed job goes on in the slot of the worker that died
    _make_missing(rows, provider_id, limit)
    return any(
        rows.filter(_is_free(), pk=free).update(job_id=job_id, expires_at=leases.until())
        for free in rows.filter(_is_free()).order_by("number").values_list("pk", flat=True)
    )


def _make_missing(rows: QuerySet[ProviderSlot], provider_id: str, limit: int) -> None:
    known = set(rows.values_list("number", flat=True))
    missing = [number for number in range(1, limit + 1) if number not in known]
    if missing:
        made = [ProviderSlot(provider_id=provider_id, number=number) for number in missing]
        ProviderSlot.objects.bulk_create(made, ignore_conflicts=True)


@unit_of_work
def free(job_id: str, epoch: int) -> bool:
    """Give a job's slot back. False: it has none, or another worker has taken over the job and the slot."""
    own = ProviderSlot.objects.filter(job_id=job_id, job__lease_epoch=epoch)
    return bool(own.update(job=None, expires_at=None))


def _is_free() -> Q:
    return Q(job=None) | Q(expires_at=None) | Q(expires_at__lt=Now())
