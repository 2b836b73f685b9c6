"""Takedowns: pictures that the service itself takes away, banned ones and uploads that nobody uses."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone

from accounts import organizations
from accounts.models import Agent, ClaimState
from creative import assets, purging, removals
from creative.models import Asset, JobInput
from imageskill.core import events
from imageskill.core.events import ActingFor, EventType
from imageskill.core.units import unit_of_work

_SUMMARIES = {
    "quarantined": "Picture removed by the operator",
    "expired": "Upload removed: no job used it for 30 days",
}


def take_away(
    found: Iterable[Asset], *, actor: ActingFor, status: str, unused_since: datetime | None = None
) -> int:
    """Delete live pictures, tell their owners, remove the bytes; return how many were still there.

    `status` is the event's word for why: `quarantined` or `expired`. With `unused_since` a picture stays that a
    job has begun to use since that instant, or whose agent was claimed meanwhile.
    """
    by_organization: dict[str, list[Asset]] = {}
    for asset in found:
        by_organization.setdefault(asset.organization_id, []).append(asset)
    count = 0
    for of_one in by_organization.values():
        gone = _mark(of_one, actor, status, unused_since)
        removals.remove_bytes(gone)
        purging.purge([address for asset in gone for address in assets.addresses(asset)])
        count += len(gone)
    return count


@unit_of_work
def _mark(found: Sequence[Asset], actor: ActingFor, status: str, unused_since: datetime | None) -> list[Asset]:
    """Mark an organization's live pictures as deleted and return those that were still there."""
    gone = [asset for asset in sorted(found, key=lambda asset: asset.pk) if _delete(asset)]
    # Jobs and uploads that use one of these are made under this lock: they are seen here, or see the mark.
    organizations.lock(*{asset.organization_id for asset in gone})
    if unused_since is not None:
        uses = JobInput.objects.filter(asset__in=gone, job__created_at__gt=unused_since)
        claimed = Agent.objects.filter(
            pk__in={asset.agent_id for asset in gone}, claim_state=ClaimState.CLAIMED
        ).values_list("pk", flat=True)
        kept = {asset.pk for asset in gone if asset.agent_id in set(claimed)}
        used = kept | set(uses.values_list("asset_id", flat=True))
        Asset.objects.filter(pk__in=used).update(deleted_at=None)
        gone = [asset for asset in gone if asset.pk not in used]
    for asset in gone:
        _record(asset, actor, status)
    return gone


def _delete(asset: Asset) -> bool:
    return bool(Asset.objects.filter(pk=asset.pk, deleted_at=None).update(deleted_at=timezone.now()))


def _record(asset: Asset, actor: ActingFor, status: str) -> None:
    links: dict[str, str | list[str]] = {"asset_ids": [asset.pk]}
    if asset.job_id is not None:
        links["job_id"] = asset.job_id
    events.record(
        EventType.ASSET_DELETED,
        actor=actor,
        organization_id=asset.organization_id,
        agent_id=asset.agent_id,
        subject_id=asset.pk,
        operation="delete",
        status=status,
        summary=_SUMMARIES[status],
        links=links,
    )
