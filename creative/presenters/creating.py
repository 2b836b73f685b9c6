"""What a create or an edit answers: finished, still running, or planned. No presenter asks the database."""

from collections.abc import Iterable, Sequence
from typing import Any

from billing.quota import Left
from creative.catalogue.entries import ModelEntry
from creative.inputs import Inputs
from creative.models import Asset, Job
from creative.planning import Plan
from creative.presenters.jobs import cost_json, job_cost_json, made_asset_json
from imageskill.core import trace
from imageskill.core.routes import is_served

_SELECTION = {
    "first_payable": "the first available model that this caller can pay",
    "requested": "the model that the caller named",
}


def quota_block_json(job: Job, left: Left) -> dict[str, Any]:
    """Return what the call consumed and what is left."""
    return {
        "consumed_credits": job.settled_credits,
        "remaining_credits": left.free_credits,
        "payment_backed_remaining_credits": left.other_credits,
        "held_credits": left.held_credits,
    }


def create_json(job: Job, made: Sequence[Asset], left: Left) -> dict[str, Any]:
    """Return the data of a create or an edit: finished, still running, or planned."""
    return {
        "job_id": job.pk,
        "trace_id": job.trace_id,
        "job": {"job_id": job.pk, "status": job.state},
        "capability": {"id": job.capability_id},
        "assets": [made_asset_json(asset) for asset in made],
        "asset_ids": [asset.pk for asset in made],
        "cost": job_cost_json(job),
        "safety": {"status": job.safety_status},
        "quota": quota_block_json(job, left),
        "request": request_json(
            capability=job.capability_id,
            reason=job.selection["reason"],
            keys=job.parameters,
            defaults_applied=job.selection["defaults_applied"],
            size=(job.expected_width, job.expected_height),
            output_count=job.output_count,
        ),
        "next_actions": next_actions_json(job, made),
    }


def inputs_json(found: Inputs) -> dict[str, Any]:
    """Return the picture that an edit changes and its mask, where there are any."""
    named = (("input_asset", found.picture), ("mask_asset", found.mask))
    return {name: _input_json(asset) for name, asset in named if asset is not None}


def _input_json(asset: Asset) -> dict[str, Any]:
    return {
        "asset_id": asset.pk,
        "mime_type": asset.mime_type,
        "content_length": asset.content_length,
        "width": asset.width,
        "height": asset.height,
    }


def request_json(
    *,
    capability: str,
    reason: str,
    keys: Iterable[str],
    defaults_applied: Iterable[str],
    size: tuple[int | None, int | None],
    output_count: int,
) -> dict[str, Any]:
    """Return how the request was understood."""
    return {
        "selection": {
            "policy": reason,
            "reason": _SELECTION[reason],
            "capability": capability,
            "model_parameters": {
                "keys": sorted(keys),
                "defaults_applied": sorted(defaults_applied),
            },
            "output": {"expected_width": size[0], "expected_height": size[1]},
        },
        "output_count": output_count,
    }


def next_actions_json(job: Job, made: Sequence[Asset]) -> dict[str, Any]:
    """Return the commands that go on from here; null where there is nothing to go on with."""
    first = made[0].pk if made else None
    told: dict[str, Any] = {
        "inspect_job": f"image-skill jobs show {job.pk} --json",
        "inspect_asset": f"image-skill assets show {first} --json" if first else None,
        "iterate_edit": f"image-skill edit --input {first} --prompt-file PROMPT_FILE --json"
        if first and is_served("/v1/edit")
        else None,
    }
    if not job.is_final and job.state != Job.State.PLANNED:
        told["wait"] = f"image-skill jobs wait {job.pk} --json"
    return told


def anonymous_plan_json(plan: Plan, capability: str) -> dict[str, Any]:
    """Return the plan of a dry run without a token: no job row, no quota."""
    return {
        "job_id": None,
        "trace_id": trace.current(),
        "job": {"job_id": None, "status": "planned"},
        "capability": {"id": capability},
        "assets": [],
        "asset_ids": [],
        "cost": cost_json(
            credits=plan.credits_required,
            cost_micros=plan.cost_micros,
            confidence=str(plan.cost.confidence),
            price_version=plan.cost.price_version,
        ),
        "safety": {"status": "allowed"},
        "request": request_json(
            capability=capability,
            reason=plan.reason,
            keys=plan.parameters,
            defaults_applied=plan.defaults_applied,
            size=plan.size or (None, None),
            output_count=plan.wanted.output_count,
        ),
        "next_actions": {"inspect_job": None, "inspect_asset": None, "iterate_edit": None},
    }


def delivery_warnings(job: Job, made: Sequence[Asset]) -> list[str]:
    """Say where fewer pictures were delivered than asked; only those are charged."""
    if job.state != Job.State.COMPLETED or len(made) == job.output_count:
        return []
    return [f"{len(made)} of {job.output_count} pictures were delivered; only these are charged."]


def provenance_json(job: Job, entry: ModelEntry) -> dict[str, Any]:
    """Return which model of which provider made a job's pictures."""
    return {"model": job.model_id, "provider": entry.provider_id, "parameters": job.parameters}
