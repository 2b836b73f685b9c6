"""The pictures that go into a job: found by their ids, checked against the model, read before the call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from accounts.actor import Actor
from creative import assets, storage
from creative.catalogue.entries import ModelEntry
from creative.models import Asset, Job, JobInput
from creative.providers.base import Failure, InputPicture, ProviderError
from creative.storage import StorageError
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.statements import Select

_ORDER: Final = (JobInput.Role.INPUT, JobInput.Role.REFERENCE)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an edit changes, the mask that says where, and the pictures that a call refers to."""

    picture: Asset | None = None
    mask: Asset | None = None
    references: tuple[Asset, ...] = ()

    @property
    def by_role(self) -> list[tuple[JobInput.Role, int, Asset]]:
        """Each picture with its role and its place within the role."""
        told = [(JobInput.Role.REFERENCE, number, asset) for number, asset in enumerate(self.references)]
        if self.mask is not None:
            told.insert(0, (JobInput.Role.MASK, 0, self.mask))
        if self.picture is not None:
            told.insert(0, (JobInput.Role.INPUT, 0, self.picture))
        return told


NONE: Final = Inputs()


def find(actor: Actor, *, picture: str | None, mask: str | None, references: tuple[str, ...]) -> Inputs:
    """Return the caller's own pictures. ASSET_NOT_FOUND: one is missing, deleted, or another agent's."""
    return Inputs(
        picture=assets.visible_to(actor, picture) if picture is not None else None,
        mask=assets.visible_to(actor, mask) if mask is not None else None,
        references=tuple(assets.visible_to(actor, reference) for reference in references),
    )


def check(entry: ModelEntry, inputs: Inputs) -> None:
    """Raise INVALID_ARGUMENTS where a model cannot take these pictures."""
    problems: dict[str, list[str]] = {}
    if inputs.mask is not None and inputs.picture is not None:
        size, needed = (inputs.mask.width, inputs.mask.height), (inputs.picture.width, inputs.picture.height)
        if inputs.mask.mime_type != "image/png":
            problems["mask_asset_id"] = ["must be a PNG whose transparent pixels are to be changed"]
        elif size != needed:
            problems["mask_asset_id"] = [
                f"must be as large as the input ({needed[0]}x{needed[1]}), not {size[0]}x{size[1]}"
            ]
    allowed = _mime_types(entry)
    for name, found in (("input_asset_id", inputs.picture), *(("references", row) for row in inputs.references)):
        if found is not None and allowed and found.mime_type not in allowed:
            problems[name] = [f"must be {' or '.join(sorted(allowed))} for {entry.id}"]
    if problems:
        raise invalid_fields(problems)


def _mime_types(entry: ModelEntry) -> frozenset[str]:
    images: object = entry.media
    for name in ("input", "images", "mime_types"):
        images = images.get(name) if isinstance(images, Mapping) else None
    return frozenset(str(name) for name in images) if isinstance(images, Sequence) else frozenset()


def keep(job: Job, inputs: Inputs) -> None:
    """Write which pictures go into a job, in the transaction that makes it and under the organization's lock.

    ASSET_NOT_FOUND: one of them was deleted meanwhile.
    """
    wanted = inputs.by_role
    if not wanted:
        return
    ids = {asset.pk for _, _, asset in wanted}
    if Asset.objects.filter(pk__in=ids, deleted_at=None).count() != len(ids):
        raise ApiError(ErrorCode.ASSET_NOT_FOUND, suggested_command="image-skill assets list --json")
    JobInput.objects.bulk_create(
        JobInput(job=job, asset=asset, role=role, position=position) for role, position, asset in wanted
    )


_GOING_IN: Final = Select(
    lambda job_id: JobInput.objects.filter(job_id=job_id).select_related("asset").order_by("position")
)


def of_job(job: Job) -> Inputs:
    """Return the pictures that go into a job, the deleted ones too."""
    if not job.selection.get("inputs"):
        return NONE
    rows = _GOING_IN.all(job_id=job.pk)
    first = {row.role: row.asset for row in reversed(rows)}
    return Inputs(
        picture=first.get(JobInput.Role.INPUT),
        mask=first.get(JobInput.Role.MASK),
        references=tuple(row.asset for row in rows if row.role == JobInput.Role.REFERENCE),
    )


def are_all_there(job: Job) -> bool:
    """Say whether no picture of a waiting job was deleted since it was planned."""
    return not JobInput.objects.filter(job=job, asset__deleted_at__isnull=False).exists()


def read(inputs: Inputs) -> tuple[tuple[InputPicture, ...], InputPicture | None]:
    """Return the bytes for a call: the picture and the references in their order, and the mask.

    ProviderError FAILED: the bytes of one of them are gone; UNAVAILABLE: the storage is away.
    """
    pictures = tuple(_read(asset) for role, _, asset in inputs.by_role if role in _ORDER)
    return pictures, _read(inputs.mask) if inputs.mask is not None else None


def _read(asset: Asset) -> InputPicture:
    try:
        file = storage.open_read(asset.storage_key) if asset.deleted_at is None else None
        if file is None:
            raise ProviderError(Failure.FAILED, "An input picture is gone, so no provider was called.")
        with file:
            return InputPicture(file.read(), asset.mime_type, asset.width, asset.height)
    except (StorageError, OSError) as error:
        raise ProviderError(
            Failure.UNAVAILABLE, "An input picture could not be read, so no provider was called."
        ) from error
