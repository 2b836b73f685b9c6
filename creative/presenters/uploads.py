"""JSON shape of what an upload answers. It asks no database."""

from typing import Any

from creative.presenters.jobs import asset_json
from creative.upload import Uploaded


def upload_json(
    uploaded: Uploaded, *, source_kind: str, filename: str | None, remote_origin: str | None
) -> dict[str, Any]:
    """Return the data of `POST /v1/upload`: `upload` as it was received, `asset` as it is stored."""
    return {
        "request": {"source_kind": source_kind, "filename": filename, "remote_origin": remote_origin},
        "asset": asset_json(uploaded.asset),
        "upload": {
            "bytes": uploaded.received_length,
            "mime_type": uploaded.received_type,
            "sha256": uploaded.received_sha256,
            "policy": {"status": "allowed"},
        },
    }
