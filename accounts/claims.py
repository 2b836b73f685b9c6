"""Claims: the offer that a human takes up, its ever-changing code, and how the agent collects its token.

Approving is the owner's page's business; here the offer is made, mailed, presented and collected.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import claimants, contact_changes, contacts, emails, organizations, tokens
from accounts.models import Agent, AgentToken, Claim, ClaimState
from imageskill.core import events, tallies
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.units import unit_of_work

CODE_PERIOD_SECONDS = 600
CHANGES_A_DAY = 5
COLLECT_WITHIN = timedelta(days=7)
_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"
LIVE = (Claim.State.OPEN, Claim.State.REQUESTED)
_HANDLE_TRIES = 8
_LINK_BYTES = 24
_REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Facts:
    """What the service itself saw of the call that made an offer."""

    network: str
    client: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A claim as it was just made: its row, its secret (shown once) and whether a mail was written."""

    claim: Claim
    secret: str
    mailed: bool


def open_offer(
    agent: Agent, *, facts: Facts, state: Claim.State = Claim.State.OPEN, reason: str = ""
) -> tuple[Claim, str]:
    """Make an agent's live offer, voiding an earlier one; part of the caller's transaction.

    `reason` is the agent's own word on why.
    """
    void(Claim.objects.filter(agent=agent), Claim.Ending.REPLACED)
    minted = tokens.mint("c")
    for left in range(_HANDLE_TRIES - 1, -1, -1):
        try:
            # A savepoint: another live offer may hold the same five characters.
            with transaction.atomic():
                claim = Claim.objects.create(
                    agent=agent,
                    state=state,
                    code_handle="".join(secrets.choice(_CODE_ALPHABET) for _ in range(5)),
                    code_seed=secrets.token_hex(32),
                    secret_sha256=minted.sha256,
                    request_network=facts.network,
                    request_client=facts.client,
                    link=new_link(),
                    reason=reason[:_REASON_LENGTH],
                    created_at=timezone.now(),
                )
        except IntegrityError:
            if not left:
                raise
        else:
            return claim, minted.raw
    raise AssertionError  # the loop returns or raises


def new_link() -> str:
    """Return a random word for the address of one claim."""
    return secrets.token_urlsafe(_LINK_BYTES)


def void(claims: QuerySet[Claim], why: Claim.Ending) -> int:
    """End the live ones among these claims, in the caller's transaction; return how many."""
    return claims.filter(state__in=LIVE).update(state=Claim.State.VOID, void_reason=why)


@unit_of_work
def request(
    *,
    agent: Agent,
    actor: events.ActingFor,
    contact: str,
    facts: Facts,
    payer_of: claimants.PayerOf,
    reason: str = "",
) -> Offer:
    """Attach a contact and ask its owner to claim the agent; earlier codes and secrets are void.

    CAPABILITY_DENIED: the agent is claimed already, its contact may no longer be replaced freely, or it was paid
    for by somebody else than the first contact that it names.
    """
    # The driving rows first, as for whoever decides a claim; a refusal below undoes it.
    void(Claim.objects.filter(agent=agent), Claim.Ending.REPLACED)
    organizations.lock(agent.organization_id)
    agent = Agent.objects.get(pk=agent.pk)
    if agent.claim_state == ClaimState.CLAIMED:
        raise ApiError(ErrorCode.CAPABILITY_DENIED, "This agent is claimed already.", reason="already_claimed")
    # Under the lock: money that arrived since the call was looked at has its say.
    payer = payer_of(agent.pk)
    if not claimants.may_be_named(agent, contact, payer):
        raise claimants.refusal(payer)
    _attach(agent, contact, is_paid=payer is not None)
    claim, secret = open_offer(agent, facts=facts, state=Claim.State.REQUESTED, reason=reason)
    mailed = emails.claim_requested(agent=agent, claim=claim)
    events.record(
        events.EventType.CLAIM_REQUESTED,
        actor=actor,
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        subject_id=claim.pk,
        operation="claim",
        status="requested",
        summary="Claim requested",
    )
    return Offer(claim, secret, mailed)


def _attach(agent: Agent, contact: str, *, is_paid: bool) -> None:
    replaced = contact_changes.replaces(agent, contact)
    is_fixed = replaced and contact_changes.is_fixed(agent, is_paid=is_paid)
    if is_fixed and not contact_changes.take(agent, contact):
        raise contact_changes.refusal(None)
    if replaced and not tallies.take("contact_change", agent.pk, limit=CHANGES_A_DAY, period=tallies.DAY):
        raise ApiError(
            ErrorCode.RATE_LIMITED,
            f"The contact of this agent was changed {CHANGES_A_DAY} times today; no more changes are taken.",
            reason="contact_changes",
            cap=CHANGES_A_DAY,
            retry_after_seconds=tallies.seconds_left(tallies.DAY),
        )
    Agent.objects.filter(pk=agent.pk).update(contact=contact, contact_digest=contacts.digest(contact))
    agent.contact, agent.contact_digest = contact, contacts.digest(contact)


@unit_of_work
def seen(link: str) -> None:
    """Count that somebody's browser opened the address of a live claim; it opens nothing else."""
    if not link.isprintable():
        return
    rows = Claim.objects.filter(link=link, state__in=LIVE)
    rows.update(seen_count=F("seen_count") + 1, first_seen_at=Coalesce("first_seen_at", timezone.now()))


def live(agent: Agent) -> Claim | None:
    """Return the agent's live offer, or None when it is claimed, denied or revoked."""
    return Claim.objects.filter(agent=agent, state__in=LIVE).first()


def code(claim: Claim, at: datetime | None = None) -> str:
    """Return the code `AAAAA-BBBBB` that is good at `at` (default: now)."""
    period = code_period(at or timezone.now())
    mac = hmac.new(claim.code_seed.encode(), str(period).encode(), hashlib.sha256).digest()
    tail = "".join(_CODE_ALPHABET[byte % len(_CODE_ALPHABET)] for byte in mac[:5])
    return f"{claim.code_handle}-{tail}"


def code_expires_at(at: datetime | None = None) -> datetime:
    """Return the instant at which the current code gives way to the next."""
    return datetime.fromtimestamp((code_period(at or timezone.now()) + 1) * CODE_PERIOD_SECONDS, tz=UTC)


def code_period(at: datetime) -> int:
    """Return the number of the ten minutes that hold an instant, counted from the epoch."""
    return int(at.timestamp()) // CODE_PERIOD_SECONDS


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collector is told: `pending`, `denied`, `expired` or `approved`, then with the token."""

    state: str
    reason: str = ""
    token: AgentToken | None = None
    raw: str | None = None
    agent: Agent | None = None


@unit_of_work
def collect(*, claim_id: str, claim_secret: str) -> Collected:
    """Hand over the token of an approved claim; it is minted here, so that no plaintext rests anywhere.

    A lost answer may be collected again until the token's first use, unless its owner has revoked it meanwhile.
    CLAIM_NOT_FOUND: no such claim, or another secret. ALREADY_COLLECTED: the token is in use.
    """
    claim = _by_secret(claim_id, claim_secret)
    if claim.token is not None and claim.token.first_used_at is not None:
        raise _collected()
    if claim.state in LIVE:
        return Collected("pending")
    if claim.state == Claim.State.DENIED:
        return Collected("denied", reason=claim.denial_reason)
    now = timezone.now()
    if claim.state == Claim.State.VOID or claim.decided_at is None or claim.decided_at < now - COLLECT_WITHIN:
        return Collected("expired")
    organizations.lock(claim.agent.organization_id)
    claim = Claim.objects.select_related("agent", "token").get(pk=claim.pk)
    earlier = claim.token
    if tokens.is_cut_off(claim.agent, earlier):
        return Collected("expired")
    if earlier is not None and not tokens.void_unused(earlier):
        raise _collected()
    token, raw = tokens.issue(claim.agent)
    Claim.objects.filter(pk=claim.pk).update(state=Claim.State.COLLECTED, token=token)
    return Collected("approved", token=token, raw=raw, agent=claim.agent)


def _collected() -> ApiError:
    return ApiError(ErrorCode.ALREADY_COLLECTED, suggested_command="image-skill auth status --json")


def _by_secret(claim_id: str, claim_secret: str) -> Claim:
    if tokens.is_well_formed(claim_secret, "c"):
        claim = (
            Claim.objects.select_related("agent", "token")
            .filter(pk=claim_id, secret_sha256=tokens.digest(claim_secret))
            .first()
        )
        if claim is not None:
            return claim
    raise ApiError(
        ErrorCode.CLAIM_NOT_FOUND,
        suggested_command="image-skill claim request --contact CONTACT --json",
        suggested_command_copy_runnable=False,
        missing_inputs=["contact"],
    )
