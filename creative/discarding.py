"""Discarding: a person deletes pictures of the workspace. Their bytes go, their rows and what they cost stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from accounts import members, organizations
from accounts.models import User
from creative import assets, purging, removals
from creative.gallery import Scope
from creative.models import Asset, Job, JobInput
from imageskill.core import events
from imageskill.core.events import EventType, Human
from imageskill.core.units import unit_of_work

_NEEDED_BY: Final = (Job.State.AWAITING_APPROVAL, Job.State.QUEUED, Job.State.RUNNING)


@dataclass(frozen=True, slots=True)
class Discarded:
    """What was deleted, and of what was not, the job that still needs it."""

    gone: tuple[Asset, ...]
    needed: dict[str, str]


def discard(*, scope: Scope, user: User, pictures: Sequence[Asset]) -> Discarded:
    """Delete live pictures of a workspace, all but those that a job needs which has not ended.

    CannotError: the user's role does not allow this any more; then all of them stay.
    """
    done = _mark(scope, user, [asset.pk for asset in pictures])
    removals.remove_bytes(done.gone)
    purging.purge([address for asset in done.gone for address in assets.addresses(asset)])
    return done


@unit_of_work
def _mark(scope: Scope, user: User, asset_ids: list[str]) -> Discarded:
    """Mark what nobody needs as deleted."""
    rows = Asset.objects.filter(pk__in=asset_ids, organization_id__in=scope.organization_ids, deleted_at=None)
    marked = [asset for asset in rows.order_by("pk") if _delete(asset)]
    # Jobs and links that use one of these are made under this lock: they are seen here, or see the mark.
    organizations.lock(*scope.organization_ids)
    members.require_decides(user=user, organization_id=scope.workspace_id)
    unfinished = JobInput.objects.filter(asset__in=marked, job__state__in=_NEEDED_BY)
    needed = dict(unfinished.order_by("-job_id").values_list("asset_id", "job_id"))
    Asset.objects.filter(pk__in=needed).update(deleted_at=None)
    gone = tuple(asset for asset in marked if asset.pk not in needed)
    for asset in gone:
        _record(asset, user)
    return Discarded(gone, needed)


def _delete(asset: Asset) -> bool:
    return bool(Asset.objects.filter(pk=asset.pk, deleted_at=None).update(deleted_at=timezone.now()))


def _record(asset: Asset, user: User) -> None:
    links: dict[str, str | list[str]] = {"asset_ids": [asset.pk]}
    if asset.job_id is not None:
        links["job_id"] = asset.job_id
    events.record(
        EventType.ASSET_DELETED,
        actor=Human(user.pk),
        organization_id=asset.organization_id,
        agent_id=asset.agent_id,
        subject_id=asset.pk,
        operation="delete",
        status="deleted",
        summary="Picture deleted by its owner",
        links=links,
    )
