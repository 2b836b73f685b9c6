"""What a workspace's limits and credits leave to its waiting plans: read once for all cards, in a fixed number."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts import grants
from accounts.actor import Actor
from accounts.models import Agent, AgentToken
from billing import authorisations, mandates, spendable
from billing.mandates import Counter
from billing.models import CreditLot, Mandate
from billing.spendable import DailyJobs
from billing.windows import window
from creative import offers
from creative.catalogue.selection import Row
from imageskill.core.errors import ApiError
from imageskill.core.plain_text import one_line
from imageskill.templatetags.look import credits, minute

WINDOWS: Final = {
    "per_job": "of a job",
    "day": "today",
    "week": "this week",
    "month": "this month",
    "lifetime": "in all",
}


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of one cap after a plan: credits, of how many, in which window, until when."""

    window: str
    cap: int
    after: int
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one agent is allowed now; `recent` are its credits of the last hour that nobody approved."""

    mandate: Mandate | None
    counters: tuple[Counter, ...] = ()
    recent: int = 0

    @property
    def unasked(self) -> int:
        """What the agent may spend at once without asking anybody."""
        if self.mandate is None or self.mandate.approval_threshold is None:
            return 0
        return max(0, self.mandate.approval_threshold - self.recent)

    def after(self, credits: int) -> list[Room]:
        """Return what so many credits would leave of each window's cap."""
        return [
            Room(WINDOWS[counter.window], counter.cap, counter.remaining - credits, counter.resets_at)
            for counter in self.counters
            if counter.cap is not None and counter.remaining is not None and counter.window != "per_job"
        ]

    def hinders(self, model_id: str, credits: int, at: datetime) -> str | None:
        """Return why the owner's limits would refuse so many credits for a model now; None: they would not."""
        mandate = self.mandate
        if mandate is None:
            return None
        if mandate.ends_at is not None and mandate.ends_at <= at:
            return f"What this agent may spend ended on {minute(mandate.ends_at)}."
        if mandate.allowed_models is not None and model_id not in mandate.allowed_models:
            return f"{model_id} is not among the models that this agent may use."
        for counter in self.counters:
            if not counter.allows(credits):
                return _over(counter)
        return None


def _over(counter: Counter) -> str:
    if counter.window == "per_job":
        return f"It is over the cap of a job, {credits(counter.cap or 0)}."
    until = f" until {minute(counter.resets_at)}" if counter.resets_at else ""
    named = WINDOWS[counter.window]
    return f"It is over the cap: {counter.remaining} of {counter.cap} credits {named} are left{until}."


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that limits the waiting plans of a workspace at one instant."""

    at: datetime
    rows: tuple[Row, ...]
    """The models as they stand today."""
    of_agent: Mapping[str, Limits]
    lots: list[CreditLot]
    debt: int
    daily: DailyJobs

    def limits(self, agent_id: str) -> Limits:
        """Return an agent's limits; without a mandate nothing is limited."""
        return self.of_agent.get(agent_id, Limits(None))

    def available(self, model_id: str) -> bool:
        """Say whether a model can be called today."""
        return any(row.entry.id == model_id and row.available for row in self.rows)

    def hinders(self, agent: Agent, model_id: str, operation: str, credits: int) -> str | None:
        """Return why so many credits could not be held for an agent now; None: they could."""
        if agent.paused_at is not None:
            return f"{one_line(agent.name)} is paused."
        if not self.available(model_id):
            return f"{model_id} cannot be used at the moment, so approving it would end it."
        refused = self.limits(agent.pk).hinders(model_id, credits, self.at)
        return refused or self._unpaid(agent, model_id, operation, credits)

    def _unpaid(self, agent: Agent, model_id: str, operation: str, credits: int) -> str | None:
        request = offers.request_for(model_id, operation, credits, approved=True)
        daily = DailyJobs(None, 0, self.daily.resets_at) if grants.lift_daily_limit(agent) else self.daily
        try:
            spendable.split(request, self.lots, daily, debt_credits=self.debt)
        except ApiError as refused:
            return refused.message
        return None


def standing(organization_id: str, agents: Collection[Agent], at: datetime) -> Standing:
    """Return what limits the plans of these agents of a workspace; nothing is locked, held or written."""
    current = mandates.current_of(organization_id, {agent.pk for agent in agents})
    counters = mandates.counters_of(list(current.values()), at)
    recent = mandates.unapproved_recently_of(list(current.values()), at)
    lots = authorisations.spendable_lots(organization_id)
    debt = lots[0].organization.credit_account.debt_credits if lots else authorisations.debt_of(organization_id)
    # The day's jobs are the workspace's; they matter where an owner gave an agent no more than previews.
    limited = next((agent for agent in agents if not grants.lift_daily_limit(agent)), None)
    token = AgentToken.objects.filter(agent=limited).first() if limited is not None else None
    daily = DailyJobs(None, 0, window("day", at).end)
    if limited is not None and token is not None:
        daily = authorisations.daily_jobs(Actor(limited, token), at)
    return Standing(
        at=at,
        rows=offers.rows(),
        of_agent={
            agent_id: Limits(mandate, tuple(counters[agent_id]), recent.get(agent_id, 0))
            for agent_id, mandate in current.items()
        },
        lots=lots,
        debt=debt,
        daily=daily,
    )
