"""What staff adds to a report without moving it: an answer to its reporter, a note for staff, who works on it.

Each writes a line of the append-only history whose state does not change.
"""

from typing import Final

from django.utils import timezone

from accounts import notices
from creative.feedback import secrets
from creative.feedback.triage import STAFF, TriageError
from creative.models import Feedback, FeedbackChange
from imageskill.core import events
from imageskill.core.events import ActingFor, EventType
from imageskill.core.units import unit_of_work

LONGEST_ANSWER: Final = 500
LONGEST_NOTE: Final = 4000


@unit_of_work
def answer(*, feedback_id: str, state: str, text: str, actor: ActingFor, notify: bool = True) -> bool:
    """Tell the reporter something. False: it is not in `state` any more. TriageError: empty, long, or a secret."""
    words = _checked(text, LONGEST_ANSWER)
    if secrets.holds_secret(words):
        raise TriageError("an answer must hold no token, key or card number")
    if not Feedback.objects.filter(pk=feedback_id, state=state).update(answer=words):
        return False
    _write(feedback_id, state, actor, reason=words)
    row = Feedback.objects.get(pk=feedback_id)
    events.record(
        EventType.FEEDBACK_STATUS_CHANGED,
        actor=STAFF if actor.actor_type == STAFF.actor_type else actor,
        organization_id=row.organization_id,
        agent_id=row.agent_id,
        subject_id=row.pk,
        operation="feedback",
        status=row.state,
        summary="Feedback answered",
        links={"feedback_id": row.pk},
    )
    if notify:
        told = f"Your report {row.pk} was answered: {' '.join(words.split())}"
        shown = f"Read it with: image-skill feedback show {row.pk} --json"
        notices.write(
            agent_ids=[row.agent_id],
            organization_id=row.organization_id,
            kind="feedback",
            subject_id=row.pk,
            text=f"{told} {shown}",
        )
    return True


@unit_of_work
def note(*, feedback_id: str, text: str, actor: ActingFor) -> bool:
    """Write something down for staff alone. False: no such report. TriageError: empty or long."""
    words = _checked(text, LONGEST_NOTE)
    state = Feedback.objects.filter(pk=feedback_id).values_list("state", flat=True).first()
    if state is None:
        return False
    _write(feedback_id, state, actor, note=words)
    return True


@unit_of_work
def assign(*, feedback_id: str, before: str, to: str, actor: ActingFor, name: str = "") -> bool:
    """Give a report to a member of staff by the user's id, or to nobody; `name` is for the history.

    False: it is not `before`'s any more.
    """
    if not Feedback.objects.filter(pk=feedback_id, assignee_id=before).update(assignee_id=to):
        return False
    state = Feedback.objects.values_list("state", flat=True).get(pk=feedback_id)
    _write(feedback_id, state, actor, note=f"Assigned to {name or to}" if to else "Assigned to nobody")
    return True


def _checked(text: str, longest: int) -> str:
    words = text.strip()
    if not words:
        raise TriageError("there is nothing written")
    if len(words) > longest:
        raise TriageError(f"at most {longest} characters")
    return words


def _write(feedback_id: str, state: str, actor: ActingFor, *, reason: str = "", note: str = "") -> None:
    FeedbackChange.objects.create(
        feedback_id=feedback_id,
        from_state=state,
        to_state=state,
        reason=reason,
        note=note,
        actor_type=actor.actor_type,
        actor_id=actor.actor_id,
        created_at=timezone.now(),
    )
