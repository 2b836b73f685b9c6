"""One agent as staff sees it. Its numbers come from the functions that its own doors ask; no prompt is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts import agents, contacts, tokens
from accounts.models import Agent, AgentToken, Claim
from billing import mandates, quota, standing
from billing.mandates import Counter
from billing.models import Decision, Hold, Mandate, Receipt
from billing.quota import Quota
from billing.standing import Standing
from creative.feedback.plain_text import one_line
from creative.models import Feedback, Job
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent, EventReference

EVENTS: Final = 20
REFUSALS: Final = 20
FEW: Final = 10
PAGE: Final = 30
WINDOWS: Final = {"per_job": "One job", "day": "Day", "week": "Week", "month": "Month", "lifetime": "In all"}


@dataclass(frozen=True, slots=True)
class Cap:
    """A window of the owner's limits as it is drawn: its counter, and its parts in per cent of the cap."""

    name: str
    counter: Counter
    used_part: int
    held_part: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token by its first characters, never itself."""

    row: AgentToken
    is_alive: bool


@dataclass(frozen=True, slots=True)
class Portrait:
    """Everything on the page of an agent; lists are the newest first."""

    agent: Agent
    name: str
    workspace: str
    contact: str
    is_quarantined: bool
    money: Standing
    quota: Quota
    mandate: Mandate | None
    caps: list[Cap]
    unlimited: list[tuple[str, int]]
    """Windows without a cap, with what was spent in each."""
    per_job: int | None
    tokens: list[Token]
    claims: list[Claim]
    holds: list[Hold]
    events: list[ActivityEvent]
    refusals: list[tuple[Decision, str]]
    """Each with its reason in words."""
    failed: list[Job]
    receipts: list[Receipt]
    reports: list[tuple[Feedback, str]]


@dataclass(frozen=True, slots=True)
class About:
    """Something of an agent that was looked for: its id, its events, and what a job came to."""

    reference: str
    events: list[ActivityEvent]
    job: Job | None


def one(agent_id: str) -> Agent | None:
    """Return an agent with its workspace; None: there is none."""
    if prefix_of(agent_id) != "agt":
        return None
    return Agent.objects.select_related("organization").filter(pk=agent_id).first()


def newest(after: str = "") -> QuerySet[Agent]:
    """Return the agents after an id, the newest first, each with `last_used_at`."""
    rows = Agent.objects.select_related("organization").order_by("-pk")
    used = AgentToken.objects.filter(agent=OuterRef("pk")).order_by().values("agent")
    shown = rows.annotate(last_used_at=Subquery(used.annotate(last=Max("last_used_at")).values("last")))
    return shown.filter(pk__lt=after) if after else shown


def of(agent: Agent) -> Portrait:
    """Return an agent's portrait, in a fixed number of queries."""
    now = timezone.now()
    numbers = quota.of_agent(agent)
    refused = Decision.objects.filter(agent=agent).exclude(outcome=Decision.Outcome.ALLOWED)
    unmade = Job.objects.filter(agent=agent, state__in=(Job.State.FAILED, Job.State.CANCELED))
    rows = AgentToken.objects.select_related("agent").filter(agent=agent).order_by("-pk")[:FEW]
    reports = Feedback.objects.filter(agent=agent).order_by("-pk")[:FEW]
    per_job = next((counter.cap for counter in numbers.spend if counter.window == "per_job"), None)
    return Portrait(
        agent=agent,
        name=one_line(agent.name),
        workspace=one_line(agent.organization.name),
        contact=contacts.redact(agent.contact) or "",
        is_quarantined=agents.is_quarantined(agent),
        money=standing.of_workspace(agent.organization_id),
        quota=numbers,
        mandate=mandates.current(agent_id=agent.pk, organization_id=agent.organization_id),
        caps=caps(numbers.spend),
        unlimited=[
            (WINDOWS[counter.window], counter.used)
            for counter in numbers.spend
            if counter.cap is None and counter.window != "per_job"
        ],
        per_job=per_job,
        tokens=[Token(row, tokens.is_alive(row, now)) for row in rows],
        claims=list(Claim.objects.filter(agent=agent).order_by("-pk")[:FEW]),
        holds=list(Hold.objects.filter(agent=agent, state=Hold.State.OPEN).order_by("-authorised_at")[:FEW]),
        events=list(ActivityEvent.objects.filter(agent_id=agent.pk).order_by("-pk")[:EVENTS]),
        refusals=[(row, reason_of(row.reason)) for row in refused.order_by("-pk")[:REFUSALS]],
        failed=list(_bare(unmade).order_by("-pk")[:REFUSALS]),
        receipts=list(Receipt.objects.filter(agent=agent).order_by("-created_at")[:FEW]),
        reports=[(row, one_line(row.title)) for row in reports],
    )


def about(agent: Agent, reference: str) -> About:
    """Return what an id has to do with an agent; nothing of another agent's."""
    known = EventReference.objects.filter(reference=reference, agent_id=agent.pk).order_by("-event")
    events = ActivityEvent.objects.filter(pk__in=list(known.values_list("event_id", flat=True)[:EVENTS]))
    own = ActivityEvent.objects.filter(pk=reference, agent_id=agent.pk)
    found = own if prefix_of(reference) == "evt" else events.order_by("-pk")
    job = _bare(Job.objects.filter(pk=reference, agent=agent)).first() if prefix_of(reference) == "job" else None
    return About(reference, list(found), job)


def _bare(rows: QuerySet[Job]) -> QuerySet[Job]:
    """Leave out what an agent asked for: staff does not read it."""
    return rows.defer("prompt", "parameters", "selection")


def reason_of(word: str) -> str:
    """Return what decided, as one reads it: the name of a cap, else the word itself."""
    window = WINDOWS.get(word.removeprefix("cap_"))
    return f'the cap "{window.lower()}"' if window is not None else word.replace("_", " ")


def caps(counters: Iterable[Counter]) -> list[Cap]:
    """Return the windows that have a cap to fill, the shortest first."""
    return [
        Cap(WINDOWS[counter.window], counter, *_parts(counter, counter.cap))
        for counter in counters
        if counter.cap is not None and counter.window != "per_job"
    ]


def _parts(counter: Counter, cap: int) -> Sequence[int]:
    """Return per cent spent and held, rounded up, so that something spent is always seen."""
    used = min(100, -(-100 * counter.used // cap)) if cap else 100
    held = min(100 - used, -(-100 * counter.held // cap)) if cap else 0
    return used, held
