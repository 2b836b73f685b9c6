"""A workspace as staff sees it: who belongs to it, what it has, what staff did to it; so many queries, no more."""

from dataclasses import dataclass
from typing import Final

from accounts import members, organizations
from accounts.models import Agent, Membership, Organization
from billing import standing
from billing.models import Adjustment
from billing.standing import Standing
from creative.feedback.plain_text import one_line
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent

MOST: Final = 20
STAFF: Final = "session"
"""How an event names staff as the one who acted."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """Everything on the page of a workspace; lists are the newest first."""

    place: Organization
    name: str
    money: Standing
    people: list[Membership]
    agents: list[tuple[Agent, str]]
    """Each with its name made safe to read."""
    has_more_agents: bool
    adjustments: list[Adjustment]
    by_staff: list[ActivityEvent]
    events: list[ActivityEvent]


def place_of(organization_id: str) -> Organization | None:
    """Return a workspace, of a merged one its successor; None: there is none."""
    if prefix_of(organization_id) != "org" or not Organization.objects.filter(pk=organization_id).exists():
        return None
    return Organization.objects.get(pk=organizations.successor_id(organization_id))


def of(place: Organization) -> Portrait:
    """Return a workspace's portrait."""
    agents = list(Agent.objects.filter(organization=place).order_by("-pk")[: MOST + 1])
    told = ActivityEvent.objects.filter(organization_id=place.pk).order_by("-pk")
    return Portrait(
        place=place,
        name=one_line(place.name),
        money=standing.of_workspace(place.pk),
        people=members.people_of(place)[:MOST],
        agents=[(agent, one_line(agent.name)) for agent in agents[:MOST]],
        has_more_agents=len(agents) > MOST,
        adjustments=list(Adjustment.objects.filter(organization=place).order_by("-pk")[:MOST]),
        by_staff=_by_staff(place),
        events=list(told[:MOST]),
    )


def _by_staff(place: Organization) -> list[ActivityEvent]:
    """Return what staff did here; asked by type, which has an index, as staff is no column of one."""
    of_place = ActivityEvent.objects.filter(organization_id=place.pk, type__in=_STAFF_TYPES, actor_type=STAFF)
    return list(of_place.order_by("-pk")[:MOST])


_STAFF_TYPES: Final = (
    "workspace.viewed",
    "credits.adjusted",
    "credits.refund_requested",
    "payment.reviewed",
    "agent.quarantined",
    "agent.freed",
    "agent.revoked",
    "agent.expired",
    "provider.switched",
    "asset.deleted",
    "picture.let_back",
    "price.changed",
)
"""The types of what staff does."""
