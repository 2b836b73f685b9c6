"""Jobs: the guarded door, and the only transitions there are."""

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from accounts import organizations
from accounts.actor import Actor
from billing import ledger, pricing
from billing.models import Hold
from creative import leases
from creative.models import Asset, Attempt, Job
from imageskill.core import events, trace
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.events import EventType, System
from imageskill.core.ids import prefix_of
from imageskill.core.units import unit_of_work

RUNNER = System("runner")
_LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Stored:
    """One picture of an attempt, in the storage."""

    asset_id: str
    key: str
    sha256: str
    mime_type: str
    content_length: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's hold on a running job; worthless once the job's epoch has moved on."""

    job_id: str
    epoch: int
    attempt_id: int


def visible_to(actor: Actor, reference: str) -> Job:
    """Return the caller's job with its assets. JOB_NOT_FOUND: missing, or another agent's."""
    job = None
    if prefix_of(reference) == "job":
        own = Job.objects.filter(agent_id=actor.actor_id, organization_id=actor.organization_id)
        job = own.prefetch_related("assets").filter(pk=reference).first()
    if job is None:
        raise ApiError(
            ErrorCode.JOB_NOT_FOUND,
            suggested_command="image-skill activity list --limit 20 --json",
        )
    return job


@unit_of_work
def take(job_id: str) -> Lease | None:
    """Move a queued job to running and write the attempt that is about to call; None: it is not queued."""
    taken = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING,
        lease_epoch=F("lease_epoch") + 1,
        lease_expires_at=leases.until(),
        started_at=timezone.now(),
    )
    if not taken:
        return None
    epoch = Job.objects.values_list("lease_epoch", flat=True).get(pk=job_id)
    attempt = Attempt.objects.create(job_id=job_id, lease_epoch=epoch, started_at=timezone.now())
    return Lease(job_id, epoch, attempt.pk)


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
    Attempt.objects.filter(pk=lease.attempt_id, state=Attempt.State.CALLING).update(
        state=Attempt.State.SUBMITTED, request_id=request_id, urls=urls
    )


@unit_of_work
def stored(lease: Lease, pictures: list[Stored], *, not_stored: int, cost_micros: int) -> bool:
    """Commit that the bytes are in the storage. False: the lease is lost, and the result came too late."""
    if not _still_owned(lease).update(lease_expires_at=leases.until()):
        _late(lease, cost_micros)
        return False
    Attempt.objects.filter(pk=lease.attempt_id).update(
        state=Attempt.State.STORED,
        outputs=[asdict(picture) for picture in pictures],
        not_stored=not_stored,
        provider_cost_micros=cost_micros,
    )
    return True


@unit_of_work
def complete(lease: Lease) -> bool:
    """Make the assets of a stored attempt, settle what was delivered, and end the job. False: lease lost."""
    now = timezone.now()
    attempt = Attempt.objects.get(pk=lease.attempt_id)
    pictures = [Stored(**output) for output in attempt.outputs]
    job = Job.objects.select_related("hold").get(pk=lease.job_id)
    trace.enter(job.trace_id)
    debit = _debit(job, attempt, delivered=len(pictures))
    ended = _still_owned(lease).update(
        state=Job.State.COMPLETED, finished_at=now, settled_credits=debit, lease_expires_at=None
    )
    if not ended:
        _late(lease, attempt.provider_cost_micros)
        return False
    organizations.lock(job.organization_id)
    for position, picture in enumerate(pictures):
        _make_asset(job, position, picture)
    usage = ledger.settle(
        hold=_hold_of(job), credits=debit, provider_cost_micros=attempt.provider_cost_micros, actor=RUNNER
    )
    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.DONE, finished_at=now)
    asset_ids = [picture.asset_id for picture in pictures]
    links: dict[str, str | list[str]] = {
        "job_id": job.pk,
        "asset_ids": asset_ids,
        "usage_event_id": usage.pk,
    }
    for asset_id in asset_ids:
        _record(job, EventType.ASSET_CREATED, asset_id, "created", "Picture created", links)
    _record(job, EventType.USAGE_CREDIT_CONSUMED, usage.pk, "consumed", f"{debit} credits spent", links, debit)
    _record(job, EventType.JOB_COMPLETED, job.pk, "completed", _ended(job, "completed"), links, debit)
    return True


def _debit(job: Job, attempt: Attempt, *, delivered: int) -> int:
    """Return what is charged: the price of what was delivered, never more than is held.

    A price that was unknown follows from the cost that the provider reports, up to the ceiling that was accepted;
    where it reports none, the ceiling is the price.
    """
    each = job.credits_per_output
    if job.pricing_confidence == "unknown" and attempt.provider_cost_micros:
        made = delivered + attempt.not_stored
        each = min(each, pricing.credits_per_image(-(-attempt.provider_cost_micros // made)))
    return min(_hold_of(job).credits, each * delivered)


def _make_asset(job: Job, position: int, picture: Stored) -> None:
    Asset.objects.create(
        id=picture.asset_id,
        organization_id=job.organization_id,
        agent_id=job.agent_id,
        job=job,
        kind=Asset.Kind.GENERATED,
        position=position,
        storage_key=picture.key,
        mime_type=picture.mime_type,
        content_length=picture.content_length,
        width=picture.width,
        height=picture.height,
        sha256=picture.sha256,
        created_at=timezone.now(),
    )


@unit_of_work
def fail(
    lease: Lease,
    *,
    code: ErrorCode,
    message: str,
    cost_micros: int = 0,
    exposed: bool = False,
    state: Job.State = Job.State.FAILED,
) -> bool:
    """End a running job without a picture and release its hold. False: the lease is lost.

    `exposed`: the provider may have worked for us although nobody will see the result; the house bears it.
    """
    job = Job.objects.select_related("hold").get(pk=lease.job_id)
    if not _still_owned(lease).update(**_end(state, code, message)):
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
    if not Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(**_end(state, code, message)):
        return False
    _release(Job.objects.select_related("hold").get(pk=job.pk), state, code)
    return True


def _end(state: Job.State, code: ErrorCode, message: str) -> dict[str, object]:
    return {
        "state": state,
        "error_code": code.name,
        "error_message": message.replace("\x00", "")[:_LONGEST_MESSAGE],
        "safety_status": "denied" if code is ErrorCode.CONTENT_POLICY_DENIED else "allowed",
        "finished_at": timezone.now(),
        "lease_expires_at": None,
    }


def _release(job: Job, state: Job.State, code: ErrorCode) -> None:
    trace.enter(job.trace_id)
    organizations.lock(job.organization_id)
    ledger.release(hold=_hold_of(job), actor=RUNNER, reason=code.name.lower())
    _record(job, EventType.JOB_COMPLETED, job.pk, str(state), _ended(job, str(state)), {"job_id": job.pk}, 0)


def _still_owned(lease: Lease) -> QuerySet[Job]:
    return Job.objects.filter(pk=lease.job_id, lease_epoch=lease.epoch, state=Job.State.RUNNING)


def _late(lease: Lease, cost_micros: int) -> None:
    """Note a result that nobody waits for any more. Its cost is the house's, or the superseding attempt's."""
    unfinished = Attempt.objects.filter(pk=lease.attempt_id).exclude(state=Attempt.State.DONE)
    cost = Case(When(state=Attempt.State.SUPERSEDED, then=Value(0)), default=Value(cost_micros))
    unfinished.update(state=Attempt.State.LATE_RESULT, provider_cost_micros=cost, finished_at=timezone.now())


def _hold_of(job: Job) -> Hold:
    if job.hold is None:
        raise AssertionError(f"{job.pk} has no hold")
    return job.hold


def _ended(job: Job, how: str) -> str:
    return f"{job.operation.capitalize()} job {how}"


def _record(
    job: Job,
    event_type: EventType,
    subject_id: str,
    status: str,
    summary: str,
    links: dict[str, str | list[str]],
    credits: int | None = None,
) -> None:
    events.record(
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
