"""Taking a report in: bounded, read into usual words, rated, kept once a key, and told to the activity ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.actor import Actor
from creative.feedback import evidence, priority, quality, similar, snoozing, triage, vocabulary
from creative.feedback.evidence import Resolved
from creative.feedback.quality import Quality
from creative.feedback.similar import Similar
from creative.models import Feedback
from imageskill.core import events, tallies, trace
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.events import EventType
from imageskill.core.units import unit_of_work

MOST_AN_HOUR: Final = 60
TEXTS: Final = (
    *("title", "body", "command", "expected", "actual", "proof_needed", "friction", "strategic_reason", "source"),
)
WORDS: Final = ("type", "severity", "confidence", "next_state")
_TITLE_FROM_BODY: Final = 120


@dataclass(frozen=True, slots=True)
class Draft:
    """A report as it was read: its texts, its words, what it cites, and what there is to say about it."""

    texts: dict[str, str]
    words: dict[str, str]
    said: dict[str, str]
    surface: list[str]
    dedupe_key: str
    cited: list[str]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Submitted:
    """A report that was taken in; `is_repeat`: its key was known, so evidence was added to an earlier one."""

    feedback: Feedback
    quality: Quality
    similar: Sequence[Similar]
    is_repeat: bool
    added: int
    warnings: list[str]


def submit(*, actor: Actor, fields: Mapping[str, Any]) -> Submitted:
    """Take a report in. INVALID_ARGUMENTS: it says nothing. RATE_LIMITED: too many this hour.

    Weak reports are taken too; `allow_weak_signal` says that the reporter knows, and wants no advice.
    """
    draft = read(fields)
    _refuse_too_many(actor)
    resolved = evidence.resolve(actor, draft.cited)
    made = _take(actor, draft, resolved)
    weak_is_meant = bool(fields.get("allow_weak_signal"))
    advice = quality.guidance(made.quality, draft.texts, weak_is_meant=weak_is_meant)
    return replace(made, warnings=[*draft.warnings, *made.warnings, *advice])


def read(fields: Mapping[str, Any]) -> Draft:
    """Return a report's fields as they are kept. INVALID_ARGUMENTS: neither title nor body."""
    texts = {name: (fields.get(name) or "").strip() for name in TEXTS}
    if not texts["title"] and not texts["body"]:
        raise invalid_fields({"title": ["is required"]}, message="title or body is required")
    words, said, warnings = {}, {}, []
    for name in WORDS:
        sent = fields.get(name)
        words[name], warning = vocabulary.word(name, sent)
        if warning is not None:
            said[name] = str(sent)
            warnings.append(warning)
    cited = list(fields.get("evidence") or ())
    if fields.get("trace_id"):
        cited.append(fields["trace_id"])
    mentions = [texts[name] for name in ("title", "body", "actual", "expected", "command")]
    return Draft(
        texts=texts,
        words=words,
        said=said,
        surface=list(dict.fromkeys(filter(None, (item.strip() for item in fields.get("surface") or ())))),
        dedupe_key=(fields.get("dedupe_key") or "").strip(),
        cited=evidence.references(cited, *mentions),
        warnings=warnings,
    )


def _refuse_too_many(actor: Actor) -> None:
    if not tallies.take("feedback", actor.actor_id, limit=MOST_AN_HOUR, period=tallies.HOUR):
        raise ApiError(
            ErrorCode.RATE_LIMITED,
            f"This agent has sent {MOST_AN_HOUR} reports this hour. Add evidence to an earlier one next hour.",
            reason="feedback_an_hour",
            cap=MOST_AN_HOUR,
            retry_after_seconds=tallies.seconds_left(tallies.HOUR),
        )


@unit_of_work
def _take(actor: Actor, draft: Draft, resolved: Resolved) -> Submitted:
    """Make the report, or add to the one of the same key, and name what is like it."""
    feedback, is_repeat = _find_or_make(actor, draft, resolved)
    added, left_out = evidence.add(feedback, draft.cited, resolved)
    if is_repeat:
        _rate_again(actor, feedback)
        triage.regress(feedback.canonical_id or feedback.pk)
    else:
        similar.index(feedback)
        _record(actor, feedback)
    original = feedback.canonical_id or feedback.pk
    weight = priority.refresh(original)
    snoozing.wake_reported(original, reports=weight.reports)
    feedback.refresh_from_db()
    return Submitted(
        feedback=feedback,
        quality=Quality(feedback.quality_score, feedback.missing),
        similar=[_reopened(row) for row in similar.find(actor, feedback)],
        is_repeat=is_repeat,
        added=added,
        warnings=_said_of(feedback, is_repeat=is_repeat, left_out=left_out),
    )


def _find_or_make(actor: Actor, draft: Draft, resolved: Resolved) -> tuple[Feedback, bool]:
    """Return the record of the draft's key, and whether there was one."""
    known = _again(actor, draft)
    if known is not None:
        return known, True
    try:
        # A savepoint: the same key may be arriving twice at this moment.
        with transaction.atomic():
            return _make(actor, draft, resolved), False
    except IntegrityError:
        known = _again(actor, draft)
        if known is None:
            raise
        return known, True


def _again(actor: Actor, draft: Draft) -> Feedback | None:
    """Count one more report of the key that the agent has used already, and return its record."""
    if not draft.dedupe_key:
        return None
    known = Feedback.objects.filter(
        agent_id=actor.actor_id, organization_id__in=actor.organization_ids, dedupe_key=draft.dedupe_key
    )
    first = known.order_by("pk").first()
    if first is None:
        return None
    Feedback.objects.filter(pk=first.pk).update(reports=F("reports") + 1, last_reported_at=timezone.now())
    first.refresh_from_db()
    return first


def _make(actor: Actor, draft: Draft, resolved: Resolved) -> Feedback:
    now = timezone.now()
    rated = quality.of(draft.texts, has_evidence=bool(resolved.known))
    texts = draft.texts
    first_line = texts["body"].partition("\n")[0].strip()[:_TITLE_FROM_BODY]
    named = vocabulary.error_code(texts["actual"], texts["title"], texts["body"])
    return Feedback.objects.create(
        organization_id=actor.organization_id,
        agent_id=actor.actor_id,
        **(texts | {"title": texts["title"] or first_line}),
        **draft.words,
        said=draft.said,
        surface=draft.surface,
        dedupe_key=draft.dedupe_key,
        command_key=vocabulary.command_key(texts["command"]),
        error_code=named or resolved.error_code,
        quality_score=rated.score,
        missing=rated.missing,
        is_weak=rated.is_weak,
        credits_affected=resolved.credits,
        trace_id=trace.current(),
        created_at=now,
        last_reported_at=now,
    )


def _record(actor: Actor, feedback: Feedback) -> None:
    events.record(
        EventType.FEEDBACK_CREATED,
        actor=actor,
        organization_id=feedback.organization_id,
        agent_id=feedback.agent_id,
        subject_id=feedback.pk,
        operation="feedback",
        status=feedback.state,
        summary="Feedback received",
        links={"feedback_id": feedback.pk},
    )


def _rate_again(actor: Actor, feedback: Feedback) -> None:
    """Bring what depends on the evidence up to date after it grew."""
    resolved = evidence.resolve_kept(actor, feedback)
    texts = {name: getattr(feedback, name) for name in TEXTS}
    rated = quality.of(texts, has_evidence=bool(resolved.known))
    Feedback.objects.filter(pk=feedback.pk).update(
        quality_score=rated.score,
        missing=rated.missing,
        is_weak=rated.is_weak,
        credits_affected=resolved.credits,
        error_code=feedback.error_code or resolved.error_code,
    )


def _reopened(row: Similar) -> Similar:
    """Reopen the agent's own earlier report that staff fixed, where the same command fails the same way again."""
    if row.is_own and row.same_error and row.state == Feedback.State.FIXED and triage.regress(row.feedback_id):
        return replace(row, state=Feedback.State.REGRESSED)
    return row


def _said_of(feedback: Feedback, *, is_repeat: bool, left_out: int) -> list[str]:
    told = []
    if is_repeat:
        told.append(
            f"This dedupe_key is that of {feedback.pk}: its evidence grew, its text stands as first reported."
        )
    if left_out:
        told.append(f"A report keeps {evidence.MOST} pieces of evidence; {left_out} more were left out.")
    return told
