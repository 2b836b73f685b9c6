"""JSON shapes of jobs, assets and what a create answers. No presenter asks the database."""

from collections.abc import Sequence
from typing import Any

from billing import pricing
from creative import assets
from creative.models import Asset, Job
from imageskill.core.errors import ErrorCode
from imageskill.core.instants import instant

_MICROS = 1_000_000


def asset_json(asset: Asset) -> dict[str, Any]:
    """Return an asset by itself (`GET /v1/assets/ID`)."""
    return {
        "asset_id": asset.pk,
        "job_id": asset.job_id,
        "kind": asset.kind,
        "url": assets.url(asset),
        "mime_type": asset.mime_type,
        "content_length": asset.content_length,
        "width": asset.width,
        "height": asset.height,
        "sha256": asset.sha256,
        "created_at": instant(asset.created_at),
        "source": "hosted_metadata",
    }


def made_asset_json(asset: Asset) -> dict[str, Any]:
    """Return an asset as a create's answer lists it; `path` is its address too, for older clients."""
    return {
        "asset_id": asset.pk,
        "path": assets.url(asset),
        "url": assets.url(asset),
        "mime_type": asset.mime_type,
        "content_length": asset.content_length,
        "width": asset.width,
        "height": asset.height,
        "sha256": asset.sha256,
    }


def cost_json(
    *,
    credits: int,
    cost_micros: int,
    confidence: str,
    price_version: str,
) -> dict[str, Any]:
    """Return what a job holds at most, and how it is made up.

    A price version is a model's name and a day; an answer tells the day only, because it names no model.
    """
    known = confidence != "unknown"
    return {
        "estimated_usd": cost_micros / _MICROS if known else None,
        "credit_pricing": {
            "credit_unit_usd": float(pricing.CREDIT_UNIT_USD),
            "credits_required": credits,
            "estimated_provider_cost_usd": cost_micros / _MICROS if known else None,
            "estimated_revenue_usd": pricing.estimated_revenue_micros(credits) / _MICROS,
            "pricing_confidence": confidence,
            "price_version": price_version.rpartition("/")[2],
        },
    }


def job_cost_json(job: Job) -> dict[str, Any]:
    """Return the cost of a job."""
    return cost_json(
        credits=job.credits_required,
        cost_micros=job.cost_micros,
        confidence=job.pricing_confidence,
        price_version=job.price_version,
    )


def job_json(job: Job, made: Sequence[Asset]) -> dict[str, Any]:
    """Return a job; never its prompt, its provider or its model."""
    return {
        "job_id": job.pk,
        "status": job.state,
        "operation": job.operation,
        "capability": {"id": job.capability_id},
        "created_at": instant(job.created_at),
        "started_at": instant(job.started_at),
        "finished_at": instant(job.finished_at),
        "trace_id": job.trace_id,
        "cost": {**job_cost_json(job), "consumed_credits": job.settled_credits},
        "safety": {"status": job.safety_status},
        "assets": [made_asset_json(asset) for asset in made],
        "error": _job_error_json(job),
    }


def job_list_json(page: Sequence[tuple[Job, Sequence[Asset]]], cursor: str | None) -> dict[str, Any]:
    """Return the data of `GET /v1/jobs`: each job as by itself, newest first."""
    return {"jobs": [job_json(job, made) for job, made in page], "next_cursor": cursor}


def _job_error_json(job: Job) -> dict[str, Any] | None:
    if not job.error_code:
        return None
    code = ErrorCode[job.error_code]
    return {"code": code.name, "message": job.error_message, "exit_code": code.spec.exit_code}


def show_job_json(job: Job, made: Sequence[Asset]) -> dict[str, Any]:
    """Return the data of `GET /v1/jobs/ID`: the job, and its state, assets and cost at the top too."""
    told = job_json(job, made)
    return {
        "request": {"reference": job.pk, "reference_type": "job_id"},
        "job": told,
        "status": told["status"],
        "state": told["status"],
        "assets": told["assets"],
        "cost": told["cost"],
    }
