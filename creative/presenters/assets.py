"""JSON shapes of assets by themselves: one, a page of them, and what a deletion answers."""

from collections.abc import Sequence
from typing import Any

from creative.models import Asset
from creative.presenters.jobs import asset_json
from imageskill.core.instants import instant


def show_json(asset: Asset) -> dict[str, Any]:
    """Return the data of `GET /v1/assets/ID`."""
    return {"request": _request_json(asset), "asset": asset_json(asset)}


def list_json(assets: Sequence[Asset], cursor: str | None) -> dict[str, Any]:
    """Return a page of assets, newest first."""
    return {"assets": [asset_json(asset) for asset in assets], "source": "hosted_metadata", "next_cursor": cursor}


def deleted_json(asset: Asset) -> dict[str, Any]:
    """Return what is left of a deleted asset."""
    left = {"asset_id": asset.pk, "job_id": asset.job_id, "kind": asset.kind}
    return {"request": _request_json(asset), "asset": {**left, "deleted_at": instant(asset.deleted_at)}}


def _request_json(asset: Asset) -> dict[str, str]:
    return {"reference": asset.pk, "reference_type": "asset_id"}
