"""Closing a payment page that nobody shall pay: an owner's word on what an agent, or anybody, has begun.

The provider is asked first, outside of any transaction. What it then reports decides: a page that was paid in the
meantime is credited and not canceled, so money is never lost between the two.
"""

from django.utils import timezone

from accounts import organizations
from billing import buyers, fulfilment, rails
from billing.buyers import Human
from billing.models import PaymentAttempt
from billing.rails.base import RailError, Session
from imageskill.core import events
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.events import EventType
from imageskill.core.units import unit_of_work


def cancel(*, attempt: PaymentAttempt, by: Human) -> PaymentAttempt:
    """Close an open payment and return it as it stands then: `expired`, or further on where money came first.

    CAPABILITY_DENIED: not by this role. PAYMENT_PROVIDER_FAILURE: it may still be open; try again.
    """
    _check(by)
    session = None
    if attempt.session_id and attempt.state in PaymentAttempt.OPEN:
        try:
            session = rails.rail(attempt.quote.payment_method).close_session(attempt.session_id)
        except RailError as error:
            raise ApiError(
                ErrorCode.PAYMENT_PROVIDER_FAILURE,
                f"{error.message} The payment page may still be open.",
                payment_attempt_id=attempt.pk,
            ) from error
    return _close(attempt, session, by)


@unit_of_work
def _check(by: Human) -> None:
    organizations.lock(by.organization_id)
    buyers.require(by)


@unit_of_work
def _close(attempt: PaymentAttempt, session: Session | None, by: Human) -> PaymentAttempt:
    now = timezone.now()
    rows = PaymentAttempt.objects.filter(pk=attempt.pk)
    if session is not None:
        was_open = attempt.state in PaymentAttempt.OPEN
        closed = was_open and fulfilment.apply(session).outcome is fulfilment.Outcome.EXPIRED
        ended = closed and rows.filter(state=PaymentAttempt.State.EXPIRED, canceled_at=None).update(
            canceled_at=now, canceled_by=by.user_id
        )
    else:
        # Without a session there is nothing to pay yet; one that is being opened now is not kept.
        ended = rows.filter(state=PaymentAttempt.State.CREATED, session_id=None).update(
            state=PaymentAttempt.State.EXPIRED, next_check_at=None, canceled_at=now, canceled_by=by.user_id
        )
    fresh = PaymentAttempt.objects.select_related("quote").get(pk=attempt.pk)
    if ended:
        _record(fresh, by)
    return fresh


def _record(attempt: PaymentAttempt, by: Human) -> None:
    links = {"quote_id": attempt.quote_id, "payment_attempt_id": attempt.pk}
    if attempt.session_id:
        links["checkout_session_id"] = attempt.session_id
    events.record(
        EventType.CHECKOUT_SESSION_CANCELED,
        actor=by,
        organization_id=attempt.organization_id,
        agent_id=attempt.agent_id or "",
        subject_id=attempt.pk,
        operation="payment",
        status="canceled",
        summary="Payment page closed",
        links=links,
        credits=attempt.credits,
    )
