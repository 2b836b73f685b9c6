"""One act on many reports: first what it would do to each, then each by itself, with what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from creative.feedback import merging, noting, snoozing, triage, undoing
from creative.feedback.triage import State, TriageError
from creative.models import Feedback
from imageskill.core.events import ActingFor

MOST: Final = 200
"""Reports of one act; what a query finds beyond them waits for the next."""
FASTER: Final = "somebody was faster"

MOVES: Final[Mapping[str, str]] = {
    "accept": State.ACCEPTED,
    "needs_proof": State.NEEDS_PROOF,
    "decline": State.DECLINED,
    "fix": State.FIXED,
    "duplicate": State.DUPLICATE,
    "reopen": State.RECEIVED,
}
"""Acts that move a report, and where to."""
ACTS: Final = (*MOVES, "snooze", "assign")


@dataclass(frozen=True, slots=True)
class Act:
    """What to do; which fields matter depends on `name`, one of `ACTS`.

    `reason` is told to the reporters, `note` to staff only; `canonical_id` is what the reports repeat.
    """

    name: str
    reason: str = ""
    note: str = ""
    resolved_in: str = ""
    canonical_id: str = ""
    until: datetime | None = None
    more_reports: int | None = None
    version: str = ""
    assignee_id: str = ""
    assignee_name: str = ""
    notify: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one report: `why` is empty where it was done; `change_id` names the move, to take it back."""

    feedback_id: str
    why: str = ""
    change_id: int | None = None


def refusal(row: Feedback, act: Act) -> str | None:
    """Return why an act would skip a report, or None. It asks no database: a preview of many shows it."""
    if act.name == "snooze":
        return "it is snoozed already" if row.snoozed_at is not None else None
    if act.name == "assign":
        return "it is assigned so already" if row.assignee_id == act.assignee_id else None
    if act.name == "duplicate" and row.pk == act.canonical_id:
        return "it is the report that the others repeat"
    # A reason is asked for with the last step, so its absence skips nothing here.
    return triage.refusal(row.state, MOVES[act.name], reason=act.reason or "to be written")


def apply(picked: Iterable[tuple[str, str]], act: Act, *, actor: ActingFor) -> list[Outcome]:
    """Do an act to each report, given by its id and the state that was seen, in a transaction of its own."""
    return [_one(feedback_id, state, act, actor) for feedback_id, state in list(picked)[:MOST]]


def _one(feedback_id: str, state: str, act: Act, actor: ActingFor) -> Outcome:
    try:
        done = _do(feedback_id, state, act, actor)
    except TriageError as error:
        return Outcome(feedback_id, why=str(error))
    if not done:
        return Outcome(feedback_id, why=FASTER)
    if act.name not in MOVES:
        return Outcome(feedback_id)
    moved = undoing.newest_move(feedback_id)
    is_mine = moved is not None and (moved.actor_id, moved.to_state) == (actor.actor_id, MOVES[act.name])
    return Outcome(feedback_id, change_id=moved.pk if moved is not None and is_mine else None)


def _do(feedback_id: str, state: str, act: Act, actor: ActingFor) -> bool:
    if act.name == "snooze":
        if not (act.until or act.more_reports or act.version):
            raise TriageError("nothing would ever wake it")
        return snoozing.snooze(
            feedback_id=feedback_id, until=act.until, more_reports=act.more_reports, version=act.version
        )
    if act.name == "assign":
        before = Feedback.objects.filter(pk=feedback_id).values_list("assignee_id", flat=True).first()
        return before is not None and noting.assign(
            feedback_id=feedback_id, before=before, to=act.assignee_id, actor=actor, name=act.assignee_name
        )
    if act.name == "duplicate":
        return merging.merge(
            feedback_id=feedback_id,
            from_state=state,
            canonical_id=act.canonical_id,
            actor=actor,
            reason=act.reason,
            note=act.note,
            notify=act.notify,
        )
    if act.name == "reopen" and state == State.DUPLICATE:
        return merging.unmerge(feedback_id=feedback_id, actor=actor, note=act.note)
    return triage.change_state(
        feedback_id=feedback_id,
        from_state=state,
        to_state=MOVES[act.name],
        actor=actor,
        reason=act.reason,
        note=act.note,
        resolved_in=act.resolved_in,
        notify=act.notify,
    )
