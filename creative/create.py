"""Creating and editing pictures: every check before any hold, then one job with one hold in one transaction."""

from dataclasses import dataclass, replace
from functools import cache

from accounts import grants, organizations, tokens
from accounts.actor import Actor
from accounts.models import ClaimState
from billing import authorisations, decisions
from billing.decisions import ApprovalNeededError, RefusedError
from creative import approvals, inputs, jobs, leases, offers, placing, planning, policy, queue, refusals, turns
from creative.catalogue.selection import Row
from creative.inputs import Inputs
from creative.models import Job
from creative.planning import Plan, Wanted
from creative.queue import Room
from creative.turns import Taken
from imageskill.core import events, idempotency, ids
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.events import EventType
from imageskill.core.idempotency import Claimed
from imageskill.core.messages import send
from imageskill.core.rows import inserted
from imageskill.core.units import unit_of_work

GRANTS = {"create": "create.preview", "edit": "edit.preview"}


@dataclass(frozen=True, slots=True)
class Submitted:
    """The job that a call stands for; `replayed`: an earlier call of the same key made it."""

    job: Job
    warnings: tuple[str, ...]
    replayed: bool
    taken: Taken | None = None
    """The job as this process has begun it, where a thread was free for it."""


def replay(actor: Actor, key: Claimed | None) -> Job | None:
    """Return the job that a key stands for, unless the key is free for a new attempt.

    A job that ended with nothing charged frees its key, except when its picture could not be stored: that
    one may have been paid for, so its failure is replayed. IDEMPOTENCY_CONFLICT: the key came with another body.
    """
    row = idempotency.find(key) if key is not None else None
    if row is None:
        return None
    job = jobs.visible_to(actor, row.object_id)
    return None if jobs.is_free_again(job) else job


def require_rights(actor: Actor, operation: str) -> None:
    """Raise CAPABILITY_DENIED where token, grants or a pause forbid it, before the arguments are looked at."""
    tokens.require_whole(actor.token)
    grants.require(actor.agent, GRANTS[operation])
    grants.require_active(actor.agent)


def plan_for(actor: Actor | None, wanted: Wanted) -> Plan:
    """Return the plan of a request with every check that needs no lock, in the wire's order.

    Of a dry run also what the owner and the balance allow is foreseen; of a real call that is judged under the
    lock, where a refusal is recorded.
    """
    if actor is not None:
        require_rights(actor, wanted.operation)
    made = _planned(actor, wanted)
    if actor is None or not wanted.dry_run:
        return made
    if actor.agent.claim_state == ClaimState.CLAIMED:
        approvals.refuse_denied(actor, made)
    try:
        authorisations.foresee(actor=actor, request=offers.payment(made))
    except ApprovalNeededError:
        return replace(made, approval_required=True)
    return made


def _planned(actor: Actor | None, wanted: Wanted) -> Plan:
    @cache
    def pictures() -> Inputs:
        """Look the pictures up once, after the first model's arguments are known to be right."""
        if actor is None:
            return inputs.NONE
        return inputs.find(actor, picture=wanted.input_asset, mask=wanted.mask_asset, references=wanted.references)

    def attempt(row: Row, reason: str) -> Plan:
        draft = planning.draft(wanted, row.entry)
        found = pictures()
        inputs.check(row.entry, found)
        policy.check(wanted.prompt)
        return planning.plan(wanted, row.entry, draft, reason=reason, pictures=found)

    def payable(made: Plan) -> bool:
        return actor is None or _is_payable(actor, made)

    if wanted.model is None or wanted.model == "default":
        return offers.first_payable(
            wanted.operation, wanted.provider, lambda row: attempt(row, "first_payable"), payable
        )
    row = offers.executable_row(wanted.model)
    if wanted.provider not in (None, row.entry.provider_id):
        raise ApiError(
            ErrorCode.INVALID_ARGUMENTS,
            f"provider must be {row.entry.provider_id} for {row.entry.id}",
            fields={"provider": [f"must be {row.entry.provider_id} for {row.entry.id}"]},
        )
    return attempt(row, "requested")


def _is_payable(actor: Actor, made: Plan) -> bool:
    try:
        authorisations.foresee(actor=actor, request=offers.payment(made))
    except ApiError:
        return False
    return True


def submit(actor: Actor, plan: Plan, key: Claimed | None) -> Submitted:
    """Make the job and hand it to the runner; a call of the same key that was faster is joined instead.

    APPROVAL_REQUIRED: the plan waits for its owner now. What the owner's limits refuse is recorded, then told.
    """
    if plan.may_cost:
        refusals.require_room(actor)
    with queue.Room() as room:
        try:
            submitted = _place(actor, plan, key, room)
        except ApprovalNeededError as needed:
            waiting = approvals.request(actor=actor, plan=plan, key=key, needed=needed)
            if waiting.state == Job.State.AWAITING_APPROVAL:
                raise approvals.required(waiting) from needed
            return Submitted(waiting, (), replayed=True)
        except RefusedError as refused:
            decisions.record_refused(refused.draft)
            raise
        if submitted.taken is not None:
            room.start(submitted.taken)
        elif not submitted.replayed:
            queue.enqueue(submitted.job.pk)
    return submitted


@unit_of_work
def _place(actor: Actor, plan: Plan, key: Claimed | None, room: Room) -> Submitted:
    """Write job, hold and key together, after looking the key up again under the lock; begin it where it can."""
    ground, found = authorisations.lock(actor, *([idempotency.found(key)] if key is not None else []))
    row = found[0] if found else None
    earlier = jobs.visible_to(actor, row.object_id) if row is not None else None
    if earlier is not None and not jobs.is_free_again(earlier):
        return Submitted(earlier, (), replayed=True)
    if actor.agent.claim_state == ClaimState.CLAIMED:
        approvals.refuse_denied(actor, plan)
    job_id = ids.new_id("job")
    hold = authorisations.authorise(
        actor=actor,
        job_id=job_id,
        request=offers.payment(plan),
        price_version=plan.cost.price_version,
        ground=ground,
    )
    job = placing.new_job(actor, plan, state=Job.State.QUEUED, retry_of=earlier, job_id=job_id)
    job.hold = hold
    job.deadline_at = job.created_at + jobs.deadline()
    attempt = room.begin(job)
    send(
        inserted(job, clock={"lease_expires_at": leases.length()}),
        *([idempotency.bound(key, object_id=job.pk)] if key is not None else []),
        *([inserted(attempt)] if attempt is not None else []),
    )
    inputs.keep(job, plan.inputs)
    queue.defer(job.pk)
    taken = turns.begun(job, attempt) if attempt is not None else None
    return Submitted(job, plan.warnings, replayed=False, taken=taken)


@unit_of_work
def keep_plan(actor: Actor, plan: Plan) -> Job:
    """Write the job of a dry run: planned, nothing held, removed after a week."""
    job = placing.new_job(actor, plan, state=Job.State.PLANNED)
    job.finished_at = job.created_at
    organizations.lock(actor.organization_id)
    job.save(force_insert=True)
    inputs.keep(job, plan.inputs)
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
