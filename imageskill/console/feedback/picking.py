"""Reports that were picked for one act: by their boxes, or by where one is in the inbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from creative.feedback import triage
from creative.feedback.bulk import MOST
from creative.feedback.plain_text import one_line
from creative.models import Feedback
from imageskill.console.feedback.listing import Place
from imageskill.console.feedback.words import STATES


@dataclass(frozen=True, slots=True)
class Picked:
    """A picked report, with what its agent called it made safe to read."""

    row: Feedback

    @property
    def title(self) -> str:
        """What the agent called it."""
        return one_line(self.row.title)

    @property
    def state(self) -> str:
        """How it stands, in a word or two."""
        return STATES[triage.State(self.row.state)]


def of_ids(ids: Sequence[str]) -> list[Picked]:
    """Return the reports of ids in that order, in one query; those that are none are left out."""
    found = Feedback.objects.in_bulk(list(dict.fromkeys(ids))[:MOST])
    return [Picked(found[one]) for one in dict.fromkeys(ids) if one in found]


def of_place(place: Place) -> tuple[list[Picked], bool]:
    """Return the reports of a tab and type, as many as one act takes, and whether there are more."""
    whose = place.assignee_id or None
    rows = triage.page(place.tab, limit=MOST + 1, type_word=place.type or None, assignee_id=whose)
    return [Picked(row) for row in rows[:MOST]], len(rows) > MOST


def assignees(ids: Sequence[str]) -> dict[str, str]:
    """Return who works on each report."""
    return dict(Feedback.objects.filter(pk__in=list(ids)).values_list("pk", "assignee_id"))
