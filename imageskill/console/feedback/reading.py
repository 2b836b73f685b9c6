"""One report as staff reads it: the agent's words made safe, what belongs to it, and what can be done with it."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Prefetch

from accounts import staff
from billing import adjustments
from billing.models import Adjustment
from creative import assets
from creative.feedback import alike, attached, priority, triage
from creative.feedback.alike import Alike
from creative.feedback.attached import MOST_DUPLICATES, Attached
from creative.feedback.plain_text import one_line, visible
from creative.feedback.priority import Priority, Weight
from creative.models import Asset, Feedback, FeedbackChange, Job
from imageskill.console.feedback.words import STATES
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent

_TEXTS: Final = (
    ("command", "What it ran"),
    ("expected", "What it expected"),
    ("actual", "What it got"),
    ("proof_needed", "What would prove it handled"),
    ("friction", "What it cost the agent"),
    ("strategic_reason", "Why it matters beyond this case"),
    ("source", "Where it comes from"),
)
_UNSHOWN: Final = frozenset({"prompt", "negative_prompt"})
"""Parameters that hold an agent's prompt, which only members of its workspace see."""


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the history."""

    change: FeedbackChange
    who: str

    @property
    def what(self) -> str:
        """What happened, in a few words."""
        if self.change.from_state != self.change.to_state:
            return f"{STATES[triage.State(self.change.from_state)]} → {STATES[triage.State(self.change.to_state)]}"
        return "answered" if self.change.reason else "noted"


@dataclass(frozen=True, slots=True)
class MadeJob:
    """A job that belongs to a report: everything but its prompt."""

    job: Job

    @property
    def pictures(self) -> list[Asset]:
        """Its pictures, without the deleted ones."""
        return assets.of_job(self.job)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """What was asked for besides the prompt."""
        told = {name: value for name, value in self.job.parameters.items() if name not in _UNSHOWN}
        return [(one_line(name), one_line(str(value))) for name, value in told.items()]

    @property
    def message(self) -> str:
        """What its agent was told where it failed."""
        return one_line(self.job.error_message)


@dataclass(frozen=True, slots=True)
class Item:
    """A report with everything that staff needs to decide on it."""

    row: Feedback
    merged: list[Feedback]
    attached: Attached
    weight: Weight
    suggested: list[Alike]
    people: dict[str, str]
    goodwill: list[Adjustment]
    """Credits that were given for it or for what was merged into it, and those that wait for a second person."""

    @property
    def title(self) -> str:
        """What the agent called it."""
        return one_line(self.row.title)

    @property
    def body(self) -> str:
        """What the agent said."""
        return visible(self.row.body)

    @property
    def texts(self) -> list[tuple[str, str]]:
        """The other things that the agent said, each under what it is."""
        return [(label, visible(getattr(self.row, name))) for name, label in _TEXTS if getattr(self.row, name)]

    @property
    def surfaces(self) -> str:
        """Where it happened, as the agent told."""
        return ", ".join(one_line(str(word)) for word in self.row.surface)

    @property
    def agent(self) -> str:
        """What its agent is called."""
        return one_line(self.row.agent.name)

    @property
    def state(self) -> str:
        """How it stands, in a word or two."""
        return STATES[triage.State(self.row.state)]

    @property
    def type(self) -> str:
        """Its type, which may be a word of the agent's own."""
        return one_line(self.row.type).replace("_", " ")

    @property
    def priority(self) -> Priority:
        """The parts of the number by which the queue is ordered."""
        told = priority.of(
            reports=self.weight.reports, last_reported_at=self.row.last_reported_at, credits=self.weight.credits
        )
        # The queue's own number is what is explained: what reports and credits leave of it is recency.
        return Priority(told.reports, self.row.priority - told.reports - told.credits, told.credits)

    @property
    def jobs(self) -> list[MadeJob]:
        """The jobs that belong to it."""
        return [MadeJob(job) for job in self.attached.jobs]

    @property
    def cited(self) -> list[tuple[str, bool]]:
        """What it cites, each with whether that is its reporter's own."""
        return [(one_line(one.reference), one.is_known) for one in self.attached.cited]

    @property
    def events(self) -> list[ActivityEvent]:
        """The events of the traces that it cites."""
        return self.attached.events

    @property
    def titles(self) -> list[tuple[Feedback, str]]:
        """The reports that were merged into it, each with what its agent called it."""
        return [(row, one_line(row.title)) for row in self.merged]

    @property
    def known_as(self) -> tuple[Feedback, str] | None:
        """The report that it repeats, with its title."""
        return (self.row.canonical, one_line(self.row.canonical.title)) if self.row.canonical else None

    @property
    def alike(self) -> list[tuple[Alike, str, str]]:
        """Reports that it may repeat, each with its title and its state."""
        return [(one, one_line(one.row.title), STATES[triage.State(one.row.state)]) for one in self.suggested]

    @property
    def assignee(self) -> str:
        """Who works on it; empty where nobody does."""
        return self.people.get(self.row.assignee_id, "a former colleague" if self.row.assignee_id else "")

    @property
    def history(self) -> list[Step]:
        """Each line of its history, newest first."""
        steps = sorted(self.row.changes.all(), key=lambda change: change.pk, reverse=True)
        return [Step(change, self._who(change)) for change in steps]

    def _who(self, change: FeedbackChange) -> str:
        if change.actor_type == triage.STAFF.actor_type:
            return self.people.get(change.actor_id, "a former colleague")
        return "the service"

    @property
    def may(self) -> dict[str, bool]:
        """Which acts its state allows, by name."""
        onward = triage.TRANSITIONS[self.row.state]
        return {
            "accept": triage.State.ACCEPTED in onward,
            "needs_proof": triage.State.NEEDS_PROOF in onward,
            "fix": triage.State.FIXED in onward,
            "decline": triage.State.DECLINED in onward,
            "duplicate": triage.State.DUPLICATE in onward and not self.merged,
            "separate": self.row.state == triage.State.DUPLICATE,
            "reopen": triage.State.RECEIVED in onward and self.row.state != triage.State.DUPLICATE,
            "snooze": self.row.snoozed_at is None,
            "wake": self.row.snoozed_at is not None,
        }


def one(feedback_id: str) -> Item | None:
    """Return a report with all that belongs to it, in a fixed number of queries; None: there is none."""
    if prefix_of(feedback_id) != "sig":
        return None
    steps = Prefetch("changes", FeedbackChange.objects.order_by("pk"))
    whole = Feedback.objects.select_related("agent", "organization", "canonical").prefetch_related(steps)
    row = whole.filter(pk=feedback_id).first()
    if row is None:
        return None
    others = Feedback.objects.filter(canonical_id=row.pk).select_related("agent", "organization")
    merged = list(others.order_by("-pk")[:MOST_DUPLICATES])
    return Item(
        row=row,
        merged=merged,
        attached=attached.to([row, *merged]),
        weight=priority.weigh(row.pk),
        suggested=alike.suggested(row),
        people=staff.colleagues(),
        goodwill=adjustments.of_feedback([row.pk, *(other.pk for other in merged)]),
    )
