"""Creating pictures: every check before any hold, then one job with one hold in one transaction."""

from dataclasses import dataclass

from django.utils import timezone

from accounts import grants, organizations
from accounts.actor import Actor
from billing import authorisations
from creative import assets, jobs, leases, offers, planning, policy, queue
from creative.catalogue import loader
from creative.catalogue.entries import Operation
from creative.catalogue.selection import Row
from creative.models import Job
from creative.planning import Plan, Wanted
from imageskill.core import events, idempotency, ids, trace
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.events import EventType
from imageskill.core.idempotency import Claimed
from imageskill.core.units import unit_of_work

GRANTS = {"create": "create.preview", "edit": "edit.preview"}


@dataclass(frozen=True, slots=True)
class Submitted:
    """The job that a call stands for; `replayed`: an earlier call of the same key made it."""

    job: Job
    warnings: tuple[str, ...]
    replayed: bool


def replay(actor: Actor, key: Claimed | None) -> Job | None:
    """Return the job that a key stands for, unless the key is free for a new attempt.

    A job that ended with nothing charged frees its key, except when its picture could not be stored: that
    one may have been paid for, so its failure is replayed. IDEMPOTENCY_CONFLICT: the key came with another body.
    """
    row = idempotency.find(key) if key is not None else None
    if row is None:
        return None
    job = jobs.visible_to(actor, row.object_id)
    return None if is_free_again(job) else job


def is_free_again(job: Job) -> bool:
    """Say whether a job ended without a charge, so that its key may make a new attempt."""
    return (
        job.state in (Job.State.FAILED, Job.State.CANCELED)
        and job.error_code != ErrorCode.ARTIFACT_STORAGE_WRITE_FAILED.name
    )


def plan_for(actor: Actor | None, wanted: Wanted) -> Plan:
    """Return the plan of a request with every check that needs no lock, in the wire's order."""
    if actor is not None:
        grants.require(actor.agent, GRANTS[wanted.operation])
        grants.require_active(actor.agent)

    def attempt(row: Row, reason: str) -> Plan:
        draft = planning.draft(wanted, row.entry)
        if actor is not None:
            for reference in wanted.references:
                assets.visible_to(actor, reference)
        policy.check(wanted.prompt)
        made = planning.plan(wanted, row.entry, draft, reason=reason)
        if actor is not None:
            authorisations.foresee(actor=actor, request=offers.payment(made))
        return made

    if wanted.model is None or wanted.model == "default":
        return offers.first_payable(wanted.operation, wanted.provider, lambda row: attempt(row, "first_payable"))
    row = offers.executable_row(wanted.model)
    if wanted.provider not in (None, row.entry.provider_id):
        raise ApiError(
            ErrorCode.INVALID_ARGUMENTS,
            f"provider must be {row.entry.provider_id} for {row.entry.id}",
            fields={"provider": [f"must be {row.entry.provider_id} for {row.entry.id}"]},
        )
    return attempt(row, "requested")


def submit(actor: Actor, plan: Plan, key: Claimed | None) -> Submitted:
    """Make the job and hand it to the runner; a call of the same key that was faster is joined instead."""
    submitted = _place(actor, plan, key)
    if not submitted.replayed:
        queue.enqueue(submitted.job.pk)
    return submitted


@unit_of_work
def _place(actor: Actor, plan: Plan, key: Claimed | None) -> Submitted:
    """Write job, hold and key together, after looking the key up again under the lock."""
    organizations.lock(actor.organization_id)
    row = idempotency.find(key) if key is not None else None
    earlier = jobs.visible_to(actor, row.object_id) if row is not None else None
    if earlier is not None and not is_free_again(earlier):
        return Submitted(earlier, (), replayed=True)
    job_id = ids.new_id("job")
    hold = authorisations.authorise(
        actor=actor, job_id=job_id, request=offers.payment(plan), price_version=plan.cost.price_version
    )
    job = _job(actor, plan, job_id, retry_of=earlier)
    job.hold = hold
    job.state = Job.State.QUEUED
    job.deadline_at = job.created_at + jobs.deadline()
    job.save(force_insert=True)
    Job.objects.filter(pk=job.pk).update(lease_expires_at=leases.until())
    if key is not None:
        idempotency.bind(key, object_id=job.pk)
    return Submitted(job, plan.warnings, replayed=False)


@unit_of_work
def keep_plan(actor: Actor, plan: Plan) -> Job:
    """Write the job of a dry run: planned, nothing held, removed after a week."""
    job = _job(actor, plan, ids.new_id("job"), retry_of=None)
    job.state = Job.State.PLANNED
    job.finished_at = job.created_at
    job.save(force_insert=True)
    events.record(
        EventType.JOB_PLANNED,
        actor=actor,
        organization_id=job.organization_id,
        agent_id=job.agent_id,
        subject_id=job.pk,
        operation=job.operation,
        status="planned",
        summary=f"{job.operation.capitalize()} planned",
        links={"job_id": job.pk},
        cost_micros=job.cost_micros,
        credits=job.credits_required,
    )
    return job


def capability_id(operation: str) -> str:
    """Return the capability under which an operation is performed."""
    wanted = Operation.GENERATE if operation == "create" else Operation.EDIT
    return loader.current().capability_for(wanted).id


def _job(actor: Actor, plan: Plan, job_id: str, *, retry_of: Job | None) -> Job:
    wanted = plan.wanted
    width, height = plan.size or (None, None)
    return Job(
        id=job_id,
        organization_id=actor.organization_id,
        agent_id=actor.actor_id,
        token_id=actor.token_id,
        operation=wanted.operation,
        capability_id=capability_id(wanted.operation),
        model_id=plan.entry.id,
        intent=wanted.intent,
        prompt=wanted.prompt,
        parameters=plan.parameters,
        selection={"reason": plan.reason, "defaults_applied": list(plan.defaults_applied)},
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
