"""What staff does about payments and webhook events: kept with the person and the reason, told to the owners.

Nothing here moves a credit: an order is checked with its provider, and what that says goes the way of any payment.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from accounts import organizations
from accounts.staff import Staff
from billing import fulfilment, inbox, purchases, rails, refunds
from billing.adjustments import AS_SHOWN, LONGEST_REASON, LONGEST_TICKET
from billing.fulfilment import Outcome
from billing.inbox import NotProcessedError
from billing.models import PaymentAttempt, PaymentMethod, Receipt, Reversal, StaffAct, StripeEvent
from billing.rails.base import RailError
from imageskill.core import events
from imageskill.core.errors import ApiError
from imageskill.core.events import EventType
from imageskill.core.secret_text import is_secret
from imageskill.core.units import unit_of_work

OTHER_KIND_OF_MONEY: Final = "other_livemode"


class CannotActError(Exception):
    """Nothing was done; the text says why."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why staff does something, for staff to read later."""

    text: str
    ticket: str = ""

    def check(self) -> None:
        """Raise CannotActError where there is none, or where it is too long or holds a secret."""
        text, ticket = self.text.strip(), self.ticket.strip()
        if not text or len(text) > LONGEST_REASON or len(ticket) > LONGEST_TICKET:
            raise CannotActError(f"Give a reason of at most {LONGEST_REASON} characters.")
        if is_secret(text) or is_secret(ticket):
            raise CannotActError("The reason holds what looks like a key or a card number.")


def attempt_of(event: StripeEvent) -> PaymentAttempt | None:
    """Return the payment that an event is about, as far as it can be told from what is stored; None: of nobody."""
    attempts = PaymentAttempt.objects.select_related("quote")
    if event.type.startswith("checkout.session."):
        found = attempts.filter(session_id=event.object_id).first()
        return found or attempts.filter(pk=_in_payload(event, "client_reference_id")).first()
    intent = _in_payload(event, "payment_intent")
    known = Reversal.objects.filter(provider_id=event.object_id).select_related("receipt__attempt__quote").first()
    if known is not None and known.receipt is not None and known.receipt.attempt is not None:
        return known.receipt.attempt
    return attempts.filter(payment_intent=intent).first() if intent else None


def _in_payload(event: StripeEvent, name: str) -> str:
    told: Any = ((event.payload or {}).get("data") or {}).get("object") or {}
    found = told.get(name) if isinstance(told, dict) else ""
    return found if isinstance(found, str) else ""


def replay(*, event_id: str, by: Staff) -> StripeEvent:
    """Process a stored event anew, now; its effect still comes once. CannotActError: it is not for this service.

    Where it fails again the event says why, and is tried again by itself.
    """
    event = _replayed(event_id, by)
    # A failure is kept with the event, and shown to staff.
    with suppress(NotProcessedError):
        inbox.process(event)
    event.refresh_from_db()
    return event


@unit_of_work
def _replayed(event_id: str, by: Staff) -> StripeEvent:
    known = _event(event_id)
    if known.outcome == OTHER_KIND_OF_MONEY:
        raise CannotActError("It is about another kind of money than this service takes: nothing can come of it.")
    event = inbox.replay(event_id=event_id)
    _note(StaffAct.Act.REPLAY, by, event.event_id, attempt_of(event), status="event_replayed")
    return event


@unit_of_work
def ignore(*, event_id: str, reason: Reason, by: Staff) -> None:
    """Have a waiting event never processed. CannotActError: no reason, or it does not wait any more."""
    reason.check()
    event = _event(event_id)
    if not inbox.ignore(event_id=event_id):
        raise CannotActError("It does not wait any more, so there is nothing to ignore.")
    _note(StaffAct.Act.IGNORE, by, event.event_id, attempt_of(event), status="event_ignored", reason=reason)


def _event(event_id: str) -> StripeEvent:
    event = StripeEvent.objects.filter(event_id=event_id).first()
    if event is None:
        raise CannotActError("There is no such event.")
    return event


def check_order(*, attempt_id: str, by: Staff) -> Outcome:
    """Ask the payment provider how an order stands, and do what it says: credits come only by its word, once.

    CannotActError: no such order, no session yet, asked a moment ago, or the provider does not answer.
    """
    attempt = PaymentAttempt.objects.select_related("quote").filter(pk=attempt_id).first()
    if attempt is None:
        raise CannotActError("There is no such order.")
    if not attempt.session_id:
        raise CannotActError("It has no payment page yet. The sweeper opens or finds it within a minute.")
    if not rails.is_enabled(attempt.quote.payment_method):
        raise CannotActError("This service does not take that kind of payment now.")
    if not purchases.may_be_checked(attempt):
        raise CannotActError("Its provider was asked within the last five seconds. Look again.")
    _checked(attempt, by)
    try:
        return fulfilment.fulfil(session_id=attempt.session_id, method=attempt.quote.payment_method).outcome
    except RailError as error:
        raise CannotActError(f"{error.message} Nothing has changed.") from error


@unit_of_work
def _checked(attempt: PaymentAttempt, by: Staff) -> None:
    _note(StaffAct.Act.CHECK, by, attempt.pk, attempt, status="checked")


def refund(*, receipt: Receipt, expected_credits: int, reason: Reason, by: Staff) -> Reversal:
    """Give back the money for a receipt's unused credits. CannotActError: no reason, or not that many any more."""
    reason.check()
    if not rails.is_enabled(PaymentMethod.STRIPE_CHECKOUT):
        raise CannotActError("Stripe is not set up in this service, so it cannot send money back.")
    _asked_for_refund(receipt, reason, by)
    try:
        return refunds.refund_unused(receipt=receipt, by=AS_SHOWN, expected_credits=expected_credits)
    except ApiError as error:
        raise CannotActError(error.message) from error


@unit_of_work
def _asked_for_refund(receipt: Receipt, reason: Reason, by: Staff) -> None:
    """Keep who asks and why, before anything moves; the refund tells the owners itself."""
    StaffAct.objects.create(
        act=StaffAct.Act.REFUND,
        staff_id=by.actor_id,
        subject_id=receipt.pk,
        organization_id=receipt.organization_id,
        reason=reason.text.strip(),
        ticket=reason.ticket.strip(),
        created_at=timezone.now(),
    )


def _note(
    act: StaffAct.Act,
    by: Staff,
    subject_id: str,
    attempt: PaymentAttempt | None,
    *,
    status: str,
    reason: Reason | None = None,
) -> None:
    """Keep what was done, and tell the owners of the payment that it touches, if it touches one."""
    owner_id = organizations.successor_id(attempt.organization_id) if attempt is not None else ""
    StaffAct.objects.create(
        act=act,
        staff_id=by.actor_id,
        subject_id=subject_id,
        organization_id=owner_id,
        reason=reason.text.strip() if reason else "",
        ticket=reason.ticket.strip() if reason else "",
        created_at=timezone.now(),
    )
    if attempt is None:
        return
    summaries = {
        "event_replayed": "Staff had what Stripe told of a payment looked at again",
        "event_ignored": "Staff set aside what Stripe told of a payment",
        "checked": "Staff asked the payment provider how a payment stands",
    }
    events.record(
        EventType.PAYMENT_REVIEWED,
        actor=AS_SHOWN,
        organization_id=owner_id,
        agent_id="",
        subject_id=attempt.pk,
        operation="payment.review",
        status=status,
        summary=summaries[status],
        links={"quote_id": attempt.quote_id, "payment_attempt_id": attempt.pk},
        credits=attempt.credits,
    )


def acts_on(subject_id: str) -> list[StaffAct]:
    """Return what staff did to an event, an order or a receipt, newest first; at most fifty."""
    rows = StaffAct.objects.filter(subject_id=subject_id).select_related("staff")
    return list(rows.order_by("-pk")[:50])


def orders(reference: str = "") -> list[PaymentAttempt]:
    """Return orders to look at: those that a reference names (order, session, payment), else the flagged ones.

    Flagged is money that came for terms that had ended, or that did not match; at most fifty, newest first.
    """
    rows = PaymentAttempt.objects.select_related("quote", "organization").order_by("-pk")
    if reference:
        rows = rows.filter(Q(pk=reference) | Q(session_id=reference) | Q(payment_intent=reference))
    else:
        rows = rows.exclude(flag="")
    return list(rows[:50])
