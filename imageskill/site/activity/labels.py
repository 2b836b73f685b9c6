"""What a row shows besides its event: names, pictures, an amount, the way on. A fixed number of queries a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import NoReverseMatch, reverse

from accounts.models import Agent, User
from billing import decisions
from creative.models import Asset, Job
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent
from imageskill.site.activity import refusals, sentences
from imageskill.site.activity.conditions import Scope
from imageskill.site.activity.filters import outcome_of
from imageskill.site.activity.refusals import Deciding
from imageskill.site.activity.sentences import Known
from imageskill.site.activity.stream import Row

MOST_PICTURES: Final = 4
"""So many thumbnails one row shows."""

_SPENT: Final = frozenset({"job.completed", "usage.credit_consumed"})
_CAME: Final = frozenset({"credits.payment_backed_granted", "credits.payment_backed_reinstated"})
_WENT: Final = frozenset({"credits.payment_backed_refunded", "credits.payment_backed_disputed"})
_OF_PAYER: Final = frozenset({"checkout_session_id"})
_DECIDERS: Final = frozenset({"human"})
_STAFF: Final = "Staff"
"""Owners are told the role, never who it was."""


@dataclass(frozen=True, slots=True)
class Label:
    """One row as it is read."""

    row: Row
    sentence: str
    agent_name: str
    actor_name: str
    outcome: str
    code: str = ""
    credits: int = 0
    sign: str = ""
    job: Job | None = None
    model: str = ""
    pictures: tuple[Asset, ...] = ()
    more_pictures: int = 0
    cap: Deciding | None = None
    times: int = 1
    """How often an equal refusal was given within its minute."""
    limits_href: str = ""
    """Where the limits of a refused agent are set."""


def of(rows: Sequence[Row], scope: Scope) -> list[Label]:
    """Return the rows as they are read, in their order. At most four queries."""
    jobs = _jobs(rows, scope)
    assets = _assets(rows, scope)
    names = _names(rows, scope)
    return [_of_row(row, scope, names, jobs, assets) for row in rows]


def job_id_of(row: Row) -> str:
    """Return the job that a row is about; empty where there is none."""
    if row.event is not None:
        linked = row.event.links.get("job_id")
        return linked if isinstance(linked, str) else ""
    return row.decision.job_id if row.decision is not None else ""


def links_for(event: ActivityEvent, scope: Scope) -> dict[str, str | list[str]]:
    """Return what an event links to; the payment provider's ids lead to a payer, so no viewer sees them."""
    return {name: value for name, value in event.links.items() if not (scope.is_viewer and name in _OF_PAYER)}


def limits_href(organization_id: str, agent_id: str) -> str:
    """Return where an agent's limits are set; empty where this service has no such page."""
    for route in ("agent_limits", "agent"):
        try:
            return reverse(route, args=[organization_id, agent_id])
        except NoReverseMatch:
            continue
    return ""


def _of_row(
    row: Row, scope: Scope, names: dict[str, str], jobs: dict[str, Job], assets: dict[str, Asset]
) -> Label:
    job = jobs.get(job_id_of(row))
    agent_name = names.get(row.agent_id, row.agent_id)
    if row.decision is not None:
        known = Known(agent=agent_name)
        return Label(
            row=row,
            sentence=sentences.of_refusal(row.decision, known),
            agent_name=agent_name,
            actor_name=agent_name,
            outcome="refused" if row.decision.outcome == "denied" else "waiting",
            code=decisions.code_of(row.decision),
            job=job,
            model=job.model_id if job is not None else "",
            cap=refusals.deciding(row.decision),
            times=row.decision.count,
            limits_href=limits_href(scope.organization_ids[0], row.decision.agent_id),
        )
    event = row.event
    if event is None:
        raise AssertionError("a row is an event or a refusal")
    actor = names.get(event.actor_id, event.actor_id) if event.actor_type in _DECIDERS else ""
    actor = agent_name if event.actor_type == "agent" else _STAFF if event.actor_type == "session" else actor
    pictures = [assets[name] for name in _asset_ids(event) if name in assets]
    code = job.error_code if job is not None and outcome_of(event.status) == "failed" else ""
    known = Known(
        agent=agent_name,
        actor=actor,
        subject=names.get(event.subject_id, ""),
        model=job.model_id if job is not None else "",
        pictures=_count(event, job),
        code=code,
    )
    return Label(
        row=row,
        sentence=sentences.of_event(event, known),
        agent_name=agent_name,
        actor_name=actor,
        outcome=outcome_of(event.status),
        code=code,
        credits=event.credits or 0 if event.type in _SPENT | _CAME | _WENT else 0,
        sign="+" if event.type in _CAME else "\N{MINUS SIGN}" if event.type in _WENT else "",
        job=job,
        model=known.model,
        pictures=tuple(pictures[:MOST_PICTURES]),
        more_pictures=max(0, len(pictures) - MOST_PICTURES),
    )


def _count(event: ActivityEvent, job: Job | None) -> int:
    if event.type == "job.completed":
        return len(_listed(event))
    return job.output_count if job is not None else 0


def _listed(event: ActivityEvent) -> list[str]:
    listed = event.links.get("asset_ids")
    return listed if isinstance(listed, list) else []


def _asset_ids(event: ActivityEvent) -> list[str]:
    """Return the pictures to show: a picture's own event shows itself, a job's all of them."""
    return [event.subject_id] if event.subject_type == "asset" else _listed(event)


def _jobs(rows: Iterable[Row], scope: Scope) -> dict[str, Job]:
    wanted = {job_id for row in rows if (job_id := job_id_of(row))}
    found = Job.objects.filter(pk__in=wanted, organization_id__in=scope.organization_ids)
    shown = found.only("pk", "model_id", "operation", "output_count", "error_code", "state", "agent_id")
    return {job.pk: job for job in shown}


def _assets(rows: Iterable[Row], scope: Scope) -> dict[str, Asset]:
    wanted = {name for row in rows if row.event is not None for name in _asset_ids(row.event)}
    found = Asset.objects.filter(pk__in=wanted, organization_id__in=scope.organization_ids)
    return {asset.pk: asset for asset in found}


def _names(rows: Iterable[Row], scope: Scope) -> dict[str, str]:
    """Return the names of agents and the addresses of people by their ids."""
    names = {agent.pk: agent.name for agent in scope.agents}
    people: set[str] = set()
    agents: set[str] = {row.agent_id for row in rows if row.agent_id and row.agent_id not in names}
    for row in rows:
        if row.event is not None:
            people |= {one for one in (row.event.actor_id, row.event.subject_id) if prefix_of(one) == "usr"}
    names |= dict(Agent.objects.filter(pk__in=agents).values_list("pk", "name"))
    names |= dict(User.objects.filter(pk__in=people).values_list("pk", "email"))
    return names
