"""Reports of the cast, and staff that works on them."""

from typing import Any

from creative.feedback import merging, triage
from creative.models import Feedback
from imageskill.core.events import System
from tests.cast import Answer, Member

STAFF = System("staff")
State = Feedback.State

WHOLE: dict[str, Any] = {
    "type": "user_feedback",
    "title": "Edit loses the transparent background",
    "body": "After an edit the background is black, and the picture cannot be used for a label.",
    "command": "image-skill edit --input image_1 --json",
    "expected": "A transparent background",
    "actual": "A black background",
    "proof_needed": "An edited picture with an alpha channel",
    "surface": ["cli", "docs"],
    "severity": "medium",
    "confidence": "high",
    "next_state": "watch",
}
"""The fields of the contract's own example."""


def report(member: Member, **fields: Any) -> Answer:
    """Send a report; it must be taken."""
    answer = member.post("/v1/feedback", {"title": "Something is wrong", **fields})
    assert answer.ok, answer.body
    return answer


def row_of(answer: Answer) -> Feedback:
    return Feedback.objects.get(pk=answer.data["feedback_id"])


def moved(row: Feedback, to_state: str, *, reason: str = "Because.", **words: Any) -> bool:
    """Move a report from where it is."""
    row.refresh_from_db()
    return triage.change_state(
        feedback_id=row.pk, from_state=row.state, to_state=to_state, actor=STAFF, reason=reason, **words
    )


def merged(row: Feedback, into: Feedback, reason: str = "The same fault.") -> bool:
    row.refresh_from_db()
    return merging.merge(
        feedback_id=row.pk, from_state=row.state, canonical_id=into.pk, actor=STAFF, reason=reason
    )


def published(row: Feedback, title: str, answer: str) -> bool:
    return merging.publish(feedback_id=row.pk, title=title, answer=answer, actor=STAFF)
