"""Who signed up lately, from where, and whom providers refuse: what looks like abuse.

Agents are read by their ids, which sort by time: no more than the newest few thousand, whatever there is.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from accounts import contacts
from accounts.models import Agent, ClaimState
from creative.feedback.plain_text import one_line
from creative.refusals import MOST_AN_HOUR
from imageskill.core import tallies
from imageskill.core.models import Tally

MOST_READ: Final = 5_000
MOST_GROUPS: Final = 20
DAY: Final = timedelta(days=1)
NO_MAIL: Final = "none"
"""What stands for the mail domain of an agent without a contact."""
_AGES: Final = (("under a day", 1), ("1 to 7 days", 7), ("7 to 30 days", 30), ("30 to 90 days", 90))
_REFUSALS: Final = "provider_refusals"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An agent's sign-up, without the rest of the agent."""

    id: str
    network: str
    domain: str
    mailbox: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """The sign-ups of one network or mail domain within a day."""

    name: str
    signups: int
    unclaimed: int
    mailboxes: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page shows; `is_cut` where there are more agents than are read."""

    networks: list[Group]
    domains: list[Group]
    ages: list[tuple[str, int]]
    signups: int
    is_cut: bool


def read() -> Seen:
    """Return the sign-ups of the last day in groups, and the ages of unclaimed agents; one query."""
    arrivals = _newest()
    now = timezone.now()
    lately = [one for one in arrivals if one.at > now - DAY]
    return Seen(
        networks=_groups(lately, "network"),
        domains=_groups(lately, "domain"),
        ages=_ages(arrivals, now),
        signups=len(lately),
        is_cut=len(arrivals) == MOST_READ,
    )


def picked(*, network: str = "", domain: str = "") -> list[str]:
    """Return the ids of the unclaimed agents of the last day from a network, of a mail domain, or of both."""
    since = timezone.now() - DAY
    return [
        one.id
        for one in _newest()
        if one.at > since
        and one.state != ClaimState.REVOKED
        and network in ("", one.network)
        and domain in ("", one.domain)
    ]


def rows(agent_ids: Iterable[str]) -> list[Agent]:
    """Return agents with their workspaces, the newest first."""
    return list(Agent.objects.select_related("organization").filter(pk__in=list(agent_ids)).order_by("-pk"))


def _newest() -> list[Arrival]:
    told = Agent.objects.order_by("-pk").values_list(
        "pk", "signup_network", "contact", "contact_digest", "claim_state", "created_at"
    )
    return [
        Arrival(pk, network, contacts.domain_of(contact) if contact else NO_MAIL, mailbox, state, at)
        for pk, network, contact, mailbox, state, at in told[:MOST_READ]
    ]


def _groups(arrivals: list[Arrival], by: str) -> list[Group]:
    """Return the largest groups; `by` is `network` or `domain`."""
    found: dict[str, list[Arrival]] = {}
    for one in arrivals:
        found.setdefault(getattr(one, by), []).append(one)
    groups = [
        Group(
            name,
            len(members),
            sum(one.state == ClaimState.UNCLAIMED for one in members),
            len({one.mailbox for one in members if one.mailbox}),
        )
        for name, members in found.items()
    ]
    return sorted(groups, key=lambda group: (-group.signups, group.name))[:MOST_GROUPS]


def _ages(arrivals: list[Arrival], now: datetime) -> list[tuple[str, int]]:
    """Return how many unclaimed agents are of each age, the youngest first."""
    counts: Counter[str] = Counter()
    for one in arrivals:
        if one.state == ClaimState.UNCLAIMED:
            days = (now - one.at) / DAY
            counts[next((name for name, most in _AGES if days < most), "over 90 days")] += 1
    return [(name, counts[name]) for name in (*(name for name, _ in _AGES), "over 90 days")]


def refused() -> list[tuple[str, str, int]]:
    """Return id, name and count of the agents whose calls providers refused most in this hour; two queries."""
    start = tallies.period_start(tallies.HOUR)
    told = Tally.objects.filter(period_start=start, scope=_REFUSALS, key__startswith="agt_").order_by(
        "-count", "key"
    )
    counts = dict(told.values_list("key", "count")[:MOST_GROUPS])
    names = dict(Agent.objects.filter(pk__in=counts).values_list("pk", "name"))
    return [(pk, one_line(names[pk]), count) for pk, count in counts.items() if pk in names]


def most_refusals() -> int:
    """Return after how many refusals in an hour an agent is held off."""
    return MOST_AN_HOUR
