"""Assets: the guarded door, their deletion, and their addresses."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet, prefetch_related_objects
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import grants, organizations, tokens
from accounts.actor import Actor
from creative import purging, removals
from creative.models import Asset, Job, JobInput
from creative.storage import EXTENSIONS
from creative.thumbnails import WIDTHS
from imageskill.core import events
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.events import EventType
from imageskill.core.ids import PICTURE_DIGITS, prefix_of
from imageskill.core.messages import Statement
from imageskill.core.statements import Select
from imageskill.core.units import unit_of_work

DAY: Final = 86_400
"""For how many seconds an address is cached, and at least valid where pictures are private."""

_HOUR: Final = 3_600
_SALT: Final = "creative.assets.address"
_NAME = re.compile(rf"(image_[0-9a-z]{{{PICTURE_DIGITS}}})(?:-([1-9][0-9]{{1,3}}))?\.([a-z]{{3,4}})")
_EXPIRY = re.compile(r"[0-9]{1,12}")
_NEEDED_BY: Final = (Job.State.AWAITING_APPROVAL, Job.State.QUEUED, Job.State.RUNNING)


@dataclass(frozen=True, slots=True)
class Rendition:
    """What an address of `/a/` names: a picture, or its thumbnail of so many pixels."""

    asset: Asset
    width: int | None


def visible_to(actor: Actor, reference: str) -> Asset:
    """Return the caller's asset by its id. ASSET_NOT_FOUND: missing, deleted, or another agent's."""
    asset = _own(actor, reference)
    if asset.deleted_at is not None:
        raise _not_found()
    return asset


def _own(actor: Actor, reference: str) -> Asset:
    """Return the caller's asset, a deleted one too."""
    asset = None
    if prefix_of(reference) == "image":
        own = Asset.objects.filter(agent_id=actor.actor_id, organization_id__in=actor.organization_ids)
        asset = own.filter(pk=reference).first()
    if asset is None:
        raise _not_found()
    return asset


def _not_found() -> ApiError:
    return ApiError(
        ErrorCode.ASSET_NOT_FOUND,
        suggested_command="image-skill activity list --limit 20 --json",
    )


def live_of(actor: Actor, *, job_id: str | None = None, kind: str | None = None) -> QuerySet[Asset]:
    """Return the caller's assets without the deleted ones, those of a job or of a kind where it is named.

    INVALID_ARGUMENTS: no such kind, or no id of a job. A job of somebody else has none.
    """
    rows = Asset.objects.filter(
        agent_id=actor.actor_id, organization_id__in=actor.organization_ids, deleted_at=None
    )
    if kind is not None:
        if kind not in Asset.Kind.values:
            raise invalid_fields({"kind": [f"must be one of {', '.join(sorted(Asset.Kind.values))}"]})
        rows = rows.filter(kind=kind)
    if job_id is not None:
        if prefix_of(job_id) != "job":
            raise invalid_fields({"job_id": ["must be the id of a job"]})
        rows = rows.filter(job_id=job_id)
    return rows


def of_job(job: Job) -> list[Asset]:
    """Return a job's pictures in their order, without the deleted ones; reads nothing where there can be none."""
    if job.state != Job.State.COMPLETED:
        return []
    prefetch_related_objects([job], "assets")  # once, whoever asks again
    return still_kept(job.assets.all())


_MADE_BY: Final = Select(lambda job_id: Asset.objects.filter(job_id=job_id))


def asked_made_by(job_id: str) -> Statement[list[Asset]]:
    """Return the statement that reads what a job has made, what was deleted since too."""
    return _MADE_BY.asked(job_id=job_id)


def still_kept(pictures: Iterable[Asset]) -> list[Asset]:
    """Return those of a job that are not deleted, in their order."""
    return sorted((one for one in pictures if one.deleted_at is None), key=lambda asset: asset.position)


def delete(actor: Actor, reference: str) -> Asset:
    """Delete the caller's asset: its bytes and thumbnails go, its rows stay. A repeat changes nothing.

    ASSET_NOT_FOUND: missing, or another agent's. CAPABILITY_DENIED: a generated picture needs `asset.delete`.
    ASSET_IN_USE: a job that has not ended needs it; `job_id` says which.
    """
    asset = _own(actor, reference)
    tokens.require_whole(actor.token)
    grants.require_active(actor.agent)
    if asset.kind != Asset.Kind.UPLOADED:
        grants.require(actor.agent, "asset.delete")
    if asset.deleted_at is None:
        _mark_deleted(actor, asset)
    # Also on a repeat: the first call may have died between its commit and the removal.
    removals.remove_bytes([asset])
    purging.purge(addresses(asset))
    asset.refresh_from_db(fields=["deleted_at"])
    return asset


@unit_of_work
def _mark_deleted(actor: Actor, asset: Asset) -> None:
    if not Asset.objects.filter(pk=asset.pk, deleted_at=None).update(deleted_at=timezone.now()):
        return
    # Jobs and uploads that use this picture are made under this lock, so they are seen here, or see the mark.
    organizations.lock(asset.organization_id)
    waiting = JobInput.objects.filter(asset_id=asset.pk, job__state__in=_NEEDED_BY)
    job_id = waiting.order_by("job_id").values_list("job_id", flat=True).first()
    if job_id is not None:
        raise _needed_by(job_id)
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
        status="deleted",
        summary="Picture deleted",
        links=links,
    )


def _needed_by(job_id: str) -> ApiError:
    return ApiError(
        ErrorCode.ASSET_IN_USE,
        "A job that has not ended needs this picture. Delete it after the job, or cancel the job first.",
        job_id=job_id,
        suggested_command=f"image-skill jobs wait {job_id} --json",
    )


def by_address(name: str) -> Rendition | None:
    """Return what `/a/NAME` names, of deleted assets too; None where there is no such thing.

    No caller is asked: the unguessable id is the key to the bytes.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None  # no picture ever had such a name, so nobody is asked for it
    width, extension = int(match[2]) if match[2] else None, match[3]
    asset = Asset.objects.filter(pk=match[1]).first()
    if asset is None:
        return None
    known = extension == "webp" and width in WIDTHS if match[2] else extension == EXTENSIONS[asset.mime_type]
    return Rendition(asset, width) if known else None


def seconds_open(name: str, expiry: str, signature: str) -> int | None:
    """Return for how many seconds `/a/NAME` may be kept; None: it is signed wrongly, not at all, or over.

    Unless pictures are private, every address is open and kept for a day.
    """
    if not settings.MEDIA_PRIVATE:
        return DAY
    asset_id = re.split(r"[-.]", name, maxsplit=1)[0]
    if not _EXPIRY.fullmatch(expiry) or not _is_signed(asset_id, int(expiry), signature):
        return None
    left = int(expiry) - int(time.time())
    return min(left, DAY) if left > 0 else None


def _is_signed(asset_id: str, expiry: int, signature: str) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(_signature(asset_id, expiry, key), signature) for key in keys)


def _signature(asset_id: str, expiry: int, key: str) -> str:
    return salted_hmac(_SALT, f"{asset_id}:{expiry}", secret=key, algorithm="sha256").hexdigest()[:43]


def path(asset: Asset, width: int | None = None) -> str:
    """Return the path of an asset, or of its thumbnail, at the media host."""
    return f"/a/{asset.pk}.{EXTENSIONS[asset.mime_type]}" if width is None else f"/a/{asset.pk}-{width}.webp"


def url(asset: Asset, width: int | None = None) -> str:
    """Return the absolute address of an asset, or of its thumbnail with 320 or 960 pixels on the long side.

    Where pictures are private it is signed, is the same all through an hour, and is valid for 24 to 25 hours.
    """
    address = f"{settings.MEDIA_URL_BASE}{path(asset, width)}"
    if not settings.MEDIA_PRIVATE:
        return address
    expiry = int(time.time()) // _HOUR * _HOUR + _HOUR + DAY
    return f"{address}?{urlencode({'e': expiry, 's': _signature(asset.pk, expiry, settings.SECRET_KEY)})}"


def addresses(asset: Asset) -> list[str]:
    """Return every address under which an asset's bytes may be kept outside, without signatures."""
    return [f"{settings.MEDIA_URL_BASE}{path(asset, width)}" for width in (None, *WIDTHS)]
