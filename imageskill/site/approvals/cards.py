"""Plans that wait, and those that were decided, as their page shows them; read in a fixed number of queries."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Agent, Membership
from billing.models import UsageEvent
from creative import alternatives, assets
from creative.alternatives import Alternative
from creative.approvals import DENIED_FOR
from creative.inputs import Inputs
from creative.models import Approval, Asset, Job, JobInput
from creative.planning import Plan
from imageskill.core.ids import prefix_of
from imageskill.core.plain_text import one_line, plain
from imageskill.site.approvals import limits
from imageskill.site.approvals.limits import Room, Standing
from imageskill.templatetags.look import credits

STAYS: Final = timedelta(minutes=5)
"""How long a plan keeps its place among the waiting ones after it was decided or its time was over."""
MOST_NOW: Final = 50
PAGE: Final = 20
_RUNNING: Final = (Job.State.QUEUED, Job.State.RUNNING)
_LONG_PROMPT: Final = 320
_LONGEST_REASON: Final = 200
_ROLES: Final = {"input": "to edit", "mask": "where", "reference": "to go by"}


@dataclass(frozen=True, slots=True)
class Card:
    """One plan: what it is, how it stands, and, while it waits, what deciding it would mean."""

    approval: Approval
    at: datetime
    decider: str
    """Who decided: `you`, an address of a member, or that nobody is known; empty where nobody did."""
    usage_id: str
    room: list[Room] = field(default_factory=list)
    hindrance: str | None = None
    recent: int = 0
    ways: list[tuple[Alternative, bool]] = field(default_factory=list)
    """Cheaper ways, each with whether its agent could go it without asking."""

    @property
    def job(self) -> Job:
        """The plan's job."""
        return self.approval.job

    @property
    def agent(self) -> Agent:
        """Who asked."""
        return self.approval.agent

    @property
    def name(self) -> str:
        """What the agent calls itself."""
        return one_line(self.agent.name)

    @property
    def state(self) -> str:
        """`waiting`, `running`, `completed`, `failed`, `denied`, `changed`, `withdrawn` or `expired`."""
        card = self.approval
        if card.state == Approval.State.WAITING:
            return "waiting" if card.expires_at > self.at else "expired"
        if card.state == Approval.State.DENIED:
            return "changed" if card.reason == "plan_changed" else "denied"
        if card.state == Approval.State.EXPIRED:
            return "withdrawn" if card.reason == "withdrawn" else "expired"
        if self.job.state == Job.State.COMPLETED:
            return "completed"
        return "running" if self.job.state in _RUNNING else "failed"

    @property
    def moves(self) -> bool:
        """Whether something will change soon: it runs, or a thumbnail is about to be made."""
        return self.state == "running" or (
            self.state == "completed" and any(asset.thumbnails_at is None for asset in self.made)
        )

    @property
    def seconds_left(self) -> int:
        """The whole seconds until nobody can decide any more."""
        return max(0, int((self.approval.expires_at - self.at).total_seconds()))

    @property
    def left(self) -> str:
        """The same in minutes and seconds, as a clock shows them."""
        return f"{self.seconds_left // 60}:{self.seconds_left % 60:02}"

    @property
    def places(self) -> range:
        """One place for each picture that is being made."""
        return range(self.job.output_count)

    @property
    def denied_until(self) -> datetime | None:
        """Until when the same plan is refused."""
        return self.approval.decided_at + DENIED_FOR if self.approval.decided_at is not None else None

    @property
    def etag(self) -> str:
        """The entity tag of this plan alone."""
        return etag([self])

    @property
    def over_alone(self) -> bool:
        """Whether this request by itself is over the threshold, or only with what was spent lately."""
        return self.approval.credits > self.approval.threshold

    @property
    def prompt(self) -> str:
        """The words of the plan, with what is invisible in them made visible."""
        return plain(self.job.prompt)

    @property
    def is_long(self) -> bool:
        """Whether the words need more than a few lines."""
        return len(self.job.prompt) > _LONG_PROMPT or self.job.prompt.count("\n") > 4  # noqa: PLR2004 - lines

    @property
    def said(self) -> str:
        """What the agent was told of a plan that did not run."""
        return plain(self.job.error_message)

    @property
    def pictures(self) -> list[tuple[str, Asset]]:
        """The pictures that go in, each with what it is for."""
        given = sorted(self.job.inputs.all(), key=lambda row: (list(_ROLES).index(row.role), row.position))
        return [(_ROLES[row.role], row.asset) for row in given]

    @property
    def made(self) -> list[Asset]:
        """The pictures that came out, without the deleted ones."""
        return assets.of_job(self.job)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The parameters that the agent chose, by name."""
        return self._parameters(chosen=True)

    @property
    def filled(self) -> list[tuple[str, str]]:
        """The parameters that only a default of the model filled."""
        return self._parameters(chosen=False)

    def _parameters(self, *, chosen: bool) -> list[tuple[str, str]]:
        defaults = set(self.job.selection.get("defaults_applied", ()))
        return [
            (plain(name), plain(value if isinstance(value, str) else str(value)))
            for name, value in self.job.parameters.items()
            if (name not in defaults) == chosen
        ]

    def instead(self, flags: str) -> str | None:
        """Return what an agent is told of a cheaper way, named by its flags; None: there is no such way now."""
        way = next((way for way, _ in self.ways if way.flags == flags), None)
        if way is None:
            return None
        told = f"Ask for this instead: {way.change}, {credits(way.credits)}"
        whole = f"{told} ({way.flags})"
        return whole if len(whole) <= _LONGEST_REASON else told[:_LONGEST_REASON]

    def mark(self) -> tuple[Any, ...]:
        """Return what of it can change while it is looked at."""
        shown = [(asset.pk, asset.thumbnails_at) for asset in (*self.made, *(one for _, one in self.pictures))]
        ways = [(way.flags, way.credits, unasked) for way, unasked in self.ways]
        return (self.approval.pk, self.state, self.job.state, self.room, self.hindrance, self.recent, shown, ways)


@dataclass(frozen=True, slots=True)
class Now:
    """The plans of the moment: those that wait, oldest first, and those that were decided a moment ago."""

    cards: list[Card]

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(card.state == "waiting" for card in self.cards)

    @property
    def etag(self) -> str:
        """A word that changes with what is shown."""
        return etag(self.cards)


def etag(cards: Sequence[Card]) -> str:
    """Return the entity tag of cards: equal where nothing of them has changed."""
    told = repr([card.mark() for card in cards])
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def _all(place: Membership) -> QuerySet[Approval]:
    here = Q(organization_id=place.organization_id) | Q(organization__merged_into_id=place.organization_id)
    rows = Approval.objects.filter(here).select_related("job", "agent")
    return rows.prefetch_related("job__assets", "job__inputs__asset")


def now(place: Membership) -> Now:
    """Return the plans of the moment of a workspace."""
    at = timezone.now()
    fresh = Q(decided_at__gt=at - STAYS) | Q(state=Approval.State.APPROVED, job__state__in=_RUNNING)
    rows = _all(place).filter(Q(state=Approval.State.WAITING) | fresh).order_by("pk")[:MOST_NOW]
    return Now(_cards(place, list(rows), at))


def one(place: Membership, job_id: str) -> Card | None:
    """Return the plan of a job of a workspace; None: there is none here."""
    if prefix_of(job_id) != "job":
        return None
    row = _all(place).filter(pk=job_id).first()
    return _cards(place, [row], timezone.now())[0] if row is not None else None


def past(place: Membership, *, before: str | None, without: Collection[str] = ()) -> tuple[list[Card], str | None]:
    """Return a page of decided plans, newest first, and where the next begins; `without` are shown already."""
    rows = _all(place).exclude(state=Approval.State.WAITING).exclude(pk__in=without)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    shown = _cards(place, found[:PAGE], timezone.now())
    return shown, shown[-1].approval.pk if len(found) > PAGE else None


def _cards(place: Membership, rows: list[Approval], at: datetime) -> list[Card]:
    deciders = _deciders(place, rows)
    usage = dict(
        UsageEvent.objects.filter(job_id__in=[row.pk for row in rows]).values_list("job_id", "pk") if rows else []
    )
    waiting = [row for row in rows if row.state == Approval.State.WAITING and row.expires_at > at]
    agents = {row.agent_id: row.agent for row in waiting}
    stands = limits.standing(place.organization_id, list(agents.values()), at) if waiting else None
    told = [(row, deciders.get(row.decider_id, _unknown(row)), usage.get(row.pk, "")) for row in rows]
    return [
        _weighed(row, at, stands) if stands is not None and row in waiting else Card(row, at, decider, usage_id)
        for row, decider, usage_id in told
    ]


def _deciders(place: Membership, rows: list[Approval]) -> dict[str, str]:
    """Return how each decider is called here: an address only of who is a member still."""
    ids = {row.decider_id for row in rows if row.decider_id}
    if not ids:
        return {}
    members = Membership.objects.filter(organization_id=place.organization_id, user_id__in=ids)
    named = dict(members.values_list("user_id", "user__email"))
    return named | {place.user_id: "you"}


def _unknown(row: Approval) -> str:
    return "a former member" if row.decider_id else ""


def _weighed(row: Approval, at: datetime, stands: Standing) -> Card:
    """Return a waiting plan with what it would leave, what hinders it, and the cheaper ways."""
    job, allowed = row.job, stands.limits(row.agent_id)
    return Card(
        row,
        at,
        decider="",
        usage_id="",
        room=allowed.after(row.credits),
        hindrance=stands.hinders(row.agent, job.model_id, job.operation, row.credits),
        recent=allowed.recent,
        ways=ways_of(row, stands),
    )


def ways_of(row: Approval, stands: Standing) -> list[tuple[Alternative, bool]]:
    """Return the cheaper ways that limits and credits allow, each with whether its agent need not ask."""
    job, unasked = row.job, stands.limits(row.agent_id).unasked

    def fits(plan: Plan) -> bool:
        return stands.hinders(row.agent, plan.entry.id, job.operation, plan.credits_required) is None

    entry = next((one.entry for one in stands.rows if one.entry.id == job.model_id), None)
    if entry is None:
        return []
    found = alternatives.cheaper(
        job, _given(job), entry=entry, rows=stands.rows, fits=fits, unasked_credits=unasked
    )
    return [(way, way.credits <= unasked) for way in found]


def _given(job: Job) -> Inputs:
    """Return the pictures that go into a job, from what was read with it."""
    rows = sorted(job.inputs.all(), key=lambda row: row.position)
    by_role = {row.role: row.asset for row in reversed(rows)}
    return Inputs(
        picture=by_role.get(JobInput.Role.INPUT),
        mask=by_role.get(JobInput.Role.MASK),
        references=tuple(row.asset for row in rows if row.role == JobInput.Role.REFERENCE),
    )
