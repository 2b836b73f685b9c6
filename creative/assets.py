"""Assets: the guarded door, and their addresses."""

from django.conf import settings

from accounts.actor import Actor
from creative.models import Asset, Job
from creative.storage import EXTENSIONS
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.ids import prefix_of


def visible_to(actor: Actor, reference: str) -> Asset:
    """Return the caller's asset by its id. ASSET_NOT_FOUND: missing, deleted, or another agent's."""
    asset = None
    if prefix_of(reference) == "image":
        own = Asset.objects.filter(agent_id=actor.actor_id, organization_id=actor.organization_id)
        asset = own.filter(pk=reference, deleted_at=None).first()
    if asset is None:
        raise ApiError(
            ErrorCode.ASSET_NOT_FOUND,
            suggested_command="image-skill activity list --limit 20 --json",
        )
    return asset


def of_job(job: Job) -> list[Asset]:
    """Return a job's pictures in their order, without the deleted ones."""
    kept = (asset for asset in job.assets.all() if asset.deleted_at is None)
    return sorted(kept, key=lambda asset: asset.position)


def by_address(name: str) -> Asset | None:
    """Return the asset of `/a/NAME` (id and extension), deleted ones too; None when there is none.

    No caller is asked: the unguessable id is the key to the bytes.
    """
    reference, _, extension = name.rpartition(".")
    if prefix_of(reference) != "image":
        return None
    asset = Asset.objects.filter(pk=reference).first()
    return asset if asset is not None and EXTENSIONS[asset.mime_type] == extension else None


def path(asset: Asset) -> str:
    """Return the asset's path at the media host."""
    return f"/a/{asset.pk}.{EXTENSIONS[asset.mime_type]}"


def url(asset: Asset) -> str:
    """Return the asset's absolute address."""
    return f"{settings.MEDIA_URL_BASE}{path(asset)}"
