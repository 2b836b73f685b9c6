"""Ending agents that nobody claimed, many at once: never one that money or a person stands behind.

The preview and the act ask the same question; the act asks it again under the organization's lock.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q
from django.utils import timezone

from accounts import claim_opening, claims, organizations, tokens
from accounts.models import Agent, Claim, ClaimState
from billing.models import CreditAccount, CreditLot, Hold, LotKind, PaymentAttempt, Receipt, Reversal
from imageskill.core import events
from imageskill.core.events import ActingFor, EventType
from imageskill.core.units import unit_of_work

MOST: Final = 200
"""So many agents one act takes."""
_LONGEST_SUMMARY: Final = 200

_STATES: Final = {
    ClaimState.CLAIMED: "it has an owner",
    ClaimState.PAYMENT_BACKED_UNCLAIMED: "somebody paid for it",
    ClaimState.REVOKED: "it has ended already",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """An agent, and why it is left alone; empty where it may be ended."""

    agent: Agent
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one agent; `why` it was left as it was, empty where it ended."""

    agent_id: str
    why: str


class _SparedError(Exception):
    """An agent turned out to be one that stays; what was done to it is undone."""


def judge(agents: Sequence[Agent]) -> list[Judged]:
    """Say of each agent whether it may be ended, in a fixed number of queries."""
    places = {agent.organization_id for agent in agents}
    told: list[tuple[str, set[str]]] = [
        ("credits of it are on hold", _with_holds(places)),
        ("a payment of it is open", _with_open_payments(places)),
        ("money of it is on its way back", _with_reversals(places)),
        ("somebody paid for it", _with_paid_credits(places)),
    ]
    opened = _opened({agent.pk for agent in agents})
    return [Judged(agent, _why(agent, told, opened)) for agent in agents]


def _why(agent: Agent, told: Iterable[tuple[str, set[str]]], opened: set[str]) -> str:
    state = _STATES.get(ClaimState(agent.claim_state))
    if state is not None:
        return state
    found = next((why for why, places in told if agent.organization_id in places), "")
    return found or ("somebody is about to claim it" if agent.pk in opened else "")


def _with_holds(places: Collection[str]) -> set[str]:
    held = CreditAccount.objects.filter(pk__in=places, held_credits__gt=0).values_list("pk", flat=True)
    rows = Hold.objects.filter(organization_id__in=places, state=Hold.State.OPEN)
    return {*held, *rows.values_list("organization_id", flat=True)}


def _with_open_payments(places: Collection[str]) -> set[str]:
    """Return where money may still come: an open attempt, one that is checked again, one flagged for staff."""
    unsettled = Q(state__in=PaymentAttempt.OPEN) | Q(next_check_at__isnull=False) | ~Q(flag="")
    rows = PaymentAttempt.objects.filter(unsettled, organization_id__in=places)
    return set(rows.values_list("organization_id", flat=True))


def _with_reversals(places: Collection[str]) -> set[str]:
    """Return where money goes back: reversals that freeze or take, and those that wait for their receipt."""
    known = Reversal.objects.filter(receipt__organization_id__in=places).exclude(effect=Reversal.Effect.NONE)
    paid = PaymentAttempt.objects.filter(organization_id__in=places).exclude(payment_intent="")
    intents = dict(paid.values_list("payment_intent", "organization_id"))
    early = Reversal.objects.filter(receipt=None, payment_intent__in=intents)
    return {
        *known.values_list("receipt__organization_id", flat=True),
        *(intents[intent] for intent in early.values_list("payment_intent", flat=True)),
    }


def _with_paid_credits(places: Collection[str]) -> set[str]:
    """Return where somebody ever paid, whatever is left of it."""
    lots = CreditLot.objects.filter(organization_id__in=places, kind=LotKind.PAID)
    receipts = Receipt.objects.filter(organization_id__in=places)
    return {
        *lots.values_list("organization_id", flat=True),
        *receipts.values_list("organization_id", flat=True),
    }


def _opened(agent_ids: Collection[str]) -> set[str]:
    """Return the agents whose live claim a person may decide now, after typing its code."""
    since = timezone.now() - claim_opening.LASTS
    rows = Claim.objects.filter(agent_id__in=agent_ids, state__in=claims.LIVE, opened_at__gt=since)
    return set(rows.values_list("agent_id", flat=True))


def expire(agent_ids: Iterable[str], *, reason: str, actor: ActingFor) -> list[Outcome]:
    """End unclaimed agents, each in a transaction of its own, and say what became of each.

    Their tokens die, their claims are void; free credits stay where nobody reaches them, pictures stay.
    """
    return [Outcome(agent_id, _expired(agent_id, reason, actor)) for agent_id in dict.fromkeys(agent_ids)]


def _expired(agent_id: str, reason: str, actor: ActingFor) -> str:
    try:
        _expire(agent_id, reason, actor)
    except _SparedError as spared:
        return str(spared)
    return ""


@unit_of_work
def _expire(agent_id: str, reason: str, actor: ActingFor) -> None:
    seen = Agent.objects.filter(pk=agent_id).first()
    if seen is None:
        raise _SparedError("there is no such agent")
    # Before the claim goes: a void one tells nothing. Who decides it waits for its row, and finds it void.
    _spare(seen)
    untouched = Q(opened_at=None) | Q(opened_at__lte=timezone.now() - claim_opening.LASTS)
    claims.void(Claim.objects.filter(untouched, agent_id=agent_id), Claim.Ending.REPLACED)
    organizations.lock(seen.organization_id)
    agent = Agent.objects.get(pk=agent_id)
    if agent.organization_id != seen.organization_id:
        raise _SparedError(_STATES[ClaimState.CLAIMED])
    _spare(agent)
    tokens.end(agent, chosen=None, actor=actor)
    Agent.objects.filter(pk=agent.pk).update(claim_state=ClaimState.REVOKED)
    events.record(
        EventType.AGENT_EXPIRED,
        actor=actor,
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        subject_id=agent.pk,
        operation="agent",
        status="expired",
        summary=f"Ended by staff, unclaimed: {reason}"[:_LONGEST_SUMMARY],
    )


def _spare(agent: Agent) -> None:
    (judged,) = judge([agent])
    if judged.why:
        raise _SparedError(judged.why)
