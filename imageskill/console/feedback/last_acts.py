"""What somebody did last, kept in the session, so that `u` takes it back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from accounts.staff import Staff
from creative.feedback import bulk, merging, noting, snoozing, undoing
from creative.feedback.triage import TriageError
from imageskill.core.units import unit_of_work

_KEPT: Final = "triage_last_acts"
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was done to a report, with what takes it back."""

    kind: str
    """`move`, `snooze`, `assign` or `publish`."""
    feedback_id: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Last:
    """The last act: what it was, in words, and each thing that it did."""

    what: str
    done: list[Done]

    @property
    def feedback_id(self) -> str:
        """The report it was done to, the first of many."""
        return self.done[0].feedback_id


def push(session: Any, what: str, done: list[Done]) -> None:  # noqa: ANN401 - Django's session
    """Keep an act; only the last twenty can be taken back."""
    if done:
        kept = [*session.get(_KEPT, []), {"what": what, "done": [asdict(one) for one in done]}]
        session[_KEPT] = kept[-_MOST:]


def last(session: Any) -> Last | None:  # noqa: ANN401 - Django's session
    """Return the act that would be taken back next."""
    kept = session.get(_KEPT, [])
    return _read(kept[-1]) if kept else None


def pop(session: Any) -> Last | None:  # noqa: ANN401 - Django's session
    """Return the act to take back, and forget it."""
    kept = session.get(_KEPT, [])
    if not kept:
        return None
    session[_KEPT] = kept[:-1]
    return _read(kept[-1])


def _read(kept: Mapping[str, Any]) -> Last:
    return Last(kept["what"], [Done(**one) for one in kept["done"]])


def take_back(done: Done, person: Staff) -> str:
    """Take one thing back; return why it could not be, or an empty text."""
    try:
        return "" if _take_back(done, person) else bulk.FASTER
    except TriageError as error:
        return str(error)


@unit_of_work
def _take_back(done: Done, person: Staff) -> bool:
    if done.kind == "snooze":
        return snoozing.wake(feedback_id=done.feedback_id)
    if done.kind == "assign":
        return noting.assign(feedback_id=done.feedback_id, actor=person, **done.data)
    if done.kind == "publish":
        return merging.publish(feedback_id=done.feedback_id, actor=person, **done.data)
    return undoing.undo(change_id=done.data["change_id"], actor=person)
