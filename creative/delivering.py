"""What a finished job delivers: the rows of its pictures, and what is charged for them."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from django.db import transaction
from django.utils import timezone

from billing import pricing
from creative import storage
from creative.models import Asset, Attempt, Job
from imageskill.core.statements import Select, insert


@dataclass(frozen=True, slots=True)
class Stored:
    """One picture of an attempt, in the storage."""

    asset_id: str
    key: str
    sha256: str
    mime_type: str
    content_length: int
    width: int
    height: int


def debit(job: Job, attempt: Attempt, *, delivered: int, held: int) -> int:
    """Return what is charged: the price of what was delivered, never more than is held.

    A price that was unknown follows from the cost that the provider reports, up to the ceiling that was accepted;
    where it reports none, the ceiling is the price.
    """
    each = job.credits_per_output
    if job.pricing_confidence == "unknown" and attempt.cost_was_reported:
        made = delivered + attempt.not_stored
        each = min(each, pricing.credits_per_image(-(-attempt.provider_cost_micros // made)))
    return min(held, each * delivered)


_SAME: Final = Select(
    lambda organization_id, sha256, mime_type: (
        Asset.objects.filter(organization_id=organization_id, sha256=sha256, mime_type=mime_type, deleted_at=None)
        .order_by("pk")
        .values_list("storage_key")[:1]
    )
)


def make_asset(job: Job, position: int, picture: Stored) -> None:
    """Write the row of a picture; bytes that the organization has already are kept once."""
    same = _SAME.rows(organization_id=job.organization_id, sha256=picture.sha256, mime_type=picture.mime_type)
    kept = same[0][0] if same else picture.key
    if kept != picture.key:
        # Dying before it leaves bytes without a row, which `check_media` finds.
        transaction.on_commit(partial(storage.remove, picture.key), robust=True)
    insert(
        Asset(
            id=picture.asset_id,
            organization_id=job.organization_id,
            agent_id=job.agent_id,
            job_id=job.pk,
            kind=Asset.Kind.GENERATED,
            position=position,
            storage_key=kept,
            mime_type=picture.mime_type,
            content_length=picture.content_length,
            width=picture.width,
            height=picture.height,
            sha256=picture.sha256,
            created_at=timezone.now(),
        )
    )
