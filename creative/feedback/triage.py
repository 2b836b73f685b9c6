"""Triage: how a report moves from state to state, who is told, and the queue that staff works through.

Each move is a guarded UPDATE with a line in the append-only history, an activity event and a notice to the agents
that reported it. What they are told is staff's words or a template with ids, never another agent's text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts import notices
from creative.feedback import snoozing
from creative.models import Feedback, FeedbackChange
from imageskill.core import events
from imageskill.core.events import ActingFor, EventType, System
from imageskill.core.units import unit_of_work

State = Feedback.State
SERVICE: Final = System("feedback")
STAFF: Final = System("staff", actor_type="session")
"""How owners and agents see whoever of staff moved a report; the history that staff reads names the person."""
MOST_TOLD: Final = 200
MOST_ASSIGNED: Final = 1_000
"""Duplicates whose reporters are told with a move of the original; the others read it when they look."""

TRANSITIONS: Final[Mapping[str, frozenset[str]]] = {
    State.RECEIVED: frozenset({State.NEEDS_PROOF, State.ACCEPTED, State.FIXED, State.DECLINED, State.DUPLICATE}),
    State.NEEDS_PROOF: frozenset({State.RECEIVED, State.ACCEPTED, State.FIXED, State.DECLINED, State.DUPLICATE}),
    State.ACCEPTED: frozenset({State.RECEIVED, State.NEEDS_PROOF, State.FIXED, State.DECLINED, State.DUPLICATE}),
    State.FIXED: frozenset({State.REGRESSED, State.ACCEPTED, State.RECEIVED}),
    State.DECLINED: frozenset({State.RECEIVED, State.NEEDS_PROOF, State.ACCEPTED}),
    State.DUPLICATE: frozenset({State.RECEIVED}),
    State.REGRESSED: frozenset({State.ACCEPTED, State.FIXED, State.DECLINED, State.DUPLICATE}),
}
"""Where a report may go; `received` is also how a move is undone."""

EXPLAINED: Final = frozenset({State.DECLINED, State.DUPLICATE})
"""States that need a reason which the reporter is told."""

TABS: Final[Mapping[str, tuple[str, ...]]] = {
    "new": (State.REGRESSED, State.RECEIVED),
    "needs_proof": (State.NEEDS_PROOF,),
    "accepted": (State.ACCEPTED,),
    "done": (State.FIXED, State.DECLINED, State.DUPLICATE),
}

_LONGEST_REASON: Final = 500
_SUMMARIES: Final[Mapping[str, str]] = {
    State.RECEIVED: "Feedback back in the inbox",
    State.NEEDS_PROOF: "Feedback needs proof",
    State.ACCEPTED: "Feedback accepted",
    State.FIXED: "Feedback fixed",
    State.DECLINED: "Feedback declined",
    State.DUPLICATE: "Feedback merged as a duplicate",
    State.REGRESSED: "Feedback reopened: it came back",
}


class TriageError(ValueError):
    """A move that the rules do not allow; its text says why."""


def refusal(from_state: str, to_state: str, *, reason: str) -> str | None:
    """Return why a report may not move so, or None. Pure: a preview of many moves asks it too."""
    if to_state not in TRANSITIONS.get(from_state, frozenset()):
        return f"{from_state} does not become {to_state}"
    if to_state in EXPLAINED and not reason.strip():
        return f"{to_state} needs a reason that the reporter is told"
    if len(reason) > _LONGEST_REASON:
        return f"a reason has at most {_LONGEST_REASON} characters"
    return None


@unit_of_work
def change_state(
    *,
    feedback_id: str,
    from_state: str,
    to_state: str,
    actor: ActingFor,
    reason: str = "",
    note: str = "",
    resolved_in: str = "",
    notify: bool = True,
) -> bool:
    """Move a report. False: it is not in `from_state` any more, because somebody was faster.

    `reason` is told to the reporter, `note` to staff only, `resolved_in` is a version. `notify` False writes the
    history and the event, and no notice. TriageError: see `refusal`; a duplicate is made by `merging.merge`.
    """
    told = refusal(from_state, to_state, reason=reason)
    if told is not None or to_state == State.DUPLICATE:
        raise TriageError(told or "a duplicate names the report that it repeats")
    columns: dict[str, Any] = {"answer": reason, "canonical": None}
    if to_state != State.REGRESSED:
        columns["resolved_in"] = resolved_in if to_state == State.FIXED else ""
    return move(
        feedback_id=feedback_id,
        from_state=from_state,
        to_state=to_state,
        actor=actor,
        change={"reason": reason, "note": note, "resolved_in": resolved_in},
        columns=columns,
        notify=notify,
    )


@unit_of_work
def move(
    *,
    feedback_id: str,
    from_state: str,
    to_state: str,
    actor: ActingFor,
    change: Mapping[str, str],
    columns: Mapping[str, Any],
    notify: bool,
) -> bool:
    """Write a move that its caller has checked: the row, the history, the event, the notices."""
    now = timezone.now()
    standing = Feedback.objects.filter(pk=feedback_id, state=from_state)
    if not standing.update(state=to_state, state_changed_at=now, **snoozing.AWAKE, **columns):
        return False
    Feedback.objects.filter(pk=feedback_id, triaged_at=None).update(triaged_at=now)
    FeedbackChange.objects.create(
        feedback_id=feedback_id,
        from_state=from_state,
        to_state=to_state,
        actor_type=actor.actor_type,
        actor_id=actor.actor_id,
        created_at=now,
        **change,
    )
    feedback = Feedback.objects.get(pk=feedback_id)
    for row in [feedback, *feedback.duplicates.order_by("pk")[:MOST_TOLD]]:
        _tell(row, feedback, actor, notify=notify)
    return True


def _tell(row: Feedback, moved: Feedback, actor: ActingFor, *, notify: bool) -> None:
    events.record(
        EventType.FEEDBACK_STATUS_CHANGED,
        actor=STAFF if actor.actor_type == STAFF.actor_type else actor,
        organization_id=row.organization_id,
        agent_id=row.agent_id,
        subject_id=row.pk,
        operation="feedback",
        status=moved.state,
        summary=_SUMMARIES[moved.state],
        links={"feedback_id": row.pk},
    )
    if notify:
        text = notice(row, moved)
        notices.write(
            agent_ids=[row.agent_id],
            organization_id=row.organization_id,
            kind="feedback",
            subject_id=row.pk,
            text=text,
        )


def notice(row: Feedback, moved: Feedback) -> str:
    """Return what the reporter of `row` is told of a move: of its own report, or of the one that it repeats."""
    is_its_own = row.pk == moved.pk
    words = moved.answer if is_its_own else moved.public_answer
    subject = f"Your report {row.pk}" if is_its_own else f"What you reported in {row.pk}"
    parts = [f"{subject} is now {moved.state}" + (f": {_sentence(words)}" if words else ".")]
    if moved.state == State.FIXED and moved.resolved_in:
        parts.append(f"Fixed in {moved.resolved_in}; try it again.")
    return " ".join([*parts, f"Read it with: image-skill feedback show {row.pk} --json"])


def _sentence(words: str) -> str:
    """Return words on one line, ended as a sentence is."""
    line = " ".join(words.split())
    return line if line.endswith((".", "!", "?")) else f"{line}."


def regress(feedback_id: str) -> bool:
    """Move a fixed report to `regressed`. False: it is not fixed."""
    return change_state(
        feedback_id=feedback_id,
        from_state=State.FIXED,
        to_state=State.REGRESSED,
        actor=SERVICE,
        reason="It was reported again after the fix.",
        notify=False,
    )


def page(
    tab: str,
    *,
    limit: int,
    after: Feedback | None = None,
    type_word: str | None = None,
    assignee_id: str | None = None,
) -> list[Feedback]:
    """Return the reports of a tab, the most pressing first, regressed ones before all; `after` was the last one.

    `new`, `needs_proof`, `accepted`, `done`; `snoozed` by when it was put aside and `all` by age, newest first; of
    one type where it is named, and of one member of staff, whose newest thousand are looked at. Each
    comes with its agent. At most one query a state, each in its index's order, so that a page costs the same
    however much there is.
    """
    wanted = _Wanted(type_word, assigned_to(assignee_id) if assignee_id else None)
    if tab == "all":
        rows = _of(wanted).order_by("-pk")
        return list((rows.filter(pk__lt=after.pk) if after else rows)[:limit])
    if tab == "snoozed":
        return list(_asleep(after, wanted)[:limit])
    states = TABS[tab]
    found: list[Feedback] = []
    for state in states[states.index(after.state) :] if after else states:
        queue = _queue(state, after if after and after.state == state else None, wanted)
        found += queue[: limit - len(found)]
        if len(found) == limit:
            break
    return found


@dataclass(frozen=True, slots=True)
class _Wanted:
    type_word: str | None
    ids: list[str] | None


def assigned_to(assignee_id: str) -> list[str]:
    """Return the newest thousand reports of a member of staff, by id: then no planner walks the whole queue."""
    rows = Feedback.objects.filter(assignee_id=assignee_id).order_by("-pk")
    return list(rows.values_list("pk", flat=True)[:MOST_ASSIGNED])


def _of(wanted: _Wanted) -> QuerySet[Feedback]:
    rows = Feedback.objects.select_related("agent")
    rows = rows.filter(type=wanted.type_word) if wanted.type_word else rows
    return rows.filter(pk__in=wanted.ids) if wanted.ids is not None else rows


def _asleep(after: Feedback | None, wanted: _Wanted) -> QuerySet[Feedback]:
    rows = _of(wanted).filter(snoozed_at__isnull=False).order_by("-snoozed_at", "-pk")
    if after is None or after.snoozed_at is None:
        return rows
    later = Q(snoozed_at__lt=after.snoozed_at) | Q(snoozed_at=after.snoozed_at, pk__lt=after.pk)
    return rows.filter(later, snoozed_at__lte=after.snoozed_at)


def _queue(state: str, after: Feedback | None, wanted: _Wanted) -> QuerySet[Feedback]:
    rows = _of(wanted).filter(snoozed_at=None, state=state).order_by("-priority", "-pk")
    if after is None:
        return rows
    later = Q(priority__lt=after.priority) | Q(priority=after.priority, pk__lt=after.pk)
    return rows.filter(later, priority__lte=after.priority)


def counts() -> dict[str, int]:
    """Return how many reports each tab holds, in two queries that read indexes and no report."""
    found = dict.fromkeys([*TABS, "snoozed"], 0)
    tab_of = {state: tab for tab, states in TABS.items() for state in states}
    awake = Feedback.objects.filter(snoozed_at=None).values("state").order_by().annotate(number=Count("pk"))
    for row in awake:
        found[tab_of[row["state"]]] += row["number"]
    found["snoozed"] = Feedback.objects.filter(snoozed_at__isnull=False).count()
    return {**found, "all": sum(found.values())}
