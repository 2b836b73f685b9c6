"""What belongs to a report: the jobs, receipts, pictures and events that it cites or that share a cited trace.

A reference counts only where it is its reporter's own, in the reporter's organization: a trace or an id of
somebody else stays the string that it is. Of merged reports each one's evidence counts for its own reporter.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from billing.models import Receipt
from creative.models import Asset, Feedback, FeedbackEvidence, Job
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent, EventReference

MOST_DUPLICATES: Final = 20
MOST_REFERENCES: Final = 200
MOST_JOBS: Final = 20
MOST_EVENTS: Final = 40

Home = tuple[str, str]
"""An agent and an organization in which its history is."""


@dataclass(frozen=True, slots=True)
class Attached:
    """What was found, newest first; `cited` also holds what leads nowhere."""

    cited: list[FeedbackEvidence]
    jobs: list[Job]
    pictures: list[Asset]
    receipts: list[Receipt]
    events: list[ActivityEvent]


def to(reports: Sequence[Feedback]) -> Attached:
    """Return what belongs to a report and those merged into it, in a fixed number of queries.

    Each report comes with its agent and its organization; jobs come with their pictures.
    """
    homes = {report.pk: _homes(report) for report in reports}
    rows = FeedbackEvidence.objects.filter(feedback__in=list(homes)).order_by("pk")
    cited = list(rows[:MOST_REFERENCES])
    allowed: dict[str, set[Home]] = defaultdict(set)
    for one in cited:
        if one.is_known:
            allowed[one.reference] |= homes[one.feedback_id]
    events = _events(allowed)
    for event in events:
        for link in _links(event):
            allowed[link].add((event.agent_id, event.organization_id))
    jobs = Job.objects.filter(pk__in=_of("job", allowed)).prefetch_related("assets").order_by("-pk")
    pictures = Asset.objects.filter(pk__in=_of("image", allowed), deleted_at=None).order_by("-pk")
    receipts = Receipt.objects.filter(pk__in=_of("receipt", allowed)).order_by("-pk")
    found_jobs = [row for row in jobs[:MOST_JOBS] if (row.agent_id, row.organization_id) in allowed[row.pk]]
    shown = {asset.pk for job in found_jobs for asset in job.assets.all()}
    return Attached(
        cited=cited,
        jobs=found_jobs,
        pictures=[
            row
            for row in pictures[:MOST_JOBS]
            if row.pk not in shown and (row.agent_id, row.organization_id) in allowed[row.pk]
        ],
        receipts=[
            row for row in receipts[:MOST_JOBS] if ((row.agent_id or ""), row.organization_id) in allowed[row.pk]
        ],
        events=events,
    )


def _homes(report: Feedback) -> set[Home]:
    """Return where the reporter's history is: the report's organization, what it was merged into, its shell."""
    places = {report.organization_id}
    if report.organization.merged_into_id:
        places.add(report.organization.merged_into_id)
    if report.agent.organization_id in places and report.agent.shell_id:
        places.add(report.agent.shell_id)
    return {(report.agent_id, place) for place in places}


def _events(allowed: dict[str, set[Home]]) -> list[ActivityEvent]:
    """Return the events under cited traces and the cited events themselves, newest first."""
    wanted = [*_of("trace", allowed), *_of("evt", allowed)]
    agents = {agent for homes in allowed.values() for agent, _ in homes}
    if not wanted:
        return []
    tied = EventReference.objects.filter(reference__in=_of("trace", allowed), agent_id__in=agents)
    rows = tied.select_related("event").order_by("-event_id")[:MOST_EVENTS]
    of_traces = [row.event for row in rows if (row.agent_id, row.organization_id) in allowed[row.reference]]
    named = ActivityEvent.objects.filter(pk__in=_of("evt", allowed))
    own = [row for row in named if (row.agent_id, row.organization_id) in allowed[row.pk]]
    found = {event.pk: event for event in (*of_traces, *own)}
    return [found[pk] for pk in sorted(found, reverse=True)][:MOST_EVENTS]


def _links(event: ActivityEvent) -> Iterable[str]:
    for link in event.links.values():
        yield from [link] if isinstance(link, str) else link


def _of(prefix: str, references: Iterable[str]) -> list[str]:
    return [one for one in references if prefix_of(one) == prefix]
