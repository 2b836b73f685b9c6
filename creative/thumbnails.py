"""Thumbnails: small WebP pictures of every asset, made by the clock soon after it is stored."""

import logging
import time
from datetime import timedelta
from typing import IO, Final

from django.utils import timezone

from creative import images, storage
from creative.images import Busy, NotAPicture
from creative.models import Asset
from creative.storage import StorageError
from imageskill.core.statements import Update
from imageskill.core.units import forbid_inside, unit_of_work

logger = logging.getLogger("imageskill.thumbnails")

WIDTHS: Final = (320, 960)
"""Pixels on the long side; a smaller picture keeps its size."""

TRIED_FOR: Final = timedelta(days=1)
"""How long a storage that refuses is tried again; a picture that cannot be read is tried once."""

_SECONDS = 2.0
_REFUSALS = 3
"""After so many the storage is away, and the next tick tries again."""


def make_missing(limit: int = 20) -> int:
    """Make the thumbnails that are wanted, oldest first, for at most some seconds; return of how many assets."""
    until = time.monotonic() + _SECONDS
    made = refused = 0
    for asset in Asset.objects.filter(thumbnails_at=None, deleted_at=None).order_by("pk")[:limit]:
        try:
            made += make(asset)
        except Busy:
            break
        except StorageError:
            refused += 1
            if asset.created_at < timezone.now() - TRIED_FOR:
                _note(asset)
        if refused == _REFUSALS or time.monotonic() > until:
            break
    return made


def make(asset: Asset) -> bool:
    """Make one asset's thumbnails; False: its bytes are missing or cannot be read, which is not tried again.

    Busy: every place where pictures are decoded is taken. StorageError: the storage cannot be read or written.
    """
    forbid_inside("making thumbnails")
    data = _bytes_of(asset)
    parts: list[bytes] = []
    if data is not None:
        try:
            parts = images.thumbnails(data, WIDTHS)
        except NotAPicture as error:
            logger.warning("no thumbnails", extra={"fields": {"asset_id": asset.pk, "reason": error.reason}})
    for width, part in zip(WIDTHS, parts, strict=False):
        storage.write(storage.thumbnail_key(asset.pk, width), part)
    if not _note(asset) and not Asset.objects.filter(pk=asset.pk, deleted_at=None).exists():
        remove(asset.pk)
    return bool(parts)


def _bytes_of(asset: Asset) -> bytes | None:
    file = storage.open_read(asset.storage_key)
    if file is None:
        return None
    try:
        with file:
            return file.read()
    except OSError as error:
        raise StorageError("the media storage broke off") from error


_NOTED: Final = Update(
    lambda pk, at: (Asset.objects.filter(pk=pk, thumbnails_at=None, deleted_at=None), {"thumbnails_at": at})
)


@unit_of_work
def _note(asset: Asset) -> bool:
    """Note that no thumbnails are wanted any more. False: somebody else did, or the asset is deleted."""
    return bool(_NOTED.run(pk=asset.pk, at=timezone.now()))


def open(asset: Asset, width: int) -> IO[bytes] | None:  # noqa: A001 - thumbnails.open reads as what it does
    """Return a readable file of an asset's thumbnail, or None where there is none, or not yet."""
    if width not in WIDTHS or asset.thumbnails_at is None or asset.deleted_at is not None:
        return None
    return storage.open_read(storage.thumbnail_key(asset.pk, width))


def remove(asset_id: str) -> None:
    """Remove the thumbnails of an asset that is deleted."""
    for width in WIDTHS:
        storage.remove(storage.thumbnail_key(asset_id, width))
