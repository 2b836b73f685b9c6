"""Jobs: the guarded door, and the only transitions there are."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from accounts import organizations
from accounts.actor import Actor
from billing import ledger
from billing.models import Hold
from creative import delivering, leases, transitions
from creative.catalogue import loader
from creative.delivering import Stored
from creative.models import Attempt, Job
from imageskill.core import events, metrics, trace
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.events import EventType, System
from imageskill.core.ids import prefix_of
from imageskill.core.messages import Statement, ask, send
from imageskill.core.models import ActivityEvent
from imageskill.core.rows import insert, inserted
from imageskill.core.statements import Select
from imageskill.core.units import unit_of_work
from imageskill.core.wording import in_credits

RUNNER = System("runner")
CANCELED_IN_TIME = "The job was canceled by its agent before its picture was made; nothing is charged."
_LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's hold on a running job; worthless once the job's epoch has moved on."""

    job_id: str
    epoch: int
    attempt_id: int


_OWN: Final = Select(
    lambda pk, agent_id, organization_ids: Job.objects.filter(
        pk=pk, agent_id=agent_id, organization__pk__in=organization_ids
    )
)


def visible_to(actor: Actor, reference: str) -> Job:
    """Return the caller's job. JOB_NOT_FOUND: missing, or another agent's."""
    if prefix_of(reference) != "job":
        raise _not_found()
    return ask(asked(actor, reference))


def asked(actor: Actor, job_id: str) -> Statement[Job]:
    """Return the statement behind `visible_to`, to be sent with others."""
    own = _OWN.asked_first(pk=job_id, agent_id=actor.actor_id, organization_ids=actor.organization_ids)

    def found(job: Job | None) -> Job:
        if job is None:
            raise _not_found()
        return job

    return own.then(found)


def _not_found() -> ApiError:
    return ApiError(ErrorCode.JOB_NOT_FOUND, suggested_command="image-skill activity list --limit 20 --json")


def is_free_again(job: Job) -> bool:
    """Say whether a job ended without a charge, so that its key may make a new attempt.

    Not when its picture could not be stored: that one may have been paid for, so its failure is replayed.
    """
    return (
        job.state in (Job.State.FAILED, Job.State.CANCELED)
        and job.error_code != ErrorCode.ARTIFACT_STORAGE_WRITE_FAILED.name
    )


def listed(actor: Actor, *, status: str | None, operation: str | None) -> QuerySet[Job]:
    """Return the caller's jobs with their assets. INVALID_ARGUMENTS: no such status or operation."""
    rows = Job.objects.filter(agent_id=actor.actor_id, organization_id__in=actor.organization_ids)
    for name, value, known in (("status", status, Job.State.values), ("operation", operation, ["create", "edit"])):
        if value is not None and value not in known:
            raise invalid_fields({name: [f"must be one of {', '.join(known)}"]})
    given = {"state": status, "operation": operation}
    narrowed = rows.filter(**{name: value for name, value in given.items() if value is not None})
    return narrowed.prefetch_related("assets")


@unit_of_work
def take(job_id: str) -> Lease | None:
    """Move a queued job to running and write the attempt that is about to call; None: it is not queued."""
    job = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).first()
    return take_queued(job) if job is not None else None


def begin(job: Job) -> Attempt:
    """Make an unwritten job a running one, and return the unwritten attempt that is about to call."""
    job.state, job.lease_epoch, job.started_at = Job.State.RUNNING, 1, timezone.now()
    return Attempt(job_id=job.pk, lease_epoch=job.lease_epoch, started_at=job.started_at)


@unit_of_work
def take_queued(job: Job) -> Lease | None:
    """Take a job as just read; None: somebody else has taken or ended it."""
    now = timezone.now()
    if not transitions.TAKEN.run(pk=job.pk, epoch=job.lease_epoch, lease=leases.length(), at=now):
        return None
    attempt = Attempt(job_id=job.pk, lease_epoch=job.lease_epoch + 1, started_at=now)
    insert(attempt)
    return Lease(job.pk, attempt.lease_epoch, attempt.pk)


@unit_of_work
def requeue(job: Job) -> bool:
    """Renew the lease of a queued job that waited too long for a worker. False: somebody was faster."""
    waiting_still = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED, lease_expires_at__lt=Now())
    return bool(waiting_still.update(lease_expires_at=leases.until()))


@unit_of_work
def take_over(job: Job) -> tuple[Lease, Attempt] | None:
    """Take over the expired lease of a running job; None: it was not free.

    What the last attempt had submitted or stored goes on in an attempt of its own, so that a worker that
    wakes up late writes to other object keys than the one that took its place.
    """
    free = Job.objects.filter(
        pk=job.pk, state=Job.State.RUNNING, lease_epoch=job.lease_epoch, lease_expires_at__lt=Now()
    )
    if not free.update(lease_epoch=F("lease_epoch") + 1, lease_expires_at=leases.until()):
        return None
    epoch = job.lease_epoch + 1
    attempt = Attempt.objects.filter(job=job).latest("pk")
    if attempt.state in (Attempt.State.SUBMITTED, Attempt.State.STORED):
        Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.SUPERSEDED, provider_cost_micros=0)
        attempt.pk = None
        attempt._state.adding = True  # noqa: SLF001 - Django's documented way to copy a row
        attempt.lease_epoch = epoch
        attempt.save()
    return Lease(job.pk, epoch, attempt.pk), attempt


@unit_of_work
def submitted(lease: Lease, *, request_id: str, urls: dict[str, str]) -> None:
    """Commit what a queue provider answered, so that the call can be resumed after a crash."""
    transitions.SUBMITTED.run(attempt_id=lease.attempt_id, request_id=request_id, urls=urls)


@unit_of_work
def stored(
    lease: Lease, pictures: list[Stored], *, not_stored: int, cost_micros: int, cost_was_reported: bool
) -> bool:
    """Commit that the bytes are in the storage. False: the lease is lost, and the result came too late."""
    if not transitions.RENEWED.run(pk=lease.job_id, epoch=lease.epoch, lease=leases.length()):
        _late(lease, cost_micros)
        return False
    transitions.STORED.run(
        attempt_id=lease.attempt_id,
        outputs=[asdict(picture) for picture in pictures],
        not_stored=not_stored,
        cost_micros=cost_micros,
        cost_was_reported=cost_was_reported,
    )
    return True


@unit_of_work
def complete(lease: Lease) -> bool:
    """Make the assets of a stored attempt, settle what was delivered, and end the job. False: lease lost."""
    now = timezone.now()
    attempt = _attempt(lease)
    pictures = [Stored(**output) for output in attempt.outputs]
    job = attempt.job
    trace.enter(job.trace_id)
    debit = delivering.debit(job, attempt, delivered=len(pictures), held=_hold_of(job).credits)
    completed, _, *kept = send(
        transitions.COMPLETED.asked(pk=job.pk, epoch=lease.epoch, debit=debit, at=now),
        organizations.locked_with_successors(job.organization),
        *(delivering.asked_key(job, picture) for picture in pictures),
    )
    if not completed:
        _late(lease, attempt.provider_cost_micros)
        return False
    usage = ledger.settle(
        hold=_hold_of(job), credits=debit, provider_cost_micros=attempt.provider_cost_micros, actor=RUNNER
    )
    asset_ids = [picture.asset_id for picture in pictures]
    links: dict[str, str | list[str]] = {
        "job_id": job.pk,
        "asset_ids": asset_ids,
        "usage_event_id": usage.pk,
    }
    spent, done = f"{in_credits(debit)} spent", f"{job.operation.capitalize()} job completed"
    told = [
        *(_told(job, EventType.ASSET_CREATED, pk, "created", "Picture created", links) for pk in asset_ids),
        _told(job, EventType.USAGE_CREDIT_CONSUMED, usage.pk, "consumed", spent, links, debit),
        _told(job, EventType.JOB_COMPLETED, job.pk, "completed", done, links, debit),
    ]
    send(
        inserted(*delivering.assets(job, pictures, kept)),
        transitions.DONE.asked(attempt_id=attempt.pk, at=now),
        *events.recorded(told),
    )
    _count(job, Job.State.COMPLETED)
    return True


@unit_of_work
def fail(
    lease: Lease,
    *,
    code: ErrorCode,
    message: str,
    reason: str = "",
    cost_micros: int = 0,
    exposed: bool = False,
    state: Job.State = Job.State.FAILED,
) -> bool:
    """End a running job without a picture and release its hold. False: the lease is lost.

    `exposed`: the provider may have worked for us although nobody will see the result; the house bears it.
    """
    job = _attempt(lease).job
    # Nobody said what it cost: then what the catalogue says is booked to the house.
    cost_micros = cost_micros or (job.cost_micros if exposed else 0)
    if not transitions.owned(lease.job_id, lease.epoch).update(**ended(state, code, message, reason=reason)):
        _late(lease, cost_micros)
        return False
    Attempt.objects.filter(pk=lease.attempt_id).update(
        state=Attempt.State.HOUSE_EXPOSURE if exposed else Attempt.State.FAILED,
        provider_cost_micros=cost_micros,
        finished_at=timezone.now(),
    )
    _release(job, state, code)
    return True


@unit_of_work
def end_queued(job: Job, *, state: Job.State, code: ErrorCode, message: str) -> bool:
    """End a job that no worker has taken, and release its hold. False: it is not queued any more."""
    if not Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(**ended(state, code, message)):
        return False
    _release(_with_money(job.pk), state, code)
    return True


def ended(state: Job.State, code: ErrorCode, message: str, *, reason: str = "") -> dict[str, Any]:
    """Return the columns of a job that ends without a picture; `reason` is the recovery's word for it."""
    return {
        "state": state,
        "error_code": code.name,
        "error_message": message.replace("\x00", "")[:_LONGEST_MESSAGE],
        "error_reason": reason,
        "safety_status": "denied" if code is ErrorCode.CONTENT_POLICY_DENIED else "allowed",
        "finished_at": timezone.now(),
        "lease_expires_at": None,
    }


def _release(job: Job, state: Job.State, code: ErrorCode) -> None:
    trace.enter(job.trace_id)
    organizations.lock_with_successors(job.organization)
    ledger.release(hold=_hold_of(job), actor=RUNNER, reason=code.name.lower())
    links: dict[str, str | list[str]] = {"job_id": job.pk}
    summary = f"{job.operation.capitalize()} job {state}"
    events.record_all([_told(job, EventType.JOB_COMPLETED, job.pk, str(state), summary, links, 0)])
    _count(job, state)


def _count(job: Job, state: Job.State) -> None:
    """Count the end of a job, once it is committed."""
    entry = loader.current().find(job.model_id)
    provider_id = entry.provider_id if entry is not None else "unknown"
    transaction.on_commit(partial(metrics.job_ended, str(state), provider_id), robust=True)


def _attempt(lease: Lease) -> Attempt:
    """Return a lease's attempt with its job, as an end needs them."""
    found = transitions.ENDING.first(attempt_id=lease.attempt_id)
    if found is None:
        raise Attempt.DoesNotExist(lease.attempt_id)
    return found


def _late(lease: Lease, cost_micros: int) -> None:
    """Note a result that nobody waits for any more. Its cost is the house's, or the superseding attempt's."""
    unfinished = Attempt.objects.filter(pk=lease.attempt_id).exclude(state=Attempt.State.DONE)
    cost = Case(When(state=Attempt.State.SUPERSEDED, then=Value(0)), default=Value(cost_micros))
    unfinished.update(state=Attempt.State.LATE_RESULT, provider_cost_micros=cost, finished_at=timezone.now())


def _with_money(job_id: str) -> Job:
    return Job.objects.select_related("hold", "organization").get(pk=job_id)


def _hold_of(job: Job) -> Hold:
    if job.hold is None:
        raise AssertionError(f"{job.pk} has no hold")
    return job.hold


def _told(
    job: Job,
    event_type: EventType,
    subject_id: str,
    status: str,
    summary: str,
    links: dict[str, str | list[str]],
    credits: int | None = None,
) -> ActivityEvent:
    return events.draft(
        event_type,
        actor=RUNNER,
        organization_id=job.organization_id,
        agent_id=job.agent_id,
        subject_id=subject_id,
        operation="usage" if event_type is EventType.USAGE_CREDIT_CONSUMED else job.operation,
        status=status,
        summary=summary,
        links=links,
        cost_micros=job.cost_micros if event_type is EventType.JOB_COMPLETED else None,
        credits=credits,
    )


def deadline() -> timedelta:
    """Return how long a job may take from its creation."""
    return timedelta(seconds=settings.JOB_TIMEOUT_SECONDS)
