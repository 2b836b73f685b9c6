"""What a finished job delivers: the rows of its pictures, and what is charged for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.db import transaction
from django.utils import timezone

from billing import pricing
from creative import storage
from creative.models import Asset, Attempt, Job
from imageskill.core.messages import Statement
from imageskill.core.statements import Select


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


def asked_key(job: Job, picture: Stored) -> Statement[str | None]:
    """Return the statement that finds where the organization has these very bytes already; None: nowhere."""
    same = _SAME.asked_rows(
        organization_id=job.organization_id, sha256=picture.sha256, mime_type=picture.mime_type
    )
    return same.then(lambda rows: rows[0][0] if rows else None)


def assets(job: Job, pictures: Sequence[Stored], kept: Sequence[str | None]) -> list[Asset]:
    """Return the unwritten rows of a job's pictures; bytes that the organization has already are kept once."""
    made: list[Asset] = []
    keys: dict[tuple[str, str], str] = {}
    for position, (picture, known) in enumerate(zip(pictures, kept, strict=True)):
        # Those of this job may be the same among themselves.
        key = known or keys.setdefault((picture.sha256, picture.mime_type), picture.key)
        if key != picture.key:
            # Dying before it leaves bytes without a row, which `check_media` finds.
            transaction.on_commit(partial(storage.remove, picture.key), robust=True)
        made.append(
            Asset(
                id=picture.asset_id,
                organization_id=job.organization_id,
                agent_id=job.agent_id,
                job_id=job.pk,
                kind=Asset.Kind.GENERATED,
                position=position,
                storage_key=key,
                mime_type=picture.mime_type,
                content_length=picture.content_length,
                width=picture.width,
                height=picture.height,
                sha256=picture.sha256,
                created_at=timezone.now(),
            )
        )
    return made
