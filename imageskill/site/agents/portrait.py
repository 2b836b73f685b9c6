"""One agent: what the service knows of it, its tokens, pictures and refusals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Max, Min
from django.utils import timezone

from accounts import claims, tokens
from accounts.models import Agent, AgentToken, Claim, Membership
from billing import decisions, mandates, quota
from billing.models import Decision, Mandate
from creative.models import Asset
from imageskill.core.events import EventType
from imageskill.core.models import EventReference
from imageskill.site.agents import roster, words
from imageskill.site.agents.roster import State
from imageskill.site.agents.words import Bar
from imageskill.templatetags.look import minute

PICTURES: Final = 6
REFUSALS: Final = 5
TOKENS: Final = 30


@dataclass(frozen=True, slots=True)
class Token:
    """A token as a page shows it: never itself, and how it stands."""

    row: AgentToken
    said: str
    is_alive: bool
    has_receipt: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused, why, and how often."""

    decision: Decision
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Portrait:
    """Everything on the page of an agent; `tokens` is empty for who may not see them."""

    agent: Agent
    state: State
    mandate: Mandate | None
    bars: list[Bar]
    uncapped: list[str]
    grants: list[tuple[str, bool]]
    first_call_at: datetime | None
    last_call_at: datetime | None
    tokens: list[Token]
    collectable_until: datetime | None
    """Until when the secret of its claim brings a token that nobody has collected; None where it brings none."""
    pictures: list[Asset]
    refusals: list[Refusal]

    @property
    def has_tokens(self) -> bool:
        """Whether a token is good now, of those that the member may see."""
        return any(token.is_alive for token in self.tokens)

    @property
    def can_revoke_all(self) -> bool:
        """Whether there is anything to revoke: a token that is good, or one that can still be collected."""
        return self.has_tokens or self.collectable_until is not None

    @property
    def ends(self) -> str:
        """The instant at which the limits end, by the owner's clock."""
        if self.mandate is None or self.mandate.ends_at is None:
            return ""
        return minute(self.mandate.ends_at, mandates.zone_of(self.mandate))


def of(agent: Agent, place: Membership, *, with_tokens: bool) -> Portrait:
    """Return an agent's portrait, in a fixed number of queries."""
    now = timezone.now()
    mandate = mandates.current(agent_id=agent.pk, organization_id=place.organization_id)
    counters = quota.of_agent(agent).spend
    rows = AgentToken.objects.select_related("agent").filter(agent=agent)
    calls = AgentToken.objects.filter(agent=agent).aggregate(first=Min("first_used_at"), last=Max("last_used_at"))
    newest = list(rows.order_by("-pk")[:TOKENS])
    receipts = _with_receipts(agent, newest)
    shown = [_token(row, now, has_receipt=row.pk in receipts) for row in newest]
    state = roster.state_of(agent, mandate, has_token=any(token.is_alive for token in shown), now=now)
    return Portrait(
        agent=agent,
        state=state,
        mandate=mandate,
        bars=words.bars(counters, mandates.zone_of(mandate)),
        uncapped=[words.WINDOWS[counter.window].lower() for counter in counters if counter.cap is None],
        grants=words.granted(agent.grants),
        first_call_at=calls["first"],
        last_call_at=calls["last"],
        tokens=shown if with_tokens else [],
        collectable_until=_collectable_until(agent, now) if with_tokens else None,
        pictures=_pictures(agent),
        refusals=_refusals(agent, organization_ids(agent)),
    )


def organization_ids(agent: Agent) -> Sequence[str]:
    """Return where an agent's history is: its workspace, and the shell that it was claimed out of."""
    return [agent.organization_id, agent.shell_id] if agent.shell_id else [agent.organization_id]


def _collectable_until(agent: Agent, now: datetime) -> datetime | None:
    waiting = Claim.objects.filter(
        agent=agent, state=Claim.State.APPROVED, decided_at__gt=now - claims.COLLECT_WITHIN
    )
    decided_at = waiting.order_by("-pk").values_list("decided_at", flat=True).first()
    if decided_at is None or tokens.is_cut_off(agent, None):
        return None
    return decided_at + claims.COLLECT_WITHIN


def _with_receipts(agent: Agent, rows: Sequence[AgentToken]) -> set[str]:
    """Return the ids of the tokens that an owner revoked here; others gave way to a later one, or to a move."""
    told = EventReference.objects.filter(
        agent_id=agent.pk,
        organization_id__in=organization_ids(agent),
        reference__in=[row.pk for row in rows if row.revoked_at is not None],
        event__type=EventType.TOKEN_REVOKED.value.name,
    )
    return set(told.values_list("reference", flat=True))


def _token(row: AgentToken, now: datetime, *, has_receipt: bool) -> Token:
    if row.revoked_at is not None:
        return Token(row, "revoked" if has_receipt else "replaced", is_alive=False, has_receipt=has_receipt)
    if not tokens.is_alive(row, now):
        return Token(row, "ended", is_alive=False)
    if row.narrowed_at is not None:
        return Token(row, "reads only, until the new one is used", is_alive=True)
    return Token(row, "not used yet" if row.first_used_at is None else "in use", is_alive=True)


def _pictures(agent: Agent) -> list[Asset]:
    here = Asset.objects.filter(agent=agent, organization_id__in=organization_ids(agent))
    made = here.filter(deleted_at=None, kind=Asset.Kind.GENERATED)
    return list(made.order_by("-pk")[:PICTURES])


def _refusals(agent: Agent, organizations: Sequence[str]) -> list[Refusal]:
    refused = Decision.objects.filter(agent=agent, organization_id__in=organizations)
    rows = refused.exclude(outcome=Decision.Outcome.ALLOWED).order_by("-pk")[:REFUSALS]
    return [Refusal(row, decisions.code_of(row), words.decided(row.reason, row.counters)) for row in rows]
