"""The agents of a workspace as a list: a fixed number of queries, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts import agents
from accounts.models import Agent, AgentToken, ClaimState, Membership
from billing import mandates
from billing.models import Mandate
from creative.models import Asset
from imageskill.core.ids import prefix_of
from imageskill.site.agents import words
from imageskill.site.agents.words import Bar

PAGE: Final = 20
THUMBS: Final = 4


@dataclass(frozen=True, slots=True)
class State:
    """How an agent stands: a word for it, its badge, and whether it can make pictures now."""

    name: str
    said: str
    badge: str = ""


WORKING: Final = State("working", "working", "ok")
PAUSED: Final = State("paused", "paused", "held")
WAITING: Final = State("waiting", "waiting for a claim")
NO_TOKEN: Final = State("no_token", "without a token")
OVER: Final = State("over", "past its last day")
RELEASED: Final = State("released", "released")


@dataclass(frozen=True, slots=True)
class Row:
    """One agent of the list."""

    agent: Agent
    state: State
    last_call_at: datetime | None
    bar: Bar | None
    pictures: list[Asset]


def page_of(place: Membership, after: str | None) -> tuple[list[Row], str | None]:
    """Return a page of a workspace's agents, newest first, and the id after which the next page begins."""
    rows = _with_facts(agents.of_workspace(place.organization)).order_by("-pk")
    if after is not None and prefix_of(after) == "agt":
        rows = rows.filter(pk__lt=after)
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    more = str(shown[-1].pk) if len(found) > PAGE else None
    return _rows(shown, place.organization_id), more


def _with_facts(rows: QuerySet[Agent]) -> QuerySet[Agent]:
    """Read with each agent its last call, whether it has a living token, and its newest pictures."""
    tokens = AgentToken.objects.filter(agent=OuterRef("pk")).order_by()
    last = tokens.values("agent").annotate(last=Max("last_used_at")).values("last")
    good = tokens.filter(Q(ends_at=None) | Q(ends_at__gt=timezone.now()), revoked_at=None)
    # An agent that was moved here left its pictures behind.
    here = Q(organization=OuterRef("organization")) | Q(organization=OuterRef("shell"))
    pictures = Asset.objects.filter(here, agent=OuterRef("pk"), deleted_at=None, kind=Asset.Kind.GENERATED)
    newest: dict[str, Any] = {
        f"picture_{number}": Subquery(pictures.order_by("-pk").values("pk")[number : number + 1])
        for number in range(THUMBS)
    }
    return rows.annotate(last_call_at=Subquery(last), has_token=Exists(good), **newest)


def _rows(shown: Sequence[Agent], organization_id: str) -> list[Row]:
    now = timezone.now()
    limits = mandates.current_of(organization_id, [agent.pk for agent in shown])
    counters = mandates.counters_of(list(limits.values()), now)
    wanted = {agent.pk: [getattr(agent, f"picture_{number}") for number in range(THUMBS)] for agent in shown}
    pictures = Asset.objects.in_bulk([pk for pks in wanted.values() for pk in pks if pk])
    told = []
    for agent in shown:
        mandate = limits.get(agent.pk)
        drawn = words.bars(counters.get(agent.pk, []), mandates.zone_of(mandate))
        own = [pictures[pk] for pk in wanted[agent.pk] if pk in pictures]
        has_token = bool(getattr(agent, "has_token", False))
        state = state_of(agent, mandate, has_token=has_token, now=now)
        told.append(Row(agent, state, getattr(agent, "last_call_at", None), words.tightest(drawn), own))
    return told


def state_of(agent: Agent, mandate: Mandate | None, *, has_token: bool, now: datetime) -> State:
    """Return how an agent stands; what ends it for good comes first."""
    if agent.claim_state == ClaimState.REVOKED:
        return RELEASED
    if agent.paused_at is not None:
        return PAUSED
    if agent.claim_state != ClaimState.CLAIMED:
        return WAITING
    if mandate is not None and mandate.ends_at is not None and mandate.ends_at <= now:
        return OVER
    return WORKING if has_token else NO_TOKEN
