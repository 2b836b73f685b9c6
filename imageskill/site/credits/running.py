"""The jobs for which credits are held now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from billing.models import Hold
from creative.models import Asset, Job

MOST: Final = 20
_COUNTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Running:
    """An open hold and its job."""

    hold: Hold
    job: Job | None


def jobs(organization_ids: Sequence[str]) -> tuple[list[Running], int]:
    """Return the newest open holds of a workspace with their jobs, at most twenty, and how many there are.

    They are counted up to a thousand.
    """
    opened = Hold.objects.filter(organization_id__in=organization_ids, state=Hold.State.OPEN)
    holds = list(opened.select_related("agent").order_by("-pk")[:MOST])
    count = opened.values("pk")[:_COUNTED].count()
    found = {job.hold_id: job for job in Job.objects.filter(hold_id__in=[hold.pk for hold in holds])}
    return [Running(hold, found.get(hold.pk)) for hold in holds], count


def pictures(job_ids: Iterable[str]) -> dict[str, list[Asset]]:
    """Return the pictures that some jobs made and that are still there, the oldest first, in one query."""
    found: dict[str, list[Asset]] = {}
    for asset in Asset.objects.filter(job_id__in=set(job_ids), deleted_at=None).order_by("pk"):
        found.setdefault(str(asset.job_id), []).append(asset)
    return found


def job_of(organization_ids: Sequence[str], job_id: str) -> Job | None:
    """Return a job of the workspace with its agent; None: there is none."""
    rows = Job.objects.filter(organization_id__in=organization_ids).select_related("agent", "hold")
    return rows.filter(pk=job_id).first()
