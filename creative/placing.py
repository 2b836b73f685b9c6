"""From a plan to the row of a job; who holds the credits and who waits is decided by the callers."""

import hashlib
import json

from django.utils import timezone

from accounts.actor import Actor
from creative.catalogue import loader
from creative.catalogue.entries import Operation
from creative.inputs import Inputs
from creative.models import Job
from creative.planning import Plan
from imageskill.core import ids, trace


def new_job(actor: Actor, plan: Plan, *, state: Job.State, retry_of: Job | None = None, job_id: str = "") -> Job:
    """Return the unsaved job of a plan."""
    wanted = plan.wanted
    width, height = plan.size or (None, None)
    return Job(
        id=job_id or ids.new_id("job"),
        state=state,
        organization_id=actor.organization_id,
        agent_id=actor.actor_id,
        token_id=actor.token_id,
        operation=wanted.operation,
        capability_id=capability_id(wanted.operation),
        model_id=plan.entry.id,
        intent=wanted.intent,
        prompt=wanted.prompt,
        parameters=plan.parameters,
        selection={
            "reason": plan.reason,
            "defaults_applied": list(plan.defaults_applied),
            "inputs": len(plan.inputs.by_role),
        },
        output_count=wanted.output_count,
        expected_width=width,
        expected_height=height,
        credits_required=plan.credits_required,
        credits_per_output=plan.credits_per_output,
        cost_micros=plan.cost_micros,
        pricing_confidence=str(plan.cost.confidence),
        price_version=plan.cost.price_version,
        retry_of=retry_of.pk if retry_of is not None else "",
        trace_id=trace.current(),
        created_at=timezone.now(),
    )


def capability_id(operation: str) -> str:
    """Return the capability under which an operation is performed."""
    wanted = Operation.GENERATE if operation == "create" else Operation.EDIT
    return loader.current().capability_for(wanted).id


def plan_sha256(job: Job, pictures: Inputs) -> str:
    """Return what an approval binds: the model, words, parameters, pictures, number and price of a job."""
    bound = {
        "operation": job.operation,
        "model": job.model_id,
        "prompt": hashlib.sha256(job.prompt.encode()).hexdigest(),
        "parameters": job.parameters,
        "inputs": [[str(role), asset.pk] for role, _, asset in pictures.by_role],
        "output_count": job.output_count,
        "credits": job.credits_required,
        "price_version": job.price_version,
    }
    return hashlib.sha256(json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
