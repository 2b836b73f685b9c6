"""JSON shapes of feedback. No presenter asks the database.

An agent's words go back to that agent only; of a report that its own repeats it gets what staff wrote.
"""

from collections.abc import Sequence
from typing import TypedDict

from creative.feedback.intake import Submitted
from creative.feedback.similar import Similar
from creative.models import Feedback
from imageskill.core.instants import instant


class QualityJSON(TypedDict):
    """How much a report gives to act on, from 0 to 100, and which fields would give more."""

    score: int
    missing: list[str]


class SimilarJSON(TypedDict):
    """A report of the caller's own, or what staff wrote about another."""

    feedback_id: str
    title: str
    state: str
    answer: str | None


class FeedbackCreateJSON(TypedDict):
    """A report that was taken in; `repeated`: its dedupe_key was known."""

    feedback_id: str
    state: str
    quality: QualityJSON
    similar: list[SimilarJSON]
    repeated: bool
    reports: int
    evidence_added: int
    show_command: str


class KnownAsJSON(TypedDict):
    """The report that this one repeats, in staff's words."""

    title: str | None
    state: str
    answer: str | None
    resolved_in: str | None


class FeedbackRowJSON(TypedDict):
    """A report in the list."""

    feedback_id: str
    state: str
    title: str
    type: str
    severity: str
    confidence: str
    next_state: str
    command: str | None
    surface: list[str]
    reports: int
    answer: str | None
    resolved_in: str | None
    known_as: KnownAsJSON | None
    created_at: str
    last_reported_at: str
    state_changed_at: str | None


class EvidenceJSON(TypedDict):
    """Something cited; `known`: it is the caller's own and was there when it was cited."""

    reference: str
    known: bool
    added_at: str


class ChangeJSON(TypedDict):
    """A step in a report's history."""

    from_state: str
    state: str
    reason: str | None
    resolved_in: str | None
    at: str


class FeedbackJSON(FeedbackRowJSON):
    """A whole report and what became of it."""

    body: str | None
    expected: str | None
    actual: str | None
    proof_needed: str | None
    friction: str | None
    strategic_reason: str | None
    source: str | None
    dedupe_key: str | None
    quality: QualityJSON
    evidence: list[EvidenceJSON]
    history: list[ChangeJSON]


class FeedbackRequestJSON(TypedDict):
    """What was asked for."""

    reference: str
    reference_type: str


class FeedbackShowJSON(TypedDict):
    """One report; its id and state stand at the top too."""

    request: FeedbackRequestJSON
    feedback_id: str
    state: str
    feedback: FeedbackJSON


class FeedbackListJSON(TypedDict):
    """A page of the caller's reports, newest first."""

    feedback: list[FeedbackRowJSON]
    next_cursor: str | None


def created_json(made: Submitted) -> FeedbackCreateJSON:
    """Return the data of `POST /v1/feedback`."""
    return {
        "feedback_id": made.feedback.pk,
        "state": made.feedback.state,
        "quality": {"score": made.quality.score, "missing": made.quality.missing},
        "similar": [_similar_json(row) for row in made.similar],
        "repeated": made.is_repeat,
        "reports": made.feedback.reports,
        "evidence_added": made.added,
        "show_command": f"image-skill feedback show {made.feedback.pk} --json",
    }


def _similar_json(row: Similar) -> SimilarJSON:
    return {
        "feedback_id": row.feedback_id,
        "title": row.title,
        "state": row.state,
        "answer": row.answer or None,
    }


def list_json(page: Sequence[Feedback], cursor: str | None) -> FeedbackListJSON:
    """Return a page of reports."""
    return {"feedback": [row_json(row) for row in page], "next_cursor": cursor}


def show_json(row: Feedback) -> FeedbackShowJSON:
    """Return one report and what became of it; its evidence and history must be fetched."""
    whole: FeedbackJSON = {
        **row_json(row),
        "body": row.body or None,
        "expected": row.expected or None,
        "actual": row.actual or None,
        "proof_needed": row.proof_needed or None,
        "friction": row.friction or None,
        "strategic_reason": row.strategic_reason or None,
        "source": row.source or None,
        "dedupe_key": row.dedupe_key or None,
        "quality": {"score": row.quality_score, "missing": row.missing},
        "evidence": [
            {"reference": item.reference, "known": item.is_known, "added_at": instant(item.added_at)}
            for item in sorted(row.evidence.all(), key=lambda item: item.pk)
        ],
        "history": [
            {
                "from_state": change.from_state,
                "state": change.to_state,
                "reason": change.reason or None,
                "resolved_in": change.resolved_in or None,
                "at": instant(change.created_at),
            }
            for change in sorted(row.changes.all(), key=lambda change: change.pk)
            if change.from_state != change.to_state
        ],
    }
    return {
        "request": {"reference": row.pk, "reference_type": "feedback_id"},
        "feedback_id": row.pk,
        "state": row.state,
        "feedback": whole,
    }


def row_json(row: Feedback) -> FeedbackRowJSON:
    """Return a report as the list shows it; the one that it repeats must be fetched."""
    return {
        "feedback_id": row.pk,
        "state": row.state,
        "title": row.title,
        "type": row.type,
        "severity": row.severity,
        "confidence": row.confidence,
        "next_state": row.next_state,
        "command": row.command or None,
        "surface": row.surface,
        "reports": row.reports,
        "answer": row.answer or None,
        "resolved_in": row.resolved_in or None,
        "known_as": _known_as_json(row.canonical),
        "created_at": instant(row.created_at),
        "last_reported_at": instant(row.last_reported_at),
        "state_changed_at": instant(row.state_changed_at),
    }


def _known_as_json(canonical: Feedback | None) -> KnownAsJSON | None:
    if canonical is None:
        return None
    return {
        "title": canonical.public_title or None,
        "state": canonical.state,
        "answer": canonical.public_answer or None,
        "resolved_in": canonical.resolved_in or None,
    }
