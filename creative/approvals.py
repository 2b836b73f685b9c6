"""Plans over the owner's threshold: they wait, are approved once or denied, or end undecided.

A waiting plan holds nothing. Approving checks everything again under the lock: the pause, every cap, the price.
"""

from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from accounts import organizations
from accounts.actor import Actor
from accounts.models import AgentToken
from billing import authorisations, decisions, pricing
from billing.decisions import ApprovalNeededError
from billing.spendable import Request
from creative import jobs, leases, offers, placing, queue
from creative.catalogue.costs import provider_cost
from creative.models import Approval, Job
from creative.planning import Plan
from imageskill.core import events, idempotency
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.events import ActingFor, EventType, System
from imageskill.core.idempotency import Claimed
from imageskill.core.instants import instant
from imageskill.core.units import unit_of_work

LIFETIME: Final = timedelta(minutes=15)
DENIED_FOR: Final = timedelta(hours=24)
MOST_WAITING: Final = 5
SWEEPER: Final = System("approvals")


def request(*, actor: Actor, plan: Plan, key: Claimed | None, needed: ApprovalNeededError) -> ApiError:
    """Make the card of a plan, or find the one that it has; return what its caller is told."""
    job = _card(actor, plan, key, needed)
    decisions.record_refused(needed.draft, job_id=job.pk)
    return required(job)


@unit_of_work
def _card(actor: Actor, plan: Plan, key: Claimed | None, needed: ApprovalNeededError) -> Job:
    organizations.lock(actor.organization_id)
    row = idempotency.find(key) if key is not None else None
    if row is not None:
        bound = jobs.visible_to(actor, row.object_id)
        if bound.state == Job.State.AWAITING_APPROVAL:
            return bound
    job = placing.new_job(actor, plan, state=Job.State.AWAITING_APPROVAL)
    digest = placing.plan_sha256(job)
    own = Approval.objects.filter(agent_id=actor.actor_id, organization_id=actor.organization_id)
    _refuse_denied(own.filter(plan_sha256=digest))
    waiting = own.filter(state=Approval.State.WAITING)
    same = waiting.filter(plan_sha256=digest).select_related("job").first()
    if same is not None:
        job = same.job
    else:
        _refuse_too_many(waiting.count())
        _make(job, digest, needed)
    if key is not None:
        idempotency.bind(key, object_id=job.pk)
    return job


def _make(job: Job, digest: str, needed: ApprovalNeededError) -> None:
    now = timezone.now()
    job.deadline_at = now + LIFETIME
    job.save(force_insert=True)
    Approval.objects.create(
        job=job,
        organization_id=job.organization_id,
        agent_id=job.agent_id,
        plan_sha256=digest,
        credits=job.credits_required,
        threshold=needed.recovery["approval_threshold_credits"],
        requested_at=now,
        expires_at=now + LIFETIME,
    )
    _record(job, EventType.APPROVAL_REQUESTED, "waiting", System("approvals"))


def _refuse_denied(same: Any) -> None:  # noqa: ANN401 - a queryset of approvals
    denied = same.filter(state=Approval.State.DENIED, decided_at__gt=timezone.now() - DENIED_FOR)
    last = denied.order_by("-decided_at").first()
    if last is not None:
        raise ApiError(
            ErrorCode.CAPABILITY_DENIED,
            "The owner denied exactly this plan. Plan something else, or ask the owner.",
            reason="plan_denied",
            owner_message=last.reason or None,
            job_id=last.job_id,
            until=instant(last.decided_at + DENIED_FOR),
        )


def _refuse_too_many(waiting: int) -> None:
    if waiting >= MOST_WAITING:
        raise ApiError(
            ErrorCode.RATE_LIMITED,
            f"{waiting} plans wait for the owner already; at most {MOST_WAITING} may.",
            reason="approvals_waiting",
            retry_after_seconds=60,
            cap=MOST_WAITING,
            used=waiting,
        )


def required(job: Job) -> ApiError:
    """Return the refusal of a plan that waits: the same for each call that asks for it."""
    card = Approval.objects.get(job=job)
    return ApiError(
        ErrorCode.APPROVAL_REQUIRED,
        f"This costs {card.credits} credits; the owner approves what is over {card.threshold}. It waits until "
        f"{instant(card.expires_at)}.",
        reason="awaiting_approval",
        job_id=job.pk,
        approval={
            "state": card.state,
            "job_id": job.pk,
            "credits": card.credits,
            "threshold_credits": card.threshold,
            "requested_at": instant(card.requested_at),
            "expires_at": instant(card.expires_at),
        },
        suggested_command=f"image-skill jobs wait {job.pk} --json",
    )


def approve(*, job_id: str, decider: ActingFor) -> Job:
    """Let exactly this plan run, once, and start it. The exact refusal: something has changed since.

    JOB_NOT_CANCELABLE: it is decided already, or its time is over.
    """
    job = _approve(job_id, decider)
    if job is None:
        raise ApiError(
            ErrorCode.CAPABILITY_DENIED,
            "The plan would cost more than was shown. It is denied; the agent may ask anew.",
            reason="plan_changed",
            job_id=job_id,
        )
    queue.enqueue(job.pk)
    return job


@unit_of_work
def _approve(job_id: str, decider: ActingFor) -> Job | None:
    _decide(job_id, Approval.State.APPROVED, decider, "")
    job = Job.objects.select_related("agent", "approval").get(pk=job_id)
    organizations.lock(job.organization_id)
    now_credits = _price_now(job)
    if now_credits is None or now_credits > job.credits_required:
        Approval.objects.filter(pk=job_id).update(state=Approval.State.DENIED, reason="plan_changed")
        _end(job, ErrorCode.CAPABILITY_DENIED, "The plan would have cost more than the owner was shown.")
        return None
    preview = offers.preview_models()
    hold = authorisations.authorise(
        actor=_actor_of(job),
        job_id=job.pk,
        request=Request(
            model_id=job.model_id,
            credits=job.credits_required,
            free_allowed=job.model_id in preview,
            free_alternative=preview[-1] if preview else None,
            approved=True,
        ),
        price_version=job.price_version,
    )
    now = timezone.now()
    Job.objects.filter(pk=job.pk, state=Job.State.AWAITING_APPROVAL).update(
        state=Job.State.QUEUED, hold=hold, deadline_at=now + jobs.deadline(), lease_expires_at=leases.until()
    )
    _record(job, EventType.APPROVAL_DECIDED, "approved", decider)
    return job


@unit_of_work
def deny(*, job_id: str, decider: ActingFor, reason: str) -> None:
    """Refuse a plan with a reason that its agent is told; the same plan is refused for a day."""
    _decide(job_id, Approval.State.DENIED, decider, reason)
    job = Job.objects.get(pk=job_id)
    organizations.lock(job.organization_id)
    _end(job, ErrorCode.CAPABILITY_DENIED, f"The owner denied it: {reason}" if reason else "The owner denied it.")
    _record(job, EventType.APPROVAL_DECIDED, "denied", decider)


def expire_due() -> int:
    """End the plans that nobody decided in time; return how many."""
    due = Approval.objects.filter(state=Approval.State.WAITING, expires_at__lte=timezone.now())
    return sum(_expire(job_id) for job_id in due.values_list("pk", flat=True)[:200])


@unit_of_work
def _expire(job_id: str) -> bool:
    waiting = Approval.objects.filter(pk=job_id, state=Approval.State.WAITING)
    if not waiting.update(state=Approval.State.EXPIRED, decided_at=timezone.now()):
        return False
    job = Job.objects.get(pk=job_id)
    organizations.lock(job.organization_id)
    _end(job, ErrorCode.APPROVAL_REQUIRED, "Nobody decided within 15 minutes.")
    _record(job, EventType.APPROVAL_DECIDED, "expired", SWEEPER)
    return True


def _decide(job_id: str, state: Approval.State, decider: ActingFor, reason: str) -> None:
    now = timezone.now()
    waiting = Approval.objects.filter(pk=job_id, state=Approval.State.WAITING, expires_at__gt=now)
    decided = waiting.update(
        state=state,
        decided_at=now,
        decider_type=decider.actor_type,
        decider_id=decider.actor_id,
        reason=reason[:200],
    )
    if not decided:
        raise ApiError(
            ErrorCode.JOB_NOT_CANCELABLE, "This plan does not wait for a decision any more.", job_id=job_id
        )


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


def _actor_of(job: Job) -> Actor:
    """Return the agent with a token that is good now: the one it asked with may have been rotated since."""
    tokens = AgentToken.objects.filter(agent=job.agent, revoked_at=None).order_by("-created_at")
    token = tokens.first()
    if token is None:
        raise ApiError(ErrorCode.CAPABILITY_DENIED, "The agent has no token any more.", reason="no_token")
    Job.objects.filter(pk=job.pk).update(token_id=token.pk)
    return Actor(agent=job.agent, token=token)


def _end(job: Job, code: ErrorCode, message: str) -> None:
    Job.objects.filter(pk=job.pk, state=Job.State.AWAITING_APPROVAL).update(
        state=Job.State.CANCELED,
        error_code=code.name,
        error_message=message[:300],
        finished_at=timezone.now(),
        lease_expires_at=None,
    )


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
