"""What the service itself knows of an agent that asks to be claimed; nothing here is the agent's own word."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Max, Sum
from django.utils import timezone

from accounts import fingerprints
from accounts.models import Agent, AgentToken, Claim, ClaimState, Role
from accounts.tokens import IDLE_LIFETIME
from billing import quota
from billing.models import CreditLot, Decision, LotKind
from creative.models import Asset, Feedback, Job
from imageskill.site.claim import lookalikes
from imageskill.site.claim.doors import Guest

SHEET: Final = 12
"""Pictures on the contact sheet, newest first."""
_COUNTED: Final = 500
"""Up to how many rows are counted; beyond it says "more than"."""
_YOUNG: Final = timedelta(minutes=2)
_MOST_NAMES: Final = 200
_CODES: Final = 3


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """What an agent has done so far, in its organization and in the shell it came from."""

    pictures: list[Asset]
    made: int
    spent: int
    available: int
    bought: bool
    refused: int
    codes: list[str]
    reports: int
    titles: list[str]

    @property
    def made_more(self) -> bool:
        """Whether there are more pictures than were counted."""
        return self.made > _COUNTED


@dataclass(frozen=True, slots=True)
class Seen:
    """What the service saw of an agent's calls; `ends_at` is when its token ends if it stays unclaimed."""

    last_call_at: datetime | None
    ends_at: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Advisory:
    """Something to think of before one signs."""

    title: str
    words: str


def of_agent(agent: Agent) -> TrackRecord:
    """Return an agent's track record in a fixed number of queries, whatever it did."""
    assets = Asset.objects.filter(agent_id=agent.pk, deleted_at=None).order_by("-pk")
    quotas = quota.of_agent(agent)
    failed = Job.objects.filter(agent_id=agent.pk, state=Job.State.FAILED)
    codes = failed.exclude(error_code="").values("error_code").annotate(n=Count("pk")).order_by("-n", "error_code")
    decided = Decision.objects.filter(agent_id=agent.pk, outcome=Decision.Outcome.DENIED)
    denied = decided.aggregate(n=Sum("count"))["n"] or 0
    reports = Feedback.objects.filter(agent_id=agent.pk).order_by("-pk")
    return TrackRecord(
        pictures=list(assets[:SHEET]),
        made=assets.filter(kind=Asset.Kind.GENERATED)[: _COUNTED + 1].count(),
        spent=next(counter.used for counter in quotas.spend if counter.window == "lifetime"),
        available=quotas.free_credits + quotas.other_credits,
        bought=is_paid_for(agent),
        refused=failed[: _COUNTED + 1].count() + denied,
        codes=[row["error_code"] for row in codes[:_CODES]],
        reports=reports[: _COUNTED + 1].count(),
        titles=list(reports.values_list("title", flat=True)[:2]),
    )


def is_paid_for(agent: Agent) -> bool:
    """Say whether somebody has ever bought credits for this agent's organization."""
    return CreditLot.objects.filter(organization_id=agent.organization_id, kind=LotKind.PAID).exists()


def seen_of(claim: Claim) -> Seen:
    """Return what the service saw of the calls of a claim's agent."""
    agent = claim.agent
    alive = AgentToken.objects.filter(agent=agent, revoked_at=None)
    last = alive.aggregate(used=Max("last_used_at"), made=Max("created_at"))
    since = last["used"] or last["made"]
    unclaimed = agent.claim_state == ClaimState.UNCLAIMED and since is not None
    return Seen(last["used"], since + IDLE_LIFETIME if unclaimed else None, fingerprints.of(claim.pk))


def advisories(claim: Claim, guest: Guest) -> list[Advisory]:
    """Return what should make this guest look twice."""
    agent, found = claim.agent, []
    decided = Claim.objects.filter(
        decider_type="human",
        decider_id=guest.user.pk,
        state__in=[Claim.State.APPROVED, Claim.State.COLLECTED],
    )
    if not decided.exists():
        found.append(
            Advisory(
                "Your first agent",
                "You have not claimed one before. It will spend what you allow below, without asking each time.",
            )
        )
    mine = Agent.objects.filter(
        organization__memberships__user=guest.user, organization__memberships__role__in=[Role.OWNER, Role.ADMIN]
    )
    names = mine.exclude(pk=agent.pk).order_by("pk").values_list("name", flat=True).distinct()
    twin = lookalikes.nearest(agent.name, names[:_MOST_NAMES])
    if twin is not None:
        found.append(
            Advisory(
                "It looks like another of yours", f"You have an agent called “{twin}” already. This is not it."
            )
        )
    if claim.request_network != guest.visitor.network:
        found.append(
            Advisory(
                "Asked from another network",
                f"The request came from {claim.request_network}; your browser is in {guest.visitor.network}. "
                "That is usual for an agent in a data centre, and not for one on your own machine.",
            )
        )
    if timezone.now() - agent.created_at < _YOUNG:
        found.append(
            Advisory("It is brand-new", "It signed up less than two minutes ago and has hardly anything to show.")
        )
    return found
