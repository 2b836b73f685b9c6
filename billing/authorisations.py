"""May this be spent? The only place that places a hold, and the last word on every spending."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts import grants, organizations, tokens
from accounts.actor import Actor
from accounts.models import Agent, AgentToken, ClaimState
from billing import decisions, ledger, mandates, rails
from billing.decisions import Draft
from billing.ledger import Split
from billing.models import CreditAccount, CreditLot, Hold, Mandate, PaymentMethod
from billing.spendable import TOP_UP, DailyJobs, Request, split
from billing.windows import Window, window
from imageskill.core.errors import ApiError, ErrorCode, auth_required
from imageskill.core.messages import Statement, ask, clock, send, written
from imageskill.core.statements import Select

_TOKEN: Final = Select(lambda pk: AgentToken.objects.select_related("agent").filter(pk=pk))
_SPENDABLE: Final = Select(
    lambda organization_id: (
        CreditLot.objects.filter(organization_id=organization_id, available_credits__gt=0)
        .select_related("organization__credit_account")
        .order_by("pk")
    )
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a decision rests on, as it was at the instant `now`, when the organization's row was locked."""

    now: datetime
    token: AgentToken | None
    mandate: Mandate | None
    balance: "Balance"


def lock(actor: Actor, *beside: Statement[Any]) -> tuple[Ground, list[Any]]:
    """Lock the organization of an actor, then read what a decision rests on, and what the caller needs beside it.

    All of it goes in one message: what is read is read when the lock is had.
    """
    balance = _asked_balance(actor, timezone.now())
    _, now, token, mandate, *rest = send(
        organizations.locked(actor.organization_id),
        clock(),
        _TOKEN.asked_first(pk=actor.token_id),
        mandates.asked(agent_id=actor.actor_id, organization_id=actor.organization_id),
        *balance,
        *beside,
    )
    return Ground(now, token, mandate, Balance(*rest[: len(balance)])), rest[len(balance) :]


def authorise(
    *, actor: Actor, job_id: str, request: Request, price_version: str, ground: Ground | None = None
) -> Hold:
    """Hold the credits of a job, in the caller's unit of work, or raise the exact refusal.

    The organization's row is locked first, unless the caller gives the ground that it read with its lock, and
    everything the decision rests on is read afterwards: the token, the pause, the mandate with what was used and
    held, the day's jobs, the balance. A revoke, a pause, a lowered cap or another hold that committed before is
    seen. `RefusedError` carries what is to be recorded of a refusal.
    """
    if ground is None:
        ground, _ = lock(actor)
    now = ground.now
    current = _standing(ground.token, actor, request.grant, now)
    draft = _judged(ground.mandate, request, now)
    parts = _split(current, request, now, ground.balance)
    hold = ledger.hold(
        organization_id=actor.organization_id,
        agent_id=actor.actor_id,
        job_id=job_id,
        split=parts,
        price_version=price_version,
        authorised_at=now,
        actor=actor,
        # It came with the lots, under the lock.
        account=parts.parts[0][0].organization.credit_account,
    )
    if draft is not None:
        decisions.record_allowed(draft, hold)
    return hold


def foresee(*, actor: Actor, request: Request) -> None:
    """Raise the refusal that `authorise` would give now; nothing is locked, held or written."""
    now = timezone.now()
    # Only an owner sets limits. Under the lock they are read of every agent.
    is_owned = actor.agent.claim_state == ClaimState.CLAIMED
    if is_owned:
        _judged(mandates.current(agent_id=actor.actor_id, organization_id=actor.organization_id), request, now)
    _split(actor, request, now, Balance(*send(*_asked_balance(actor, now))))


def _judged(mandate: Mandate | None, request: Request, now: datetime) -> Draft | None:
    if mandate is None:
        return None
    return decisions.judge(
        mandate=mandate,
        model_id=request.model_id,
        needed=request.credits,
        at=now,
        approved=request.approved,
    )


@dataclass(frozen=True, slots=True)
class Balance:
    """The lots that can be spent, and the jobs of a day that touched free credits; None: they were not counted."""

    lots: list[CreditLot]
    free_jobs: tuple[Window, int] | None = None


def _asked_balance(actor: Actor, at: datetime) -> list[Statement[Any]]:
    """Return what reads a balance; the jobs are those of the day that holds `at`, where they are limited."""
    lots = _SPENDABLE.asked(organization_id=actor.organization_id)
    if grants.lift_daily_limit(actor.agent):
        return [lots]
    day = window("day", at)
    return [lots, _asked_free_jobs(actor.organization_id, day).then(lambda used: (day, used))]


def _split(actor: Actor, request: Request, now: datetime, balance: Balance) -> Split:
    lots = balance.lots
    day, counted = balance.free_jobs or (None, None)
    if day != window("day", now):
        # It was this process's day when it asked. By the database's clock it may be another one.
        counted = None
    try:
        debt = lots[0].organization.credit_account.debt_credits if lots else debt_of(actor.organization_id)
        return split(request, lots, daily_jobs(actor, now, counted=counted), debt_credits=debt)
    except ApiError as error:
        error.recovery |= _ways_on(actor)
        raise


def _ways_on(actor: Actor) -> dict[str, Any]:
    """Return what an agent without enough credits can do: only what this service offers it."""
    ways: dict[str, Any] = {}
    if not actor.agent.contact:
        ways["suggested_commands"] = [
            "image-skill claim request --contact CONTACT --json",
            "image-skill usage quota --json",
        ]
        ways["missing_inputs"] = ["contact"]
    if any(rails.is_enabled(method) for method in PaymentMethod.values):
        ways["top_up"] = {"command": TOP_UP}
    return ways


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why what was authorised may not be called any more; `reason` is the recovery's word for it."""

    code: ErrorCode
    reason: str
    message: str


_GONE = Stopped(
    ErrorCode.AUTH_REQUIRED, "token_ended", "The token ended before the picture was made; nothing is charged."
)
_MOVED = Stopped(
    ErrorCode.AUTH_REQUIRED,
    "agent_moved",
    "The agent was moved to another workspace before the picture was made; nothing is charged.",
)
_PAUSED = Stopped(
    ErrorCode.CAPABILITY_DENIED,
    "paused_by_owner",
    "The owner paused this agent before the picture was made; nothing is charged.",
)
_HELD = Stopped(
    ErrorCode.CAPABILITY_DENIED,
    "held_by_staff",
    "Staff of this service stopped this agent before the picture was made; nothing is charged.",
)
_REPORTED = Stopped(
    ErrorCode.CAPABILITY_DENIED,
    "claim_reported",
    "A claim of this agent was reported before the picture was made; nothing is charged.",
)
_ENDED = Stopped(
    ErrorCode.CAPABILITY_DENIED,
    "mandate_ended",
    "What the owner allowed ended before the picture was made; nothing is charged.",
)


def why_stopped(*, token_id: str, organization_id: str) -> Stopped | None:
    """Return why a job's agent may not spend any more, or None: asked right before a provider is called.

    Neither a rotation nor a claim stops what the old token began.
    """
    return why_stopped_of(ask(asked_token(token_id)), organization_id=organization_id)


def asked_token(token_id: str) -> Statement[AgentToken | None]:
    """Return the statement that reads a job's token for `why_stopped_of`, to be sent with others."""
    return _TOKEN.asked_first(pk=token_id)


def why_stopped_of(token: AgentToken | None, *, organization_id: str) -> Stopped | None:
    """Return the same of a token as just read; None: there is no such token."""
    if token is None:
        return _GONE
    agent = token.agent
    # Moving ends the tokens too: this is the better word for it.
    if organization_id not in (agent.organization_id, agent.shell_id):
        return _MOVED
    if not _lives_on(token) or agent.claim_state == ClaimState.REVOKED:
        return _GONE
    if agent.paused_at is not None:
        return _why_paused(agent)
    claimed = agent.claim_state == ClaimState.CLAIMED
    mandate = mandates.current(agent_id=agent.pk, organization_id=organization_id) if claimed else None
    if mandate is not None and mandate.ends_at is not None and mandate.ends_at <= timezone.now():
        return _ENDED
    return None


def _why_paused(agent: Agent) -> Stopped:
    if grants.is_held_by_staff(agent):
        return _HELD
    return _REPORTED if grants.is_reported(agent) else _PAUSED


def _lives_on(token: AgentToken) -> bool:
    """Say whether a token is good, or gave way to a later one instead of being revoked or running out."""
    if _rotated(token) or _gave_way_at_a_claim(token):
        return True
    if token.revoked_at is not None:
        return False
    if token.ends_at is None:
        return True
    in_time = Q(ends_at=None) | Q(ends_at__gt=timezone.now())
    own = AgentToken.objects.filter(in_time, pk=token.pk)
    return own.exists() or AgentToken.objects.filter(in_time, replaces=token, revoked_at=None).exists()


def _gave_way_at_a_claim(token: AgentToken) -> bool:
    """Say whether a token was narrowed by a claim, and not revoked but by the first use of the collected one."""
    if token.narrowed_at is None or token.revoked_at is None:
        return token.narrowed_at is not None
    return AgentToken.objects.filter(agent_id=token.agent_id, first_used_at=token.revoked_at).exists()


def _rotated(token: AgentToken) -> bool:
    """Say whether a token ended because a later one of a living line took its place.

    A rotated token ends at the very instant of its successor's first use; a revoked one does not.
    """
    if token.revoked_at is None:
        return False
    last = token
    while last.revoked_at is not None:
        successor = AgentToken.objects.filter(replaces=last, first_used_at=last.revoked_at).first()
        if successor is None:
            return False
        last = successor
    return True


def require_standing(actor: Actor, grant: str, now: datetime) -> Actor:
    """Return the actor as it stands under the organization's lock.

    AUTH_REQUIRED: its token has ended, or it has moved away. CAPABILITY_DENIED: it is paused, or lacks the grant.
    """
    return _standing(_TOKEN.first(pk=actor.token_id), actor, grant, now)


def _standing(token: AgentToken | None, actor: Actor, grant: str, now: datetime) -> Actor:
    current = _current(token, actor, now)
    grants.require_active(current.agent)
    grants.require(current.agent, grant)
    return current


def _current(token: AgentToken | None, actor: Actor, now: datetime) -> Actor:
    if token is None or not tokens.is_alive(token, now) or token.agent.organization_id != actor.organization_id:
        raise auth_required()
    tokens.require_whole(token)
    return Actor(agent=token.agent, token=token)


def spendable_lots(organization_id: str) -> list[CreditLot]:
    """Return the lots with something available, the oldest first, each with its organization's account."""
    return _SPENDABLE.all(organization_id=organization_id)


def debt_of(organization_id: str) -> int:
    """Return the credits that an organization owes."""
    owed = CreditAccount.objects.filter(pk=organization_id).values_list("debt_credits", flat=True).first()
    return owed or 0


def daily_jobs(actor: Actor, now: datetime, *, counted: int | None = None) -> DailyJobs:
    """Return today's jobs of the organization that touched free credits, and their limit; `counted` if known."""
    day = window("day", now)
    if grants.lift_daily_limit(actor.agent):
        return DailyJobs(limit=None, used=0, resets_at=day.end)
    used = ask(_asked_free_jobs(actor.organization_id, day)) if counted is None else counted
    return DailyJobs(limit=settings.PREVIEW_DAILY_JOBS, used=used, resets_at=day.end)


# Written out: every create asks this twice, and composing it took the ORM longer than the database takes.
_FREE_JOBS: Final = """
SELECT COUNT(*) FROM billing_hold
WHERE organization_id = %s AND authorised_at >= %s AND authorised_at < %s
  AND free_credits > 0 AND state IN ('open', 'settled')
"""


def _asked_free_jobs(organization_id: str, day: Window) -> Statement[int]:
    return written(_FREE_JOBS, organization_id, day.start, day.end).then(lambda rows: int(rows[0][0]))
