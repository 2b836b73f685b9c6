"""Taking back a move: the report stands as before it, and an agent that was not told of it yet never is.

What an agent has read already stays read: it is told of the way back too. Only the newest move can be taken back,
and what `refusal` names cannot at all.
"""

from typing import Final

from django.db.models import F

from accounts.models import Notice
from creative.feedback import priority, triage
from creative.feedback.triage import State, TriageError
from creative.models import Feedback, FeedbackChange
from imageskill.core.events import ActingFor
from imageskill.core.units import unit_of_work

_TAKEN_BACK: Final = "Taken back"


def newest_move(feedback_id: str) -> FeedbackChange | None:
    """Return the last change of a report's state that still stands; None: it was never moved, or all is undone."""
    standing: list[FeedbackChange] = []
    moves = FeedbackChange.objects.filter(feedback_id=feedback_id).exclude(from_state=F("to_state"))
    for move in moves.order_by("pk"):
        last = standing[-1] if standing else None
        if (
            move.note == _TAKEN_BACK
            and last
            and (last.from_state, last.to_state) == (move.to_state, move.from_state)
        ):
            standing.pop()
        else:
            standing.append(move)
    return standing[-1] if standing else None


def refusal(change: FeedbackChange) -> str | None:
    """Return why a move can never be taken back, or None."""
    if change.from_state == State.DUPLICATE:
        return "what was taken out of a merge is merged again by hand"
    if change.actor_type == triage.SERVICE.actor_type and change.actor_id == triage.SERVICE.actor_id:
        return "the service moved it because it was reported again"
    return None


@unit_of_work
def undo(*, change_id: int, actor: ActingFor) -> bool:
    """Take a move back. False: somebody has moved the report since. TriageError: see `refusal`."""
    change = FeedbackChange.objects.get(pk=change_id)
    told = refusal(change)
    if told is not None:
        raise TriageError(told)
    # The row is locked before its history is read: else two could take back the same move.
    row = Feedback.objects.select_for_update(no_key=True).get(pk=change.feedback_id)
    newest = newest_move(row.pk)
    if newest is None or newest.pk != change.pk or row.state != change.to_state:
        return False
    was_told = _withdraw_notices(row, change)
    before = _before(change)
    moved = triage.move(
        feedback_id=row.pk,
        from_state=change.to_state,
        to_state=change.from_state,
        actor=actor,
        change={"reason": before["answer"], "note": _TAKEN_BACK, "resolved_in": before["resolved_in"]},
        columns={**before, "canonical": None},
        notify=was_told,
    )
    if moved:
        priority.refresh(row.pk)
        if row.canonical_id is not None:
            priority.refresh(row.canonical_id)
    return moved


def _before(change: FeedbackChange) -> dict[str, str]:
    """Return what a report's columns held before a move, from the history."""
    earlier = FeedbackChange.objects.filter(feedback_id=change.feedback_id, pk__lt=change.pk)
    # Notes and assignments change no column; a move and an answer do.
    answered = earlier.exclude(from_state=F("to_state"), reason="").order_by("pk").last()
    fixed = earlier.filter(to_state=State.FIXED).exclude(from_state=State.FIXED).order_by("pk").last()
    stays_fixed = change.from_state in (State.FIXED, State.REGRESSED)
    return {
        "answer": answered.reason if answered is not None else "",
        "resolved_in": fixed.resolved_in if fixed is not None and stays_fixed else "",
    }


def _withdraw_notices(row: Feedback, change: FeedbackChange) -> bool:
    """Take back the notices of a move that nobody has read; say whether one was read."""
    subjects = [row.pk, *row.duplicates.order_by("pk").values_list("pk", flat=True)[: triage.MOST_TOLD]]
    of_move = Notice.objects.filter(subject_id__in=subjects, kind="feedback", created_at__gte=change.created_at)
    was_told = of_move.filter(told_at__isnull=False).exists()
    of_move.filter(told_at=None).delete()
    return was_told
