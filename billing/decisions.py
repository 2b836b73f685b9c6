"""Judging a request by the mandate, and keeping the record of what was decided and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Value
from django.db.models.functions import Greatest

from billing import mandates
from billing.mandates import Counter
from billing.models import CreditAccount, Decision, Hold, Mandate
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.instants import instant
from imageskill.core.units import database_now, unit_of_work
from imageskill.core.wording import in_credits

MERGED: Final = timedelta(seconds=60)
"""Equal denials within this time are one row with a count, so that a loop of refusals fills no table."""
MANDATE_COMMAND: Final = "image-skill whoami --json"
CODES: Final = {
    "mandate_ended": ErrorCode.CAPABILITY_DENIED,
    "model_not_allowed": ErrorCode.CAPABILITY_DENIED,
    "plan_denied": ErrorCode.CAPABILITY_DENIED,
    "threshold_request": ErrorCode.APPROVAL_REQUIRED,
    "threshold_recent_spending": ErrorCode.APPROVAL_REQUIRED,
    **{f"cap_{name}": ErrorCode.SPEND_CAP_EXCEEDED for name in mandates.WINDOWS},
}
"""What the agent is answered with, by the reason that a decision keeps."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision before it is written: everything was read under the organization's lock."""

    mandate: Mandate
    counters: tuple[Counter, ...]
    needed: int
    ledger_seq: int
    decided_at: datetime
    reason: str
    outcome: Decision.Outcome
    approved: bool = False


class RefusedError(ApiError):
    """A refusal by the mandate; its `draft` is written once the lock is let go."""

    draft: Draft


class ApprovalNeededError(RefusedError):
    """The plan is over the owner's threshold; it may wait for a decision."""


def code_of(decision: Decision) -> str:
    """Return the code that the agent was answered with; a reason of a later version is its own."""
    code = CODES.get(decision.reason)
    return code.name if code is not None else decision.reason.upper()


def judge(*, mandate: Mandate, model_id: str, needed: int, at: datetime, approved: bool) -> Draft:
    """Return the allowing decision, or raise the exact refusal with its draft.

    `approved`: an owner has approved exactly this plan, so the threshold does not ask again; every cap holds.
    """
    counted = mandates.counters(mandate, at)
    recent = 0 if approved else mandates.unapproved_recently(mandate, at)

    def draft(reason: str, outcome: Decision.Outcome) -> Draft:
        return Draft(mandate, tuple(counted), needed, _seq(mandate), at, reason, outcome, approved)

    denied = Decision.Outcome.DENIED
    if mandate.ends_at is not None and mandate.ends_at <= at:
        raise _with(_ended(mandate), draft("mandate_ended", denied))
    if mandate.allowed_models is not None and model_id not in mandate.allowed_models:
        raise _with(_model_refused(mandate, model_id), draft("model_not_allowed", denied))
    for counter in counted:
        if not counter.allows(needed):
            raise _with(_over(counter, needed), draft(f"cap_{counter.window}", denied))
    threshold = mandate.approval_threshold
    if threshold is not None and not approved and recent + needed > threshold:
        over_alone = needed > threshold
        refusal = _needs_approval(threshold, needed, recent, over_alone=over_alone)
        reason = "threshold_request" if over_alone else "threshold_recent_spending"
        raise _with(refusal, draft(reason, Decision.Outcome.APPROVAL))
    return draft("within_limits", Decision.Outcome.ALLOWED)


def plan_denied(*, mandate: Mandate, needed: int, message: str, **recovery: Any) -> RefusedError:  # noqa: ANN401
    """Return the refusal of a plan that its owner has denied, with its draft; under the organization's lock.

    `recovery` is what the caller is told besides.
    """
    at = database_now()
    counted = tuple(mandates.counters(mandate, at))
    refusal = RefusedError(ErrorCode.CAPABILITY_DENIED, message, reason="plan_denied", **recovery)
    return _with(
        refusal,
        Draft(mandate, counted, needed, _seq(mandate), at, "plan_denied", Decision.Outcome.DENIED),
    )


def _with(refusal: RefusedError, draft: Draft) -> RefusedError:
    refusal.draft = draft
    return refusal


def _seq(mandate: Mandate) -> int:
    account = CreditAccount.objects.filter(pk=mandate.organization_id).values_list("entry_seq", flat=True)
    return account.first() or 0


def _ended(mandate: Mandate) -> RefusedError:
    return RefusedError(
        ErrorCode.CAPABILITY_DENIED,
        "What the owner allowed this agent has ended. Ask the owner for a new end date.",
        reason="mandate_ended",
        ended_at=instant(mandate.ends_at),
        suggested_command=MANDATE_COMMAND,
    )


def _model_refused(mandate: Mandate, model_id: str) -> RefusedError:
    return RefusedError(
        ErrorCode.CAPABILITY_DENIED,
        f"The owner does not allow {model_id} for this agent.",
        reason="model_not_allowed",
        allowed_models=list(mandate.allowed_models or []),
        suggested_command="image-skill usage quota --json",
    )


def _over(counter: Counter, needed: int) -> RefusedError:
    when = f" It resets at {instant(counter.resets_at)}." if counter.resets_at else ""
    spent = f"; {counter.used} are used and {counter.held} held" if counter.window != "per_job" else ""
    named = "job" if counter.window == "per_job" else counter.window
    return RefusedError(
        ErrorCode.SPEND_CAP_EXCEEDED,
        f"This needs {in_credits(needed)}. The owner's cap a {named} is {counter.cap}{spent}.{when}"
        if counter.window != "lifetime"
        else f"This needs {in_credits(needed)}. The owner's cap in all is {counter.cap}{spent}.",
        reason="owner_cap",
        window=counter.window,
        cap=counter.cap,
        used=counter.used,
        held=counter.held,
        remaining=counter.remaining,
        needed=needed,
        resets_at=instant(counter.resets_at),
        suggested_command="image-skill usage quota --json",
    )


def _needs_approval(threshold: int, needed: int, recent: int, *, over_alone: bool) -> RefusedError:
    return ApprovalNeededError(
        ErrorCode.APPROVAL_REQUIRED,
        over_threshold(threshold=threshold, needed=needed, recent=recent),
        reason="over_threshold" if over_alone else "over_threshold_with_recent_spending",
        approval_threshold_credits=threshold,
        needed=needed,
        recent_unapproved_credits=recent,
    )


def over_threshold(*, threshold: int, needed: int, recent: int) -> str:
    """Return the sentence that says why the owner is asked: for this request alone, or for the hour's as well."""
    spent = f"and {recent} {'was' if recent == 1 else 'were'} spent in the last hour without approval"
    needs = f"This needs {in_credits(needed)}"
    return f"{needs if needed > threshold else f'{needs}, {spent}'}; the owner approves what is over {threshold}."


def record_allowed(draft: Draft, hold: Hold) -> Decision:
    """Write the decision behind a hold, in the transaction that places it."""
    return _write(draft, hold=hold, job_id=hold.job_id)


@unit_of_work
def record_refused(draft: Draft, *, job_id: str = "") -> Decision:
    """Write a refusal, outside of the organization's lock; equal ones within a minute are counted on one row."""
    same = Decision.objects.filter(
        agent_id=draft.mandate.agent_id,
        mandate=draft.mandate,
        outcome=draft.outcome,
        reason=draft.reason,
        needed_credits=draft.needed,
        job_id=job_id,
        hold=None,
        decided_at__gt=draft.decided_at - MERGED,
    ).order_by("-pk")
    latest = same.values_list("pk", flat=True).first()
    if latest is not None:
        Decision.objects.filter(pk=latest).update(
            count=F("count") + 1, last_at=Greatest(F("last_at"), Value(draft.decided_at))
        )
        return Decision.objects.get(pk=latest)
    return _write(draft, hold=None, job_id=job_id)


def _write(draft: Draft, *, hold: Hold | None, job_id: str) -> Decision:
    fields: dict[str, Any] = {
        "organization_id": draft.mandate.organization_id,
        "agent_id": draft.mandate.agent_id,
        "mandate": draft.mandate,
        "hold": hold,
        "job_id": job_id,
        "outcome": draft.outcome,
        "reason": draft.reason,
        "needed_credits": draft.needed,
        "counters": mandates.as_json(draft.counters),
        "approved": draft.approved,
        "ledger_seq": draft.ledger_seq,
        "decided_at": draft.decided_at,
        "last_at": draft.decided_at,
    }
    return Decision.objects.create(**fields)
