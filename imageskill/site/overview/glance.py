"""What the overview tells: what is new, what runs, what waits, what it cost. Each part is one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, IntegerField, OuterRef, Prefetch, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import organizations, visits
from accounts.models import Agent, Membership
from billing import daily, outlook, standing
from billing.models import SpendBucket
from billing.outlook import Outlook
from billing.standing import Standing
from creative.catalogue import loader
from creative.models import Approval, Asset, Attempt, Feedback, Job
from imageskill.core import ids
from imageskill.core.models import ActivityEvent
from imageskill.site.agents.claimable import Claimable
from imageskill.site.feedback.reports import Report
from imageskill.site.overview import chart, refusals
from imageskill.site.overview.chart import Chart
from imageskill.site.overview.refusals import Refusal

DAYS: Final = 30
STRIP: Final = 12
AGENTS: Final = 6
CARDS: Final = 3
ANSWERS: Final = 3
MOST_EVENTS: Final = 1_000
"""So many new events are counted; beyond them the page says "more than"."""
_MOST_RUNNING: Final = 10
_RUNS_AT_MOST: Final = timedelta(days=1)
_STEPS: Final = {
    Attempt.State.CALLING: "asking",
    Attempt.State.SUBMITTED: "painting at",
    Attempt.State.STORED: "storing what came from",
}


@dataclass(frozen=True, slots=True)
class News:
    """What happened since an instant, counted; `is_more`: more happened than was counted."""

    since: datetime
    first_visit: bool
    pictures: int = 0
    credits: int = 0
    failed: int = 0
    approvals: int = 0
    answers: int = 0
    people: int = 0
    is_more: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it happened."""
        counted = (self.pictures, self.credits, self.failed, self.approvals, self.answers, self.people)
        return not any(counted)


@dataclass(frozen=True, slots=True)
class Running:
    """A job that is queued or at work, where it is done, and how far it is."""

    job: Job
    provider: str
    step: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Live:
    """What changes while one looks: the jobs at work, what is new, and the pictures."""

    running: list[Running]
    news: News
    pictures: list[Asset]
    """The new ones, or where there are none the latest; newest first."""
    newest_id: str


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What a new workspace still lacks, in order."""

    signed_up: Sequence[Claimable]
    """Agents that wait for the asker to claim them."""
    is_claimed: bool
    has_pictures: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """A workspace at a glance."""

    live: Live
    cards: list[Approval]
    chart: Chart
    outlook: Outlook
    agents: list[Agent]
    refusals: list[Refusal]
    answers: list[Report]
    steps: FirstSteps | None
    """None once an agent is here and has made a picture."""
    claimable: Sequence[Claimable]
    """Agents that wait for the member to claim them, where the first steps do not tell of them."""


def of_workspace(place: Membership, claimable: Sequence[Claimable]) -> Glance:
    """Return what a member's overview shows; the number of queries does not grow with the workspace.

    `claimable` are the agents that wait for the member to claim them: a step of a new workspace, else a list.
    """
    now = timezone.now()
    inside = organizations.with_shells(place.organization_id)
    live = live_part(place, inside, now)
    numbers = standing.of_workspace(place.organization_id, at=now)
    agents = list(_agents(place.organization_id, inside, numbers))
    complete = bool(agents and live.pictures)
    return Glance(
        live=live,
        cards=_cards(place.organization_id, now),
        chart=chart.of_days(daily.spending(inside, days=DAYS, at=now)),
        outlook=outlook.foresee(inside, numbers, at=now),
        agents=agents,
        refusals=refusals.latest(inside, now),
        answers=_answers(inside),
        steps=None if complete else FirstSteps(claimable[:CARDS], bool(agents), bool(live.pictures)),
        claimable=claimable if agents else [],
    )


def live_part(place: Membership, inside: Sequence[str] | None = None, at: datetime | None = None) -> Live:
    """Return what changes while one looks."""
    now = at or timezone.now()
    inside = inside or organizations.with_shells(place.organization_id)
    news = _news(place, inside, now)
    latest = list(_pictures(inside)[:STRIP])
    new = [asset for asset in latest if asset.created_at > news.since]
    return Live(
        running=_running(inside, now),
        news=news,
        pictures=new or latest[: STRIP // 2],
        newest_id=latest[0].pk if latest else "",
    )


def _news(place: Membership, inside: Sequence[str], now: datetime) -> News:
    since = visits.new_since(place, at=now)
    rows = ActivityEvent.objects.filter(
        organization_id__in=inside, pk__gt=f"evt_{ids.moment_digits(since)}"
    ).order_by("-pk")
    counted: dict[str, int] = {}
    found = list(rows.values_list("type", "status", "credits")[: MOST_EVENTS + 1])
    for kind, status, credits in found[:MOST_EVENTS]:
        name, amount = _counted_as(kind, status, credits or 0)
        counted[name] = counted.get(name, 0) + amount
    counted.pop("", None)
    return News(since, first_visit=visits.is_first(place, at=now), is_more=len(found) > MOST_EVENTS, **counted)


def _counted_as(kind: str, status: str, credits: int) -> tuple[str, int]:
    """Return under which of the news an event is counted, and for how many; none: an empty name."""
    if kind in ("asset.created", "asset.uploaded"):
        return "pictures", 1
    if kind == "usage.credit_consumed":
        return "credits", credits
    if kind == "job.completed":
        return ("failed", 1) if status == Job.State.FAILED else ("", 0)
    if kind == "feedback.status_changed":
        return "answers", 1
    if kind == "approval.decided":
        return "approvals", 1
    return ("people", 1) if kind.startswith(("member.", "invitation.", "workspace.")) else ("", 0)


def _pictures(inside: Sequence[str]) -> QuerySet[Asset]:
    rows = Asset.objects.filter(organization_id__in=inside, deleted_at=None)
    return rows.select_related("agent", "job").order_by("-pk")


def _running(inside: Sequence[str], now: datetime) -> list[Running]:
    attempts = Prefetch("attempts", Attempt.objects.order_by("-pk"), to_attr="latest_attempts")
    jobs = Job.objects.filter(
        organization_id__in=inside,
        state__in=[Job.State.QUEUED, Job.State.RUNNING],
        pk__gte=f"job_{ids.moment_digits(now - _RUNS_AT_MOST)}",
    )
    return [
        _told(job)
        for job in jobs.select_related("agent").prefetch_related(attempts).order_by("pk")[:_MOST_RUNNING]
    ]


def _told(job: Any) -> Running:  # noqa: ANN401 - a job with its attempts at hand
    entry = loader.current().find(job.model_id)
    provider = entry.provider_id if entry is not None else ""
    if job.state == Job.State.QUEUED or not job.latest_attempts:
        return Running(job, provider, "waiting for its turn at", job.created_at)
    attempt = job.latest_attempts[0]
    return Running(job, provider, _STEPS.get(attempt.state, "at work at"), job.started_at or attempt.started_at)


def _cards(organization_id: str, now: datetime) -> list[Approval]:
    waiting = Approval.objects.filter(
        organization_id=organization_id, state=Approval.State.WAITING, expires_at__gt=now
    )
    return list(waiting.select_related("agent", "job").order_by("expires_at")[:CARDS])


def _agents(organization_id: str, inside: Sequence[str], numbers: Standing) -> QuerySet[Agent]:
    """Return the agents that asked for something last, with what each spent in the month of the three numbers."""
    here = Job.objects.filter(agent_id=OuterRef("pk"), organization_id__in=inside)
    last = here.order_by("-pk").values("created_at")[:1]
    month = SpendBucket.objects.filter(
        agent_id=OuterRef("pk"),
        organization_id__in=inside,
        start__gte=numbers.month.start,
        start__lt=numbers.month.end,
    )
    spent = month.order_by().values("agent_id").annotate(n=Sum("settled_credits")).values("n")
    rows = Agent.objects.filter(organization_id=organization_id).annotate(
        asked_at=Subquery(last),
        spent_in_month=Coalesce(Subquery(spent, output_field=IntegerField()), Value(0)),
    )
    return rows.order_by(F("asked_at").desc(nulls_last=True), "-pk")[:AGENTS]


def _answers(inside: Sequence[str]) -> list[Report]:
    answered = Feedback.objects.filter(organization_id__in=inside, state_changed_at__isnull=False)
    rows = answered.select_related("agent", "canonical").order_by("-pk")[:ANSWERS]
    return [Report(row, jobs=[], pictures=[], notices=[]) for row in rows]
