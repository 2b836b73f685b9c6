"""Removing the bytes of deleted pictures, after the commit that marked their rows."""

from collections.abc import Iterable

from creative import storage, thumbnails
from creative.models import Asset


def remove_bytes(assets: Iterable[Asset]) -> None:
    """Remove what deleted pictures leave in the storage; bytes that a live picture shares stay.

    A process that dies before this leaves bytes that no live row names.
    """
    for asset in assets:
        thumbnails.remove(asset.pk)
        if not Asset.objects.filter(storage_key=asset.storage_key, deleted_at=None).exists():
            storage.remove(asset.storage_key)
