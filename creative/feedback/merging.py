"""Merging duplicates, undoing it, and what staff writes about a report for everybody to read."""

from typing import Final

from django.utils import timezone

from creative.feedback import priority, secrets, similar, snoozing, triage
from creative.feedback.triage import TriageError
from creative.models import Feedback, FeedbackChange
from imageskill.core.events import ActingFor
from imageskill.core.units import unit_of_work

_LONGEST_TITLE: Final = 200
_LONGEST_ANSWER: Final = 500


@unit_of_work
def merge(
    *,
    feedback_id: str,
    from_state: str,
    canonical_id: str,
    actor: ActingFor,
    reason: str,
    note: str = "",
    notify: bool = True,
) -> bool:
    """Make a report a duplicate of another; its evidence and reporters count there. False: somebody was faster.

    `notify` False writes no notice to the reporter.
    TriageError: the rules do not allow the move, the other is a duplicate itself, or this one has duplicates.
    """
    told = triage.refusal(from_state, Feedback.State.DUPLICATE, reason=reason)
    if told is not None:
        raise TriageError(told)
    # Both rows, lower id first: two merges that name each other must not both pass.
    both = Feedback.objects.select_for_update(no_key=True).filter(pk__in=[feedback_id, canonical_id])
    rows = {row.pk: row for row in both.order_by("pk")}
    if len(rows) != len({feedback_id, canonical_id}) or feedback_id == canonical_id:
        raise TriageError("a duplicate repeats another report")
    if rows[canonical_id].state == Feedback.State.DUPLICATE:
        raise TriageError("the other report is a duplicate itself; merge into the one that it repeats")
    if Feedback.objects.filter(canonical_id=feedback_id).exists():
        raise TriageError("this report has duplicates of its own; merge the other one into it")
    moved = triage.move(
        feedback_id=feedback_id,
        from_state=from_state,
        to_state=Feedback.State.DUPLICATE,
        actor=actor,
        change={"reason": reason, "note": note},
        columns={"answer": reason, "canonical_id": canonical_id},
        notify=notify,
    )
    if moved:
        weight = priority.refresh(canonical_id)
        snoozing.wake_reported(canonical_id, reports=weight.reports)
    return moved


@unit_of_work
def unmerge(*, feedback_id: str, actor: ActingFor, note: str = "") -> bool:
    """Make a duplicate a report of its own again, back in the inbox. False: it is no duplicate."""
    canonical_id = Feedback.objects.values_list("canonical_id", flat=True).filter(pk=feedback_id).first()
    moved = triage.change_state(
        feedback_id=feedback_id,
        from_state=Feedback.State.DUPLICATE,
        to_state=Feedback.State.RECEIVED,
        actor=actor,
        note=note,
    )
    if moved:
        priority.refresh(feedback_id)
    if moved and canonical_id is not None:
        priority.refresh(canonical_id)
    return moved


@unit_of_work
def publish(*, feedback_id: str, title: str, answer: str, actor: ActingFor) -> bool:
    """Keep what staff writes about a report for everybody; an empty title takes it back. False: no such report.

    The words reach every agent whose report is like this one, so they are never taken from a report. TriageError:
    too long, or they hold what looks like a secret.
    """
    if len(title) > _LONGEST_TITLE or len(answer) > _LONGEST_ANSWER:
        raise TriageError(f"a title has at most {_LONGEST_TITLE} characters, an answer {_LONGEST_ANSWER}")
    if secrets.holds_secret(title) or secrets.holds_secret(answer):
        raise TriageError("what everybody reads must hold no token, key or card number")
    standing = Feedback.objects.filter(pk=feedback_id)
    if not standing.update(public_title=title.strip(), public_answer=answer.strip() if title.strip() else ""):
        return False
    feedback = standing.get()
    similar.index_public(feedback)
    FeedbackChange.objects.create(
        feedback=feedback,
        from_state=feedback.state,
        to_state=feedback.state,
        note=f"For everybody: {feedback.public_title} | {feedback.public_answer}",
        actor_type=actor.actor_type,
        actor_id=actor.actor_id,
        created_at=timezone.now(),
    )
    return True
