"""The reports of a workspace's agents, as its members read them; each page in a fixed number of queries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Membership, Notice
from creative import assets
from creative.models import Asset, Feedback, FeedbackChange, FeedbackEvidence, Job
from imageskill.core.ids import prefix_of
from imageskill.core.plain_text import one_line, plain

PAGE: Final = 20
MOST_COUNTED: Final = 1_000
"""The newest reports that the summary counts."""
State = Feedback.State
WORDS: Final = {
    State.RECEIVED: "received",
    State.NEEDS_PROOF: "needs proof",
    State.ACCEPTED: "accepted",
    State.FIXED: "fixed",
    State.DECLINED: "declined",
    State.DUPLICATE: "known already",
    State.REGRESSED: "came back",
}
"""How each state is called here, in the order in which they are told."""
_TEXTS: Final = (
    ("command", "What it ran"),
    ("expected", "What it expected"),
    ("actual", "What it got"),
    ("friction", "What it cost the agent"),
    ("strategic_reason", "Why it matters"),
    ("proof_needed", "What would prove it handled"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """One report: the agent's words made safe to read, how it stands, and what its agent is still to be told."""

    row: Feedback
    jobs: list[Job]
    """The workspace's own jobs that it cites, each with its pictures."""
    pictures: list[Asset]
    """Pictures that it cites by themselves."""
    notices: list[Notice]
    """What its agent was told of it, or is about to be, oldest first."""

    @property
    def name(self) -> str:
        """What the agent that reported it calls itself."""
        return one_line(self.row.agent.name)

    @property
    def title(self) -> str:
        """What the agent called it."""
        return one_line(self.row.title)

    @property
    def body(self) -> str:
        """What the agent said."""
        return plain(self.row.body)

    @property
    def texts(self) -> list[tuple[str, str]]:
        """The other things that the agent said, each under what it is."""
        return [(label, plain(getattr(self.row, name))) for name, label in _TEXTS if getattr(self.row, name)]

    @property
    def known_as(self) -> Feedback | None:
        """The report that this one repeats; of that one only staff's words may be shown."""
        return self.row.canonical

    @property
    def state(self) -> str:
        """How it stands, in a word or two; of one that is known already how that one stands."""
        return WORDS[State((self.known_as or self.row).state)]

    @property
    def is_settled(self) -> bool:
        """Whether it is fixed."""
        return (self.known_as or self.row).state == State.FIXED

    @property
    def answer(self) -> str:
        """Staff's word to the agent that reported it."""
        return self.row.answer

    @property
    def resolved_in(self) -> str:
        """The version that holds the fix; empty where there is none."""
        return (self.known_as or self.row).resolved_in

    @property
    def shown(self) -> Asset | None:
        """The picture that stands for it: cited, or made by a job that is."""
        made = [asset for job in self.jobs for asset in assets.of_job(job)]
        return next(iter([*self.pictures, *made]), None)

    @property
    def untold(self) -> list[Notice]:
        """What its agent is told with its next calls."""
        return [notice for notice in self.notices if notice.told_at is None]

    @property
    def evidence(self) -> list[tuple[str, bool]]:
        """What it cites besides its jobs and pictures, each with whether that is the agent's own."""
        shown = {row.pk for row in (*self.jobs, *self.pictures)}
        cited = [row for row in self.row.evidence.all() if row.reference not in shown]
        return [(plain(row.reference), row.is_known) for row in cited]

    @property
    def history(self) -> list[tuple[FeedbackChange, str]]:
        """Each step with the state it led to, newest first; what staff notes for itself is no part of it."""
        steps = [step for step in self.row.changes.all() if step.from_state != step.to_state]
        return [(step, WORDS[State(step.to_state)]) for step in reversed(steps)]


@dataclass(frozen=True, slots=True)
class Summary:
    """How many reports stand how, of the newest ones; `because` is why the newest declined one was."""

    counts: list[tuple[str, str, int]]
    """State, its word, and how many."""
    total: int
    because: str

    @property
    def is_cut(self) -> bool:
        """Whether there may be older ones that are not counted."""
        return self.total >= MOST_COUNTED


def _here(place: Membership) -> Q:
    """Return what belongs to a workspace: its own rows, and those of the shells that were merged into it."""
    return Q(organization_id=place.organization_id) | Q(organization__merged_into_id=place.organization_id)


def _all(place: Membership) -> QuerySet[Feedback]:
    return Feedback.objects.filter(_here(place))


def summary(place: Membership) -> Summary:
    """Return how the newest reports of a workspace stand, in two queries."""
    found = Counter(_all(place).order_by("-pk").values_list("state", flat=True)[:MOST_COUNTED])
    declined = _all(place).filter(state=State.DECLINED).order_by("-pk").values_list("answer", flat=True)
    return Summary(
        counts=[(str(state), word, found[state]) for state, word in WORDS.items() if found[state]],
        total=found.total(),
        because=(declined.first() or "") if found[State.DECLINED] else "",
    )


def listed(place: Membership, *, state: str | None, before: str | None) -> tuple[list[Report], str | None]:
    """Return a page of reports, newest first, and where the next one begins; of one state where it is named."""
    rows = _all(place)
    if state is not None:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(_whole(rows).order_by("-pk")[: PAGE + 1])
    shown = _told(place, found[:PAGE])
    return shown, shown[-1].row.pk if len(found) > PAGE else None


def one(place: Membership, feedback_id: str) -> Report | None:
    """Return a report of a workspace's agents with its history; None: there is none here."""
    if prefix_of(feedback_id) != "sig":
        return None
    steps = Prefetch("changes", FeedbackChange.objects.order_by("pk"))
    found = list(_whole(_all(place)).prefetch_related(steps).filter(pk=feedback_id))
    return _told(place, found)[0] if found else None


def _whole(rows: QuerySet[Feedback]) -> QuerySet[Feedback]:
    cited = Prefetch("evidence", FeedbackEvidence.objects.order_by("pk"))
    return rows.select_related("agent", "canonical").prefetch_related(cited)


def _told(place: Membership, rows: Sequence[Feedback]) -> list[Report]:
    """Return rows with the jobs and pictures of the workspace that they cite, and their agents' notices."""
    cited = {row.pk: [one.reference for one in row.evidence.all() if one.is_known] for row in rows}
    wanted = {reference for references in cited.values() for reference in references}
    here = _here(place)
    jobs = Job.objects.filter(here, pk__in=[one for one in wanted if prefix_of(one) == "job"])
    pictures = Asset.objects.filter(
        here, pk__in=[one for one in wanted if prefix_of(one) == "image"], deleted_at=None
    )
    found_jobs = {job.pk: job for job in jobs.prefetch_related("assets")}
    found_pictures = {asset.pk: asset for asset in pictures}
    notices = Notice.objects.filter(
        agent_id__in={row.agent_id for row in rows}, subject_id__in=list(cited), kind="feedback"
    )
    told = list(notices.order_by("pk"))
    return [
        Report(
            row=row,
            jobs=[found_jobs[one] for one in cited[row.pk] if one in found_jobs],
            pictures=[found_pictures[one] for one in cited[row.pk] if one in found_pictures],
            notices=[notice for notice in told if notice.subject_id == row.pk],
        )
        for row in rows
    ]
