"""Plans over the owner's threshold: they wait, are approved once or denied, or end undecided.

A waiting plan holds nothing. Approving checks everything again under the lock: the pause, every cap, the price.
"""

from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from accounts import organizations
from accounts.actor import Actor
from accounts.models import Agent, AgentToken, Membership, Role
from billing import authorisations, decisions, mandates, pricing
from billing.decisions import ApprovalNeededError, RefusedError
from creative import approval_mails, approval_refusals, inputs, jobs, leases, offers, placing, queue, waiting
from creative.catalogue.costs import provider_cost
from creative.models import Approval, Job
from creative.planning import Plan
from imageskill.core import events, idempotency
from imageskill.core.errors import ApiError, ErrorCode, auth_required
from imageskill.core.events import ActingFor, EventType, System
from imageskill.core.idempotency import Claimed
from imageskill.core.instants import instant
from imageskill.core.units import unit_of_work

LIFETIME: Final = timedelta(minutes=15)
DENIED_FOR: Final = timedelta(hours=24)
MOST_WAITING: Final = 5
PLAN_CHANGED: Final = "plan_changed"
SWEEPER: Final = System("approvals")
_RECENT: Final = "recent_unapproved_credits"
"""Why it is asked for is kept with what was asked for: each call that asks again is told the same numbers."""


def request(*, actor: Actor, plan: Plan, key: Claimed | None, needed: ApprovalNeededError) -> Job:
    """Make the card of a plan, or find the one that it has, and return its job.

    A call of the same key that was placed meanwhile is joined: then its job is returned, which waits for nobody.
    """
    try:
        job = _card(actor, plan, key, needed)
    except ApiError:
        decisions.record_refused(needed.draft)
        raise
    if job.state == Job.State.AWAITING_APPROVAL:
        decisions.record_refused(needed.draft, job_id=job.pk)
    return job


@unit_of_work
def _card(actor: Actor, plan: Plan, key: Claimed | None, needed: ApprovalNeededError) -> Job:
    (workspace,) = organizations.lock(actor.organization_id)
    row = idempotency.find(key) if key is not None else None
    if row is not None:
        bound = jobs.visible_to(actor, row.object_id)
        if not jobs.is_free_again(bound):
            return bound
    # Whoever paused, released or moved the agent meanwhile looked for plans that wait, and would not see this one.
    authorisations.require_standing(actor, offers.payment(plan).grant, timezone.now())
    job = placing.new_job(actor, plan, state=Job.State.AWAITING_APPROVAL)
    digest = placing.plan_sha256(job, plan.inputs)
    own = Approval.objects.filter(agent_id=actor.actor_id, organization_id=actor.organization_id)
    cards = own.filter(state=Approval.State.WAITING)
    same = cards.filter(plan_sha256=digest).select_related("job").first()
    if same is not None:
        job = same.job
    else:
        ends = list(cards.values_list("expires_at", flat=True))
        if len(ends) >= MOST_WAITING:
            raise approval_refusals.too_many(ends, most=MOST_WAITING)
        card = _make(job, plan, digest, needed)
        approval_mails.write(card, job, workspace, agent_name=actor.agent.name, recent=job.selection[_RECENT])
    if key is not None:
        idempotency.bind(key, object_id=job.pk)
    return job


def _make(job: Job, plan: Plan, digest: str, needed: ApprovalNeededError) -> Approval:
    now = timezone.now()
    job.deadline_at = now + LIFETIME
    job.selection |= {_RECENT: needed.recovery[_RECENT]}
    job.save(force_insert=True)
    inputs.keep(job, plan.inputs)
    card = Approval.objects.create(
        job=job,
        organization_id=job.organization_id,
        agent_id=job.agent_id,
        plan_sha256=digest,
        credits=job.credits_required,
        threshold=needed.recovery["approval_threshold_credits"],
        requested_at=now,
        expires_at=now + LIFETIME,
    )
    _record(job, EventType.APPROVAL_REQUESTED, "waiting", SWEEPER)
    return card


def refuse_denied(actor: Actor, plan: Plan) -> None:
    """Raise CAPABILITY_DENIED for a plan that the owner denied within a day; under the organization's lock.

    Whatever it would need now: a denial is of the plan, not of the moment.
    """
    mandate = mandates.current(agent_id=actor.actor_id, organization_id=actor.organization_id)
    denied = Approval.objects.filter(
        agent_id=actor.actor_id,
        organization_id=actor.organization_id,
        state=Approval.State.DENIED,
        decided_at__gt=timezone.now() - DENIED_FOR,
    ).exclude(reason=PLAN_CHANGED)
    if mandate is None or not denied:
        return
    job = placing.new_job(actor, plan, state=Job.State.AWAITING_APPROVAL)
    digest = placing.plan_sha256(job, plan.inputs)
    last = max(
        (card for card in denied if card.plan_sha256 == digest and card.decided_at is not None),
        key=lambda card: card.pk,
        default=None,
    )
    if last is None or last.decided_at is None:
        return
    raise decisions.plan_denied(
        mandate=mandate,
        needed=plan.credits_required,
        message="The owner denied exactly this plan. Plan something else, or ask the owner.",
        owner_message=last.reason or None,
        job_id=last.job_id,
        until=instant(last.decided_at + DENIED_FOR),
        suggested_command=f"image-skill jobs show {last.job_id} --json",
    )


def required(job: Job) -> ApiError:
    """Return the refusal of a plan that waits: the same for each call that asks for it."""
    card = Approval.objects.get(job=job)
    recent = job.selection.get(_RECENT, 0)
    why = decisions.over_threshold(threshold=card.threshold, needed=card.credits, recent=recent)
    return ApiError(
        ErrorCode.APPROVAL_REQUIRED,
        f"{why} It waits until {instant(card.expires_at)}.",
        reason="awaiting_approval",
        job_id=job.pk,
        approval={
            "state": card.state,
            "job_id": job.pk,
            "credits": card.credits,
            "threshold_credits": card.threshold,
            _RECENT: recent,
            "requested_at": instant(card.requested_at),
            "expires_at": instant(card.expires_at),
        },
        suggested_command=f"image-skill jobs wait {job.pk} --json",
    )


def approve(*, job_id: str, decider: ActingFor, place: Membership | None = None) -> Job:
    """Let exactly this plan run, once, and start it. The exact refusal: something has changed since.

    JOB_NOT_CANCELABLE: it is decided already, or its time is over. `place` is where the decider is a member, and
    CAPABILITY_DENIED the answer where that place lets nobody decide any more.
    """
    try:
        job = _approve(job_id, decider, place)
    except RefusedError as refused:
        decisions.record_refused(refused.draft, job_id=job_id)
        raise
    if job is None:
        waiting.announce(job_id)
        raise ApiError(
            ErrorCode.CAPABILITY_DENIED,
            "What the plan needs or costs has changed since it was shown. It is denied; the agent may ask anew.",
            reason=PLAN_CHANGED,
            job_id=job_id,
        )
    queue.enqueue(job.pk)
    return job


@unit_of_work
def _approve(job_id: str, decider: ActingFor, place: Membership | None) -> Job | None:
    _decide(job_id, Approval.State.APPROVED, decider, "")
    job = Job.objects.get(pk=job_id)
    organizations.lock(job.organization_id)
    _require_place(place)
    now_credits = _price_now(job)
    if now_credits is None or now_credits > job.credits_required or not inputs.are_all_there(job):
        Approval.objects.filter(pk=job_id).update(state=Approval.State.DENIED, reason=PLAN_CHANGED)
        _end(job, ErrorCode.CAPABILITY_DENIED, "What it needs or costs had changed since the owner was shown it.")
        _record(job, EventType.APPROVAL_DECIDED, "denied", SWEEPER)
        return None
    hold = authorisations.authorise(
        actor=_asker_of(job),
        job_id=job.pk,
        request=offers.request_for(job.model_id, job.operation, job.credits_required, approved=True),
        price_version=job.price_version,
    )
    now = timezone.now()
    standing = Job.objects.filter(pk=job.pk, state=Job.State.AWAITING_APPROVAL)
    if not standing.update(
        state=Job.State.QUEUED, hold=hold, deadline_at=now + jobs.deadline(), lease_expires_at=leases.until()
    ):
        raise ApiError(ErrorCode.JOB_NOT_CANCELABLE, "The job of this plan does not wait any more.", job_id=job_id)
    queue.defer(job.pk)
    _record(job, EventType.APPROVAL_DECIDED, "approved", decider)
    return job


def deny(*, job_id: str, decider: ActingFor, reason: str, place: Membership | None = None) -> None:
    """Refuse a plan with a reason that its agent is told; the same plan is refused for a day.

    JOB_NOT_CANCELABLE and `place` are as for `approve`.
    """
    _deny(job_id, decider, reason, place)
    waiting.announce(job_id)


@unit_of_work
def _deny(job_id: str, decider: ActingFor, reason: str, place: Membership | None) -> None:
    _decide(job_id, Approval.State.DENIED, decider, reason)
    job = Job.objects.get(pk=job_id)
    organizations.lock(job.organization_id)
    _require_place(place)
    _end(job, ErrorCode.CAPABILITY_DENIED, f"The owner denied it: {reason}" if reason else "The owner denied it.")
    _record(job, EventType.APPROVAL_DECIDED, "denied", decider)


@unit_of_work
def withdraw(*, job_id: str, agent: ActingFor, message: str) -> bool:
    """Take back a plan that its agent does not want any more. False: it is decided already."""
    standing = Approval.objects.filter(pk=job_id, state=Approval.State.WAITING)
    if not standing.update(state=Approval.State.EXPIRED, decided_at=timezone.now(), reason="withdrawn"):
        return False
    job = Job.objects.get(pk=job_id)
    organizations.lock(job.organization_id)
    _end(job, ErrorCode.JOB_CANCELED, message)
    _record(job, EventType.APPROVAL_DECIDED, "withdrawn", agent)
    return True


def expire_due() -> int:
    """End the plans that nobody decided in time; return how many."""
    due = Approval.objects.filter(state=Approval.State.WAITING, expires_at__lte=timezone.now())
    return sum(_expire(job_id) for job_id in due.values_list("pk", flat=True)[:200])


@unit_of_work
def _expire(job_id: str) -> bool:
    standing = Approval.objects.filter(pk=job_id, state=Approval.State.WAITING)
    if not standing.update(state=Approval.State.EXPIRED, decided_at=timezone.now()):
        return False
    job = Job.objects.get(pk=job_id)
    organizations.lock(job.organization_id)
    _end(job, ErrorCode.APPROVAL_REQUIRED, "Nobody decided within 15 minutes.")
    _record(job, EventType.APPROVAL_DECIDED, "expired", SWEEPER)
    return True


def _require_place(place: Membership | None) -> None:
    """Let a member decide only by the role as it is under the lock, not as it was when the page was asked for."""
    if place is None:
        return
    if not Membership.objects.filter(pk=place.pk, role__in=(Role.OWNER, Role.ADMIN)).exists():
        raise ApiError(ErrorCode.CAPABILITY_DENIED, "Your role does not allow this.", reason="role")


def _decide(job_id: str, state: Approval.State, decider: ActingFor, reason: str) -> None:
    now = timezone.now()
    standing = Approval.objects.filter(pk=job_id, state=Approval.State.WAITING, expires_at__gt=now)
    decided = standing.update(
        state=state,
        decided_at=now,
        decider_type=decider.actor_type,
        decider_id=decider.actor_id,
        reason=reason[:200],
    )
    if not decided:
        raise approval_refusals.decided(job_id)


def _price_now(job: Job) -> int | None:
    """Return what the plan costs today; None where its model cannot be called or has no price any more."""
    try:
        entry = offers.executable_row(job.model_id).entry
    except ApiError:
        return None
    cost = provider_cost(entry, job.parameters, width=job.expected_width, height=job.expected_height)
    if cost.micros_per_image is not None:
        return pricing.credits_per_image(cost.micros_per_image) * job.output_count
    return cost.ceiling_credits * job.output_count if cost.ceiling_credits is not None else None


def _asker_of(job: Job) -> Actor:
    """Return the agent with a token that is good now: the one it asked with may have been rotated since.

    AUTH_REQUIRED: it was moved to another workspace since, and is not to spend there what was approved here.
    """
    agent = Agent.objects.get(pk=job.agent_id)
    if job.organization_id not in (agent.organization_id, agent.shell_id):
        raise auth_required()
    good = AgentToken.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=timezone.now()),
        agent=agent,
        revoked_at=None,
        narrowed_at=None,
        # One that nobody has used yet may be a lost answer, which the next rotation voids.
        first_used_at__isnull=False,
    )
    token = good.order_by("-created_at").first()
    if token is None:
        raise ApiError(ErrorCode.CAPABILITY_DENIED, "The agent has no token any more.", reason="no_token")
    Job.objects.filter(pk=job.pk).update(token_id=token.pk)
    return Actor(agent=agent, token=token)


def _end(job: Job, code: ErrorCode, message: str) -> None:
    standing = Job.objects.filter(pk=job.pk, state=Job.State.AWAITING_APPROVAL)
    standing.update(**jobs.ended(Job.State.CANCELED, code, message))


def _record(job: Job, event_type: EventType, status: str, actor: ActingFor) -> None:
    events.record(
        event_type,
        actor=actor,
        organization_id=job.organization_id,
        agent_id=job.agent_id,
        subject_id=job.pk,
        operation=job.operation,
        status=status,
        summary=f"Approval {status}",
        links={"job_id": job.pk},
        credits=job.credits_required,
    )
