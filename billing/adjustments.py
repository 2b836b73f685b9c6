"""Adjusting an organization's credits by hand: by one member of staff up to a threshold, above it by two.

What one person asks for within 24 hours counts together, additions and subtractions alike, so that splitting does
not evade the second person. Whoever belongs to the organization can neither ask nor approve.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Abs
from django.utils import timezone

from accounts import organizations
from accounts.models import Membership, Organization, User
from accounts.staff import Staff
from billing import ledger
from billing.models import Adjustment
from imageskill.core import events
from imageskill.core.events import ActingFor, EventType, System
from imageskill.core.secret_text import is_secret
from imageskill.core.units import unit_of_work

AS_SHOWN: Final = System("staff", actor_type="session")
"""How owners see whoever of staff it was; the adjustment itself names the person, for staff."""
COUNTED: Final = timedelta(hours=24)
WAITS: Final = timedelta(days=7)
MOST_CREDITS: Final = 1_000_000
LONGEST_REASON: Final = 140
LONGEST_TICKET: Final = 64


class CannotAdjustError(Exception):
    """Nothing was adjusted; the text says why."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one member of staff may adjust alone in an organization: the threshold, and what counts already."""

    threshold: int
    counted: int

    @property
    def left(self) -> int:
        """Credits, in either direction, before a second person is needed."""
        return max(0, self.threshold - self.counted)


@unit_of_work
def ask(
    *,
    adjustment_id: str,
    organization_id: str,
    credits: int,
    reason: str,
    ticket: str,
    by: Staff,
    feedback_id: str = "",
) -> Adjustment:
    """Adjust credits (below zero: take them), or have the adjustment wait for a second person.

    `adjustment_id` is the id that it gets, made with the form, so that a form that is sent twice adjusts once;
    `feedback_id` names the report that it makes good, which its events link to. A merged
    organization's successor gets it. CannotAdjustError: no such organization, nothing to adjust, no reason or
    ticket, too much, or the asker belongs to it.
    """
    _check_words(credits, reason.strip(), ticket.strip())
    if not Organization.objects.filter(pk=organization_id).exists():
        raise CannotAdjustError("There is no such organization.")
    organizations.lock_lines(organization_id)
    owner_id = organizations.successor_id(organization_id)
    _require_outsider(by.actor_id, owner_id)
    if Adjustment.objects.filter(pk=adjustment_id).exists():
        raise CannotAdjustError("This was asked for already; it stands below.")
    alone = abs(credits) <= allowance(owner_id, by.actor_id).left
    now = timezone.now()
    row = Adjustment.objects.create(
        id=adjustment_id,
        organization_id=owner_id,
        credits=credits,
        reason=reason.strip(),
        ticket=ticket.strip(),
        feedback_id=feedback_id,
        state=Adjustment.State.APPLIED if alone else Adjustment.State.WAITING,
        requested_by_id=by.actor_id,
        created_at=now,
        expires_at=now + WAITS,
        decided_at=now if alone else None,
    )
    if alone:
        _apply(row)
    else:
        _record(row, "requested")
    return row


def _check_words(credits: int, reason: str, ticket: str) -> None:
    problem = ""
    if credits == 0 or abs(credits) > MOST_CREDITS:
        problem = f"An adjustment adds or takes between 1 and {MOST_CREDITS:,} credits."
    elif not reason or not ticket:
        problem = "An adjustment needs a reason, which the owner reads, and a ticket."
    elif len(reason) > LONGEST_REASON or len(ticket) > LONGEST_TICKET:
        problem = f"A reason has at most {LONGEST_REASON} characters, a ticket {LONGEST_TICKET}."
    elif is_secret(reason) or is_secret(ticket):
        problem = "The reason or the ticket holds what looks like a key or a card number."
    if problem:
        raise CannotAdjustError(problem)


def allowance(organization_id: str, user_id: str) -> Allowance:
    """Return what a member of staff may still adjust alone; exact under the organization's lock.

    Counted is everything that the person asked for there in the last 24 hours and that nobody denied.
    """
    recent = Adjustment.objects.filter(
        organization_id__in=organizations.with_shells(organization_id),
        requested_by_id=user_id,
        created_at__gt=timezone.now() - COUNTED,
    ).exclude(state=Adjustment.State.DENIED)
    counted = recent.aggregate(total=Sum(Abs("credits")))["total"] or 0
    return Allowance(settings.STAFF_ADJUSTMENT_CREDITS, counted)


@unit_of_work
def approve(*, adjustment_id: str, by: Staff) -> Adjustment:
    """Let a waiting adjustment happen, once. CannotAdjustError: not waiting any more, or not by this person."""
    row = _decide(adjustment_id, by, Adjustment.State.APPLIED)
    if row.requested_by_id == by.actor_id:
        raise CannotAdjustError("Who asks for an adjustment cannot approve it: another member of staff does.")
    if not row.requested_by.is_staff or not row.requested_by.is_active:
        raise CannotAdjustError("Who asked for it is not staff any more. Deny it, and ask anew.")
    if row.expires_at <= timezone.now():
        raise CannotAdjustError(f"It was asked for more than {WAITS.days} days ago. Deny it, and ask anew.")
    _apply(row)
    return row


@unit_of_work
def deny(*, adjustment_id: str, by: Staff) -> Adjustment:
    """End a waiting adjustment; who asked may do that too. CannotAdjustError: it is not waiting any more."""
    row = _decide(adjustment_id, by, Adjustment.State.DENIED)
    _record(row, "denied")
    return row


def _decide(adjustment_id: str, by: Staff, state: Adjustment.State) -> Adjustment:
    """Move a waiting adjustment by a guarded UPDATE, then lock where its credits go and look at who decides."""
    waiting = Adjustment.objects.filter(pk=adjustment_id, state=Adjustment.State.WAITING)
    # Own approvals are refused after it: the constraint would answer them with a fault instead of words.
    others = waiting.exclude(requested_by_id=by.actor_id) if state == Adjustment.State.APPLIED else waiting
    moved = others.update(state=state, decided_by_id=by.actor_id, decided_at=timezone.now())
    row = Adjustment.objects.select_related("requested_by").filter(pk=adjustment_id).first()
    if row is None or (not moved and row.state != Adjustment.State.WAITING):
        raise CannotAdjustError("It does not wait any more: somebody was faster.")
    organizations.lock_lines(row.organization_id)
    _require_outsider(by.actor_id, organizations.successor_id(row.organization_id))
    return row


def _require_outsider(user_id: str, organization_id: str) -> None:
    if not User.objects.filter(pk=user_id, is_staff=True, is_active=True).exists():
        raise CannotAdjustError("Only staff adjusts credits.")
    places = Membership.objects.filter(
        user_id=user_id, organization_id__in=organizations.with_shells(organization_id)
    )
    if places.exists():
        raise CannotAdjustError("Members of a workspace neither ask for its adjustments nor decide on them.")


def _apply(row: Adjustment) -> None:
    """Move the credits, to where the organization's credits go now, and tell its owners."""
    owner_id = organizations.successor_id(row.organization_id)
    ledger.adjust(organization_id=owner_id, credits=row.credits, reference=row.pk, actor=AS_SHOWN)
    _record(row, "added" if row.credits > 0 else "taken")


def _record(row: Adjustment, status: str) -> None:
    amount = f"{abs(row.credits):,} credit{'' if abs(row.credits) == 1 else 's'}"
    wish = f"{'adding' if row.credits > 0 else 'taking'} {amount}"
    told = {
        "requested": f"Staff asked for {wish}",
        "denied": f"Staff decided against {wish}",
        "added": f"Staff added {amount}",
        "taken": f"Staff took {amount}",
    }
    shown: ActingFor = AS_SHOWN
    events.record(
        EventType.CREDITS_ADJUSTED,
        actor=shown,
        organization_id=organizations.successor_id(row.organization_id),
        agent_id="",
        subject_id=row.pk,
        operation="credits.adjust",
        status=status,
        summary=f"{told[status]}: {row.reason}",
        links={"feedback_id": row.feedback_id} if row.feedback_id else None,
        credits=abs(row.credits),
    )


def of_feedback(feedback_ids: Collection[str]) -> list[Adjustment]:
    """Return the adjustments that make some reports good, the oldest first, with who asked and who decided."""
    rows = Adjustment.objects.filter(feedback_id__in=feedback_ids).exclude(feedback_id="").order_by("pk")
    return list(rows.select_related("organization", "requested_by", "decided_by"))


def waiting() -> list[Adjustment]:
    """Return what waits for a second person, the oldest first; at most a hundred."""
    rows = Adjustment.objects.filter(state=Adjustment.State.WAITING).order_by("pk")
    return list(rows.select_related("organization", "requested_by")[:100])


def decided(*, before: str = "", most: int = 50) -> list[Adjustment]:
    """Return adjustments that wait no more, newest first, with who asked and who decided; `before` is an id."""
    rows = Adjustment.objects.exclude(state=Adjustment.State.WAITING).order_by("-pk")
    rows = rows.filter(pk__lt=before) if before else rows
    return list(rows.select_related("organization", "requested_by", "decided_by")[:most])
