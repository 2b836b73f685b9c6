"""Running one job: the provider is called and the bytes are stored between short transactions, never inside.

    take (running, attempt `calling`) -> provider -> storage -> `stored` -> complete (assets, settle, events)

Whoever dies in between leaves a lease that expires; `sweeping` then resumes or fails the job.
"""

import hashlib
import logging
import time
from typing import Final

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from billing import authorisations
from creative import (
    images,
    inputs,
    jobs,
    leases,
    offers,
    quarantine,
    refusals,
    registry,
    standing,
    storage,
    switches,
    turns,
    waiting,
)
from creative.delivering import Stored
from creative.images import Cleaned, NotAPicture
from creative.jobs import Lease
from creative.models import Attempt, Job
from creative.providers.base import (
    Failure,
    Picture,
    ProviderCall,
    ProviderError,
    ProviderResult,
    Submission,
)
from creative.standing import Standing
from creative.storage import StorageError
from creative.turns import Taken
from imageskill.core import ids, metrics, spans, trace
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.messages import send
from imageskill.core.statements import Select
from imageskill.core.units import forbid_inside, release_connection

logger = logging.getLogger("imageskill.execution")

_CODES = {
    Failure.REFUSED: ErrorCode.CONTENT_POLICY_DENIED,
    Failure.FAILED: ErrorCode.PROVIDER_FAILURE,
    Failure.UNAVAILABLE: ErrorCode.PROVIDER_UNAVAILABLE,
    Failure.UNUSABLE: ErrorCode.PROVIDER_UNAVAILABLE,
    Failure.TIMED_OUT: ErrorCode.TIMEOUT,
    Failure.CANCELED: ErrorCode.JOB_CANCELED,
}


def run(job_id: str) -> None:
    """Run a queued job to its end, or go on with one whose worker is gone. Any other job is left alone."""
    taken = turns.claim(job_id)
    if taken is not None:
        carry_out(taken)


def carry_out(taken: Taken) -> None:
    """Bring a job that this process has taken to its end."""
    job = taken.job
    # Before its span begins: a job stands in the trace of the request that asked for it.
    trace.enter(job.trace_id)
    with spans.span("job", kind="consumer", imageskill__job_id=job.pk, model=job.model_id):
        if taken.attempt is None:
            _work(taken.lease, job, resumed=None)
        else:
            resume(taken.lease, job, taken.attempt)


def resume(lease: Lease, job: Job, attempt: Attempt) -> None:
    """Go on with a job whose worker is gone, from what its attempt committed."""
    if attempt.state == Attempt.State.STORED:
        with _owned(lease, job):
            jobs.complete(lease)
        return
    _work(lease, job, resumed=attempt)


class _owned:  # noqa: N801 - reads as a phrase
    """Renews the lease while the block runs, sets the job's trace, and wakes the waiters afterwards."""

    def __init__(self, lease: Lease, job: Job) -> None:
        self._lease = lease
        self._job = job

    def __enter__(self) -> None:
        trace.enter(self._job.trace_id)
        leases.hold(self._lease.job_id, self._lease.epoch)

    def __exit__(self, *_: object) -> None:
        leases.let_go(self._lease.job_id, self._lease.epoch)
        turns.release(self._lease, self._job.model_id)
        waiting.announce(self._lease.job_id)


def _work(lease: Lease, job: Job, *, resumed: Attempt | None) -> None:
    result: ProviderResult | None = None
    with _owned(lease, job):
        try:
            result = _result(lease, job, resumed)
            if result is not None:
                _keep(lease, job, result)
        except ProviderError as error:
            provider_id = offers.described(job.model_id).provider_id
            logger.warning(
                "provider gave no picture",
                extra={"fields": {"provider": provider_id, "model": job.model_id, "failure": str(error.failure)}},
            )
            switches.heed(error, provider_id)
            jobs.fail(
                lease,
                code=_CODES[error.failure],
                message=error.message,
                cost_micros=error.cost_micros,
                exposed=error.exposed,
                state=Job.State.CANCELED if error.failure is Failure.CANCELED else Job.State.FAILED,
            )
            if error.failure in (Failure.REFUSED, Failure.CANCELED):
                refusals.note(job)
        except (OperationalError, InterfaceError, ApiError):
            # The database is away, or refused a unit of work four times (the only ApiError there is here).
            # What is committed stands; the sweeper goes on from there once the database is back.
            raise
        except Exception:
            # A fault of ours must not leave the credits held until the lease expires.
            logger.exception("job failed by a fault of the service")
            jobs.fail(
                lease,
                # What was made may be paid for: a repeat of the key would buy it again.
                code=ErrorCode.INTERNAL_ERROR if result is None else ErrorCode.ARTIFACT_STORAGE_WRITE_FAILED,
                message="The service failed while it made the picture; nothing is charged.",
                cost_micros=_cost(job, result) if result is not None else 0,
                exposed=True,
            )


def _result(lease: Lease, job: Job, resumed: Attempt | None) -> ProviderResult | None:
    """Return what the provider made; None: the job was stopped before the call."""
    # What was submitted is paid for already: a stop ends queued jobs, running ones finish and settle.
    now = _cleared(lease, job) if resumed is None else standing.now()
    if now is None:
        return None
    entry = offers.entry_in(now, job.model_id)
    provider = registry.provider(entry.provider_id)
    if resumed is None:
        now.require_open(entry)
    # What was submitted is at the provider already; only a new call needs the pictures again.
    pictures, mask = inputs.read(inputs.of_job(job)) if resumed is None else ((), None)
    call = ProviderCall(
        operation=job.operation,
        model=entry.provider_model,
        prompt=job.prompt,
        parameters=job.parameters,
        output_count=job.output_count,
        inputs=pictures,
        mask=mask,
        timeout_seconds=_seconds_left(job),
        submission=Submission(resumed.request_id, resumed.urls) if resumed is not None else None,
        on_submitted=lambda submission: jobs.submitted(
            lease, request_id=submission.request_id, urls=dict(submission.urls)
        ),
        is_cancel_wanted=lambda: _asked_between_polls(job.pk),
    )
    forbid_inside("calling a provider")
    release_connection()
    started = time.monotonic()
    with (
        spans.span("provider call", kind="client", provider=entry.provider_id, model=entry.id),
        metrics.provider_call(entry.provider_id),
    ):
        result = provider.generate(call)
    logger.info(
        "provider answered",
        extra={"fields": {"provider": entry.provider_id, "seconds": round(time.monotonic() - started, 3)}},
    )
    return result


_STATE: Final = Select(
    lambda pk: Job.objects.filter(pk=pk).values_list("state", "lease_epoch", "cancel_requested_at")
)


def _cleared(lease: Lease, job: Job) -> Standing | None:
    """Return what holds for the models right before a call; None: the job is not to be called any more."""
    now: Standing
    token, [(state, epoch, cancel_requested_at)], now = send(
        authorisations.asked_token(job.token_id), _STATE.asked_rows(pk=job.pk), standing.asked()
    )
    # One that was lost has been ended or taken over by somebody else: a call of it would be paid for nothing.
    if (state, epoch) != (Job.State.RUNNING, lease.epoch):
        logger.warning("job was lost before its call")
        return None
    stopped = authorisations.why_stopped_of(token, organization_id=job.organization_id)
    if stopped is not None:
        jobs.fail(
            lease,
            code=stopped.code,
            message=stopped.message,
            reason=stopped.reason,
            state=Job.State.CANCELED,
        )
        return None
    if cancel_requested_at is not None:
        jobs.fail(lease, code=ErrorCode.JOB_CANCELED, message=jobs.CANCELED_IN_TIME, state=Job.State.CANCELED)
        return None
    return None if _is_refused_too_often(lease, job) else now


def _is_refused_too_often(lease: Lease, job: Job) -> bool:
    """End a job that may cost money and whose agent providers refused too often; say whether it was."""
    may_cost = job.cost_micros > 0 or job.pricing_confidence == "unknown"
    refused = refusals.refusal_for(job.agent_id) if may_cost else None
    if refused is not None:
        jobs.fail(lease, code=refused.code, message=refused.message, reason="provider_refusals")
    return refused is not None


def _asked_between_polls(job_id: str) -> bool:
    """Say whether a cancel is wanted, and keep no connection until the next poll."""
    [(_, _, cancel_requested_at)] = _STATE.rows(pk=job_id)
    release_connection()
    return cancel_requested_at is not None


def _seconds_left(job: Job) -> float:
    if job.deadline_at is None:
        raise AssertionError(f"{job.pk} has no deadline")
    left = (job.deadline_at - timezone.now()).total_seconds()
    if left <= 0:
        raise ProviderError(Failure.TIMED_OUT, "The job passed its deadline before a provider was called.")
    return left


def _keep(lease: Lease, job: Job, result: ProviderResult) -> None:
    """Check and store the pictures, then end the job; what was not asked for is dropped."""
    cost = _cost(job, result)
    pictures = [_checked(picture) for picture in result.pictures[: job.output_count]]
    good = [picture for picture in pictures if picture is not None]
    if not good:
        raise ProviderError(Failure.FAILED, "The provider returned no picture.", cost_micros=cost)
    release_connection()
    kept: list[Stored] = []
    for position, (made, sha256) in enumerate(good):
        stored = _store(lease, position, made, sha256)
        if stored is not None:
            kept.append(stored)
    if not kept:
        jobs.fail(
            lease,
            code=ErrorCode.ARTIFACT_STORAGE_WRITE_FAILED,
            message="The picture was made but could not be stored; nothing is charged.",
            cost_micros=cost,
            exposed=True,
        )
        return
    if jobs.stored(
        lease,
        kept,
        not_stored=len(good) - len(kept),
        cost_micros=cost,
        cost_was_reported=result.cost_micros is not None,
    ):
        switches.judge(job, cost_micros=result.cost_micros or 0, made=len(good))
        jobs.complete(lease)
        return
    for late in kept:
        storage.remove(late.key)


def _cost(job: Job, result: ProviderResult) -> int:
    """Return what a call cost the house: the provider's word, else the catalogue's price of what it made."""
    if result.cost_micros is not None:
        return result.cost_micros
    return job.cost_micros * min(len(result.pictures), job.output_count) // job.output_count


def _checked(picture: Picture) -> tuple[Cleaned, str] | None:
    """Return a picture as it will be kept and its SHA-256; None: it is none, or one that nobody may keep here."""
    try:
        made = images.check_output(picture.data)
    except NotAPicture:
        return None
    sha256 = hashlib.sha256(made.data).hexdigest()
    return None if quarantine.blocks(sha256) else (made, sha256)


def _store(lease: Lease, position: int, made: Cleaned, sha256: str) -> Stored | None:
    key = storage.picture_key(
        job_id=lease.job_id, attempt_id=lease.attempt_id, position=position, mime_type=made.mime_type
    )
    try:
        storage.write(key, made.data)
    except StorageError:
        return None
    return Stored(
        asset_id=ids.new_id("image"),
        key=key,
        sha256=sha256,
        mime_type=made.mime_type,
        content_length=len(made.data),
        width=made.width,
        height=made.height,
    )
