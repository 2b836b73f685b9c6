"""A human takes an agent over: identity, history and credits come along in one transaction.

Into a workspace of its own the agent's shell is adopted as it is. Into one that exists the shell is merged:
bought credits move with their receipts, free and promotional ones lapse, and what is still held, frozen or about
to be paid follows when it comes back. No job, picture, event or entry is rewritten.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from django.utils import timezone

from accounts import claimants, claims, contacts, emails, grants, organizations, owner_mails, silence, tokens
from accounts.claim_opening import LASTS
from accounts.models import Agent, Claim, ClaimState, Membership, Organization, Role, User
from billing import allowances, ledger, mandates, payers
from billing.mandates import Terms
from billing.models import CreditAccount, CreditLot, LotKind
from imageskill.core import events
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.events import ActingFor, EventType, System
from imageskill.core.units import unit_of_work

MOST_SHELLS: Final = 50
"""How many agents' histories a workspace takes in; each is a page of its own to every list."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who claims: a user as an actor, with the addresses that the user has shown to own."""

    user: User
    verified: frozenset[str]
    actor_type = "human"

    @property
    def actor_id(self) -> str:
        """The user's id."""
        return self.user.pk


@unit_of_work
def approve(
    *,
    claim_id: str,
    person: Person,
    organization_id: str | None,
    workspace_name: str,
    terms: Terms,
    granted: Collection[str],
    after_code: bool = False,
) -> Agent:
    """Take the agent of a live claim over, under `terms` and with the grants named; return it.

    `organization_id` names a workspace that the person owns or administers; None makes one, called
    `workspace_name`. `after_code`: only while the person is the one who typed its code last.

    CLAIM_NOT_FOUND: no such claim, decided already, or somebody else's to decide.
    CAPABILITY_DENIED: not into that workspace. INVALID_ARGUMENTS: impossible limits or grants.
    """
    claim = decide(claim_id, Claim.State.APPROVED, person, after_code=after_code)
    _check_grants(granted)
    shell_id = claim.agent.organization_id
    rows = organizations.lock(shell_id, organization_id or shell_id)
    agent = claim.agent = _as_it_stands(claim)
    _refuse_others(agent, person)
    fitting = terms if agent.contact else _careful(agent, terms)
    if organization_id is None:
        _adopt(agent, person, workspace_name)
    else:
        _merge(agent, person, organization_id, rows)
    _take_over(agent, claim, person, organization_id or agent.organization_id, sorted(granted))
    mandates.set_terms(agent=agent, terms=fitting, actor=person)
    _record(EventType.CLAIM_APPROVED, claim, person, "approved", "Agent claimed")
    owner_mails.agent_claimed(agent=agent, by=person.user)
    return agent


@unit_of_work
def deny(*, claim_id: str, person: Person, reason: str) -> Claim:
    """Refuse a live claim, with a reason that the agent is told. CLAIM_NOT_FOUND: as for `approve`."""
    claim = decide(claim_id, Claim.State.DENIED, person, reason=reason[:300])
    organizations.lock(claim.agent.organization_id)
    claim.agent = _as_it_stands(claim)
    _refuse_others(claim.agent, person)
    _record(EventType.CLAIM_DENIED, claim, person, "denied", "Claim denied")
    return claim


@unit_of_work
def disown(*, claim_id: str, mailbox: str) -> bool:
    """Take the word of a mailbox's owner (a digest) that the agent is none of theirs; say whether it was paused.

    The mailbox gets no more mail about claims. The claim is void while it is live and names that mailbox. Its
    agent is paused only without an owner and without bought credits: else this would be a stranger's stop button.
    Staff are told; the agent is not told who it was.
    """
    silence.begin(mailbox, reason="claim_disowned")
    named = Claim.objects.filter(pk=claim_id, agent__contact_digest=mailbox)
    if not claims.void(named, Claim.Ending.DISOWNED):
        return False
    claim = Claim.objects.select_related("agent__organization").get(pk=claim_id)
    organizations.lock(claim.agent.organization_id)
    agent = claim.agent = _as_it_stands(claim)
    paused = _is_nobodys(agent) and bool(
        Agent.objects.filter(pk=agent.pk, paused_at=None).update(
            paused_at=timezone.now(), pause_message=grants.REPORTED
        )
    )
    emails.claim_disowned(agent=agent, claim=claim, paused=paused)
    _record(EventType.CLAIM_DISOWNED, claim, System("claim_page"), "void", "Claim reported as not asked for")
    return paused


def _is_nobodys(agent: Agent) -> bool:
    """Say whether an agent has neither an owner nor credits that somebody paid for; under the lock."""
    bought = CreditLot.objects.filter(organization_id=agent.organization_id, kind=LotKind.PAID)
    return agent.claim_state == ClaimState.UNCLAIMED and not bought.exists()


def decide(
    claim_id: str, state: Claim.State, decider: ActingFor, *, reason: str = "", after_code: bool = False
) -> Claim:
    """Decide a live claim once, in the caller's transaction, and return it. CLAIM_NOT_FOUND: it is not live.

    `after_code`: nor may anybody decide it but who typed its code last, not too long ago.
    """
    live = Claim.objects.filter(pk=claim_id, state__in=claims.LIVE)
    if after_code:
        live = live.filter(opened_by_id=decider.actor_id, opened_at__gt=timezone.now() - LASTS)
    decided = live.update(
        state=state,
        denial_reason=reason,
        decided_at=timezone.now(),
        decider_type=decider.actor_type,
        decider_id=decider.actor_id,
    )
    if not decided:
        raise ApiError(ErrorCode.CLAIM_NOT_FOUND)
    return Claim.objects.select_related("agent__organization").get(pk=claim_id)


def _as_it_stands(claim: Claim) -> Agent:
    """Return the agent as it is under the lock: it may have bought credits since it was looked at."""
    return Agent.objects.select_related("organization").get(pk=claim.agent_id)


def _refuse_others(agent: Agent, person: Person) -> None:
    """Let only the contact decide; where there is none who paid for the agent, else whoever was shown its code.

    Under the lock: a receipt that was committed since the code was typed has its say.
    """
    if not claimants.may_decide(agent, person.verified, payers.of(agent.pk)):
        raise ApiError(ErrorCode.CLAIM_NOT_FOUND)


def _check_grants(granted: Collection[str]) -> None:
    known = {*grants.UNCLAIMED, *grants.CLAIM_MAY_ADD}
    unknown = sorted(set(granted) - known)
    if unknown:
        raise invalid_fields({"grants": [f"must be among {', '.join(sorted(known))}"]})


def _adopt(agent: Agent, person: Person, name: str) -> None:
    """Make the agent's shell the person's workspace."""
    Organization.objects.filter(pk=agent.organization_id).update(name=name)
    Membership.objects.create(
        user=person.user,
        organization_id=agent.organization_id,
        role=Role.OWNER,
        created_at=timezone.now(),
    )


def _merge(agent: Agent, person: Person, organization_id: str, rows: list[Organization]) -> None:
    """Merge the agent's shell into a workspace of the person, with what it has to give; both rows are locked."""
    shell_id = agent.organization_id
    may = Membership.objects.filter(
        user=person.user, organization_id=organization_id, role__in=[Role.OWNER, Role.ADMIN]
    )
    if organization_id == shell_id or not may.exists():
        raise ApiError(
            ErrorCode.CAPABILITY_DENIED,
            "This workspace is not yours to add agents to.",
            reason="not_your_workspace",
        )
    if any(row.merged_into_id for row in rows):
        raise ApiError(
            ErrorCode.CAPABILITY_DENIED, "This workspace was merged into another.", reason="merged_workspace"
        )
    if Organization.objects.filter(merged_into_id=organization_id).count() >= MOST_SHELLS:
        raise ApiError(
            ErrorCode.CAPABILITY_DENIED,
            f"This workspace has taken in {MOST_SHELLS} agents with their histories; begin another for this one.",
            reason="too_many_agents",
            cap=MOST_SHELLS,
        )
    # The credits first: once the shell is merged, what it has left could only pass on one by one.
    ledger.transfer(organization_id=shell_id, to_organization_id=organization_id, actor=person)
    Organization.objects.filter(pk=shell_id).update(merged_into_id=organization_id, merged_at=timezone.now())


def _take_over(agent: Agent, claim: Claim, person: Person, workspace_id: str, granted: list[str]) -> None:
    now = timezone.now()
    shell_id = agent.organization_id if workspace_id != agent.organization_id else None
    contact = agent.contact or person.user.email
    Agent.objects.filter(pk=agent.pk).update(
        organization_id=workspace_id,
        shell_id=shell_id,
        claim_state=ClaimState.CLAIMED,
        grants=granted,
        contact=contact,
        contact_digest=contacts.digest(contact),
    )
    agent.refresh_from_db()
    tokens.narrow(agent, now=now)
    # Whose mailbox had no allowance yet gets the one that is due to a verified person.
    allowances.open_for(agent=agent, network=claim.request_network)


def _careful(agent: Agent, terms: Terms) -> Terms:
    """Return narrower terms for an agent that named no contact, so that a code alone was the proof.

    Everything it does needs an approval, and a day costs at most what it brings along.
    """
    account = CreditAccount.objects.filter(pk=agent.organization_id).first()
    brings = account.promo_credits + account.paid_credits + account.free_credits if account else 0
    day = min(brings, terms.cap_day) if terms.cap_day is not None else brings
    per_job = min(day, terms.cap_per_job) if terms.cap_per_job is not None else None
    return replace(terms, approval_threshold=0, cap_day=day, cap_per_job=per_job)


def _record(event_type: EventType, claim: Claim, actor: ActingFor, status: str, summary: str) -> None:
    agent = claim.agent
    events.record(
        event_type,
        actor=actor,
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        subject_id=claim.pk,
        operation="claim",
        status=status,
        summary=summary,
    )
