"""One page of the inbox: its rows, its tabs with their counts, and where the next page begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.db.models import Sum

from accounts import staff
from creative.feedback import inbox, triage
from creative.feedback.inbox import MOST_COUNTED, Numbers
from creative.feedback.plain_text import one_line
from creative.feedback.vocabulary import LEVELS
from creative.models import Feedback
from imageskill.console.feedback.words import STATES, TABS, TYPE_WORDS, counted, span
from imageskill.core.ids import prefix_of

PAGE: Final = 30


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the inbox one is: a tab, a type, and the row after which the page begins.

    `assignee_id` is the one who asked, where only what is theirs is shown.
    """

    tab: str = "new"
    type: str = ""
    after: str = ""
    assignee_id: str = ""

    @property
    def query(self) -> str:
        """The place as it stands in an address."""
        told = {"tab": self.tab, "type": self.type, "mine": self.mine, "after": self.after}
        return urlencode({name: value for name, value in told.items() if value})

    @property
    def mine(self) -> str:
        """`1` where only what is assigned to the one who asked is shown."""
        return "1" if self.assignee_id else ""

    def at(self, tab: str, type_word: str = "", after: str = "") -> "Place":
        """Return another tab and type, of the same person."""
        return Place(tab, type_word, after, self.assignee_id)

    @property
    def first(self) -> str:
        """The query of the first page here."""
        return self.at(self.tab, self.type).query

    @property
    def whose(self) -> tuple[str, str]:
        """The queries of everybody's reports and of one's own, on this tab."""
        everybody = Place(self.tab, self.type).query
        return everybody, f"{everybody}&mine=1"


def place_of(sent: Mapping[str, str], me: str = "") -> Place | None:
    """Return the place that an address or a form names, `me` asking; None: there is no such."""
    place = Place(
        tab=sent.get("tab") or "new",
        type=sent.get("type") or "",
        after=sent.get("after") or "",
        assignee_id=me if sent.get("mine") else "",
    )
    is_known = place.tab in TABS and (not place.type or place.type in TYPE_WORDS)
    return place if is_known and (not place.after or prefix_of(place.after) == "sig") else None


@dataclass(frozen=True, slots=True)
class Row:
    """A report in the list, the agent's words made safe to read."""

    row: Feedback
    assignee: str
    reports: int
    """How often it was reported, merged reports counted."""

    @property
    def title(self) -> str:
        """What the agent called it."""
        return one_line(self.row.title)

    @property
    def agent(self) -> str:
        """What its agent is called."""
        return one_line(self.row.agent.name)

    @property
    def state(self) -> str:
        """How it stands, in a word or two."""
        return STATES[triage.State(self.row.state)]


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab: its name, where it leads, and how much it holds, in words."""

    name: str
    query: str
    count: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """What the left side shows."""

    place: Place
    rows: list[Row]
    tabs: list[Tab]
    types: list[Tab]
    next: str
    """The query of the next page; empty where there is none."""


def read(place: Place) -> Listing:
    """Return a page of the inbox, in a fixed number of queries."""
    after = Feedback.objects.filter(pk=place.after).first() if place.after else None
    found = triage.page(
        place.tab,
        limit=PAGE + 1,
        after=after,
        type_word=place.type or None,
        assignee_id=place.assignee_id or None,
    )
    people = staff.colleagues()
    shown = found[:PAGE]
    merged = _reports_of_merged([row.pk for row in shown])
    more = place.at(place.tab, place.type, shown[-1].pk).query if len(found) > PAGE else ""
    per_tab, per_type = _counts(place)
    return Listing(
        place=place,
        rows=[Row(row, people.get(row.assignee_id, ""), row.reports + merged.get(row.pk, 0)) for row in shown],
        tabs=[
            Tab(name, place.at(tab).query, counted(per_tab[tab], MOST_COUNTED), tab == place.tab)
            for tab, name in TABS.items()
        ],
        types=[
            Tab("Every type", place.at(place.tab).query, "", not place.type),
            *(
                Tab(
                    name,
                    place.at(place.tab, word).query,
                    counted(per_type[word], MOST_COUNTED) if word in per_type else "",
                    word == place.type,
                )
                for word, name in TYPE_WORDS.items()
            ),
        ],
        next=more,
    )


def _counts(place: Place) -> tuple[dict[str, int], dict[str, int]]:
    """Return how much each tab and each type holds; of one's own, types are not counted."""
    if place.assignee_id:
        return inbox.counts_of(place.assignee_id), {}
    return inbox.counts(), inbox.types_of(place.tab)


def _reports_of_merged(ids: list[str]) -> dict[str, int]:
    """Return how often what was merged into each report was reported, in one query."""
    rows = Feedback.objects.filter(canonical_id__in=ids).order_by().values_list("canonical_id")
    return {str(pk): total for pk, total in rows.annotate(total=Sum("reports"))}


@dataclass(frozen=True, slots=True)
class Header:
    """The numbers above the inbox, in words."""

    numbers: Numbers

    @property
    def severities(self) -> list[tuple[str, str]]:
        """How much is open by severity, the worst first."""
        return [(level, counted(self.numbers.by_severity[level], MOST_COUNTED)) for level in reversed(LEVELS)]

    @property
    def too_long(self) -> str:
        """How much is open for longer than a week."""
        return counted(self.numbers.too_long, MOST_COUNTED)

    @property
    def first_look(self) -> str:
        """How long a report waits for its first move, in words."""
        seconds = self.numbers.first_look_seconds
        return span(seconds) if seconds is not None else "none yet"


def header() -> Header:
    """Return the numbers above the inbox, in two queries."""
    return Header(inbox.numbers())
