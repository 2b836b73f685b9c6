"""What other limits would have stopped: past holds are judged again, one after the other. Pure.

It judges as `decisions.judge` does: a hold counts in the window of its authorisation, in full while it is open and
with what was settled afterwards, so a failed job counts nothing. What the limits would have stopped counts nothing
for those that come later. What they would have had wait for the owner is taken as approved.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from billing.mandates import SPLITTING, WINDOWS, Counter, Terms
from billing.windows import NAMES, Window, window


@dataclass(frozen=True, slots=True)
class Past:
    """A hold as it is known now; `closed_at` None: open still. `settled` is zero of a released one."""

    job_id: str
    model_id: str
    credits: int
    settled: int
    authorised_at: datetime
    closed_at: datetime | None
    approved: bool = False
    """Whether an owner had approved exactly this plan."""

    def is_open(self, at: datetime) -> bool:
        """Say whether it was still held at an instant after its authorisation."""
        return self.closed_at is None or self.closed_at > at


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the limits would have said to one job; `reason` is that of a decision."""

    past: Past
    reason: str
    counter: Counter | None = None
    """The window that decided, as it stood before this job."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the limits would have changed: jobs stopped, jobs asked about, of how many that were judged."""

    judged: int
    spent: int
    stopped: tuple[Verdict, ...]
    asked: tuple[Verdict, ...]

    @property
    def kept(self) -> int:
        """The credits that the stopped jobs had cost."""
        return sum(verdict.past.settled for verdict in self.stopped)


def replay(
    past: Iterable[Past],
    terms: Terms,
    *,
    judged_from: datetime,
    lifetime_starts_at: datetime,
    spent_before: int = 0,
) -> Outcome:
    """Judge the holds from `judged_from` on by `terms`; earlier ones only fill the windows that they lie in.

    `spent_before`: credits of the lifetime that lie before the first of `past`.
    """
    books = _Books(ZoneInfo(terms.time_zone), lifetime_starts_at, spent_before)
    judged = spent = 0
    stopped: list[Verdict] = []
    asked: list[Verdict] = []
    for one in sorted(past, key=lambda hold: (hold.authorised_at, hold.job_id)):
        approved = one.approved
        if one.authorised_at >= judged_from:
            judged, spent = judged + 1, spent + one.settled
            refusal = _refusal(one, terms, books)
            if refusal is not None:
                stopped.append(refusal)
                continue
            question = None if approved else _question(one, terms, books)
            if question is not None:
                asked.append(question)
                approved = True
        books.take(one, approved=approved)
    return Outcome(judged, spent, tuple(stopped), tuple(asked))


def _refusal(one: Past, terms: Terms, books: "_Books") -> Verdict | None:
    if terms.ends_at is not None and terms.ends_at <= one.authorised_at:
        return Verdict(one, "mandate_ended")
    if terms.allowed_models is not None and one.model_id not in terms.allowed_models:
        return Verdict(one, "model_not_allowed")
    for counter in books.counters(terms, one.authorised_at):
        if not counter.allows(one.credits):
            return Verdict(one, f"cap_{counter.window}", counter)
    return None


def _question(one: Past, terms: Terms, books: "_Books") -> Verdict | None:
    threshold = terms.approval_threshold
    if threshold is None or books.unapproved(one.authorised_at) + one.credits <= threshold:
        return None
    return Verdict(one, "threshold_request" if one.credits > threshold else "threshold_recent_spending")


@dataclass(slots=True)
class _Books:
    """What was taken so far, by window; the few holds that are open at an instant are counted apart."""

    zone: tzinfo
    lifetime_starts_at: datetime
    spent_before: int
    settled: defaultdict[tuple[str, datetime], int] = field(default_factory=lambda: defaultdict(int))
    spans: dict[str, Window] = field(default_factory=dict)
    open: list[Past] = field(default_factory=list)
    recent: list[Past] = field(default_factory=list)

    def take(self, one: Past, *, approved: bool) -> None:
        """Count a hold from its authorisation on."""
        for key in self._windows(one.authorised_at):
            self.settled[key] += one.settled
        self.open.append(one)
        if not approved and one.authorised_at >= self.lifetime_starts_at:
            self.recent.append(one)

    def counters(self, terms: Terms, at: datetime) -> list[Counter]:
        """Return every window as it stands at an instant, from per_job to lifetime."""
        self.open = [one for one in self.open if one.is_open(at)]
        keys = {key[0]: key for key in self._windows(at)}
        told = []
        for name in WINDOWS:
            cap = getattr(terms, f"cap_{name}")
            ends = self._span(name, at).end if name in NAMES else None
            key = keys.get(name)
            within = [one for one in self.open if key is not None and key in self._windows(one.authorised_at)]
            used = self.settled[key] - sum(one.settled for one in within) if key is not None else 0
            used += self.spent_before if name == "lifetime" else 0
            told.append(Counter(name, cap, used, sum(one.credits for one in within), ends))
        return told

    def unapproved(self, at: datetime) -> int:
        """Return what was held or spent in the last hour without an approval."""
        self.recent = [one for one in self.recent if one.authorised_at > at - SPLITTING]
        return sum(one.credits if one.is_open(at) else one.settled for one in self.recent)

    def _windows(self, at: datetime) -> Sequence[tuple[str, datetime]]:
        """Return the windows in which an instant lies, each by its beginning."""
        keys = [(name, self._span(name, at).start) for name in NAMES]
        return [*keys, ("lifetime", self.lifetime_starts_at)] if at >= self.lifetime_starts_at else keys

    def _span(self, name: str, at: datetime) -> Window:
        """Return a window; neighbours in time mostly share it."""
        known = self.spans.get(name)
        if known is None or not known.start <= at < known.end:
            known = self.spans[name] = window(name, at, self.zone)
        return known
