"""Reports like another: the caller's own, and those about which staff wrote for everybody; nothing else is read.

Same command and same error code come first, then shared terms. The work is bounded by a number of own reports and
by how much staff wrote, never by what others reported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from accounts.actor import Actor
from creative.feedback import terms
from creative.models import Feedback, FeedbackTerm

MOST: Final = 5
_OWN_LOOKED_AT: Final = 200
_PUBLIC_LOOKED_AT: Final = 400
_PUBLIC_BY_COMMAND: Final = 20
_FEWEST_SHARED: Final = 2
_ALIKE_FROM: Final = 250
"""Shared terms in thousandths of all terms of the two texts."""
_COLUMNS: Final = (
    *("id", "state", "agent_id", "organization_id", "title", "answer"),
    *("command_key", "error_code", "public_title", "public_answer"),
)


@dataclass(frozen=True, slots=True)
class Similar:
    """A report as it may be shown to the caller."""

    feedback_id: str
    title: str
    state: str
    answer: str
    same_error: bool
    is_own: bool


def index(feedback: Feedback) -> None:
    """Keep the terms of a report that was just made, in the caller's transaction."""
    _keep(feedback, terms.of(feedback.title, feedback.actual, feedback.body), is_public=False)


def index_public(feedback: Feedback) -> None:
    """Replace the terms of what staff wrote about a report, in the caller's transaction."""
    FeedbackTerm.objects.filter(feedback=feedback, is_public=True).delete()
    if feedback.public_title:
        _keep(feedback, terms.of(feedback.public_title, feedback.public_answer), is_public=True)


def _keep(feedback: Feedback, found: list[str], *, is_public: bool) -> None:
    FeedbackTerm.objects.bulk_create(
        FeedbackTerm(feedback=feedback, term=term, is_public=is_public, of=len(found)) for term in found
    )


def find(actor: Actor, feedback: Feedback) -> list[Similar]:
    """Return at most five reports like this one, the likest first."""
    wanted = terms.of(feedback.title, feedback.actual, feedback.body)
    own, likeness = _own(actor, feedback, wanted)
    public = _public(actor, feedback, wanted, likeness)
    found = [row for row in [*own, *public] if _is_same(row, feedback) or likeness.get(row.pk, 0) >= _ALIKE_FROM]
    found.sort(key=lambda row: row.pk, reverse=True)
    found.sort(key=lambda row: (_is_same(row, feedback), likeness.get(row.pk, 0)), reverse=True)
    return [_shown(actor, row, feedback) for row in found[:MOST]]


def _own(actor: Actor, feedback: Feedback, wanted: list[str]) -> tuple[list[Feedback], dict[str, int]]:
    rows = Feedback.objects.filter(agent_id=actor.actor_id, organization_id__in=actor.organization_ids)
    newest = list(rows.exclude(pk=feedback.pk).order_by("-pk").only(*_COLUMNS)[:_OWN_LOOKED_AT])
    if not newest:
        return [], {}
    shared = FeedbackTerm.objects.filter(feedback__in=newest, is_public=False, term__in=wanted)
    return newest, _likeness(shared.values_list("feedback_id", "of"), len(wanted))


def _public(actor: Actor, feedback: Feedback, wanted: list[str], likeness: dict[str, int]) -> list[Feedback]:
    """Return what staff wrote about; its likeness is taken from staff's words alone."""
    shared = FeedbackTerm.objects.filter(is_public=True, term__in=wanted).order_by("-feedback_id", "term")
    rated = _likeness(shared.values_list("feedback_id", "of")[:_PUBLIC_LOOKED_AT], len(wanted))
    told = Q(pk__in=[pk for pk, rate in rated.items() if rate >= _ALIKE_FROM])
    if feedback.command_key and feedback.error_code:
        told |= Q(command_key=feedback.command_key, error_code=feedback.error_code)
    others = Feedback.objects.filter(told).exclude(public_title="").exclude(pk=feedback.pk)
    others = others.exclude(state=Feedback.State.DUPLICATE)
    others = others.exclude(agent_id=actor.actor_id, organization_id__in=actor.organization_ids)
    rows = list(others.order_by("-pk").only(*_COLUMNS)[: _PUBLIC_BY_COMMAND + len(rated)])
    for row in rows:
        likeness[row.pk] = rated.get(row.pk, 0)
    return rows


def _likeness(shared: Iterable[tuple[str, int]], wanted: int) -> dict[str, int]:
    """Return, in thousandths, how many of all terms of two texts are in both; one shared word is chance."""
    counts: dict[str, tuple[int, int]] = {}
    for feedback_id, of in shared:
        counts[feedback_id] = (counts.get(feedback_id, (0, of))[0] + 1, of)
    return {
        feedback_id: both * 1000 // (wanted + of - both)
        for feedback_id, (both, of) in counts.items()
        if both >= _FEWEST_SHARED
    }


def _is_same(row: Feedback, feedback: Feedback) -> bool:
    named = bool(feedback.command_key and feedback.error_code)
    return named and (row.command_key, row.error_code) == (feedback.command_key, feedback.error_code)


def _shown(actor: Actor, row: Feedback, feedback: Feedback) -> Similar:
    mine = row.agent_id == actor.actor_id and row.organization_id in actor.organization_ids
    told: Mapping[str, str] = (
        {"title": row.title, "answer": row.answer or row.public_answer}
        if mine
        else {"title": row.public_title, "answer": row.public_answer}
    )
    return Similar(feedback_id=row.pk, state=row.state, same_error=_is_same(row, feedback), is_own=mine, **told)
