"""Buying a quote: an attempt is committed first, then the rail opens a session for it. Neither grants credits."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import F
from django.utils import timezone

from accounts import organizations
from billing import buyers, quotes, rails
from billing.buyers import Buyer
from billing.models import PaymentAttempt, PaymentMethod, Quote, Receipt
from billing.rails.base import Order, RailError, Session
from imageskill.core import events, idempotency, ids, tallies
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.events import ActingFor, EventType, System
from imageskill.core.idempotency import Claimed
from imageskill.core.units import unit_of_work

OPERATION: Final = "credit_purchase"
SHORTEST: Final = timedelta(minutes=50)
LONGEST: Final = timedelta(hours=23, minutes=50)
"""Stripe keeps a session open for 30 minutes to 24 hours from its opening, which may take some tries."""
CHECK_PAUSE: Final = timedelta(seconds=5)
_FIRST_CHECK: Final = timedelta(minutes=2)
SWEEPER: Final = System("payments")


def begin(*, actor: Buyer, quote_id: str, method: str, key: Claimed) -> PaymentAttempt:
    """Return the attempt to pay a quote, with its session: the open one if there is one, else a new one.

    QUOTE_NOT_FOUND, QUOTE_EXPIRED, QUOTE_NOT_PAYABLE (another method's, or paid already), CAPABILITY_DENIED (the
    agent is paused or bought too much; the person's role), RATE_LIMITED, PAYMENTS_NOT_CONFIGURED,
    PAYMENT_PROVIDER_FAILURE.
    """
    attempt = _attempt(actor, quote_id, method, key)
    if attempt.state == PaymentAttempt.State.CREATED:
        attempt = open_session(attempt=attempt, actor=actor)
    return attempt


@unit_of_work
def _attempt(actor: Buyer, quote_id: str, method: str, key: Claimed) -> PaymentAttempt:
    organizations.lock(actor.organization_id)
    try:
        row = idempotency.find(key)
    except ApiError as error:
        quote = quotes.visible_to(actor, quote_id)
        error.recovery |= {
            "idempotency_key": quotes.purchase_key(quote),
            "suggested_command": quotes.buy_command(quote),
        }
        raise
    begun = visible_to(actor, row.object_id) if row is not None else None
    if begun is not None and begun.state != PaymentAttempt.State.CREATED:
        return begun
    buyers.require_may_buy(actor)
    if begun is not None:
        return begun
    quote = quotes.visible_to(actor, quote_id)
    _check_payable(quote, method)
    attempt = PaymentAttempt.objects.filter(quote=quote, state__in=PaymentAttempt.OPEN).first()
    if attempt is None:
        attempt = _new(actor, quote, key.key)
    idempotency.bind(key, object_id=attempt.pk)
    return attempt


def _new(actor: Buyer, quote: Quote, key: str) -> PaymentAttempt:
    buyers.check_attempts(actor)
    buyers.check_amount(actor, quote.credits, with_open_attempts=True)
    if quote.payment_method == PaymentMethod.FAKE:
        buyers.take_play_money(actor, quote.credits)
    now = timezone.now()
    return PaymentAttempt.objects.create(
        quote=quote,
        organization_id=actor.organization_id,
        **buyers.column_of(actor),
        credits=quote.credits,
        amount_cents=quote.amount_cents,
        live_money=quote.live_money,
        idempotency_key=key,
        created_at=now,
        expires_at=min(max(quote.expires_at, now + SHORTEST), now + LONGEST),
        next_check_at=now + _FIRST_CHECK,
    )


def _check_payable(quote: Quote, method: str) -> None:
    if quote.payment_method != method:
        raise ApiError(
            ErrorCode.QUOTE_NOT_PAYABLE,
            f"This quote is to be paid by {quote.payment_method}.",
            reason="other_payment_method",
            suggested_command=quotes.buy_command(quote),
        )
    if not rails.is_enabled(method):
        raise quotes.not_configured()
    receipt = Receipt.objects.filter(quote=quote).first()
    if receipt is not None:
        raise ApiError(
            ErrorCode.QUOTE_NOT_PAYABLE,
            "This quote is paid. A quote is bought once; ask for a new one to buy more.",
            reason="paid",
            receipt_id=receipt.pk,
            suggested_command=quotes.terms_of_quote(quote).command(),
        )
    if quote.expires_at <= timezone.now():
        raise ApiError(
            ErrorCode.QUOTE_EXPIRED,
            "This quote is past its end. Ask for these terms again.",
            suggested_command=quotes.terms_of_quote(quote).command(),
        )


def open_session(*, attempt: PaymentAttempt, actor: ActingFor) -> PaymentAttempt:
    """Have the rail open a session for an attempt, or find the one it opened before, and keep it.

    PAYMENT_PROVIDER_FAILURE: it did not; the attempt stays and the next call, or the sweeper, tries it again,
    unless the provider refused it for good.
    """
    order = Order(
        reference=attempt.pk,
        tries=attempt.tries,
        quote_id=attempt.quote_id,
        organization_id=attempt.organization_id,
        agent_id=attempt.agent_id or "",
        user_id=attempt.user_id or "",
        credits=attempt.credits,
        amount_cents=attempt.amount_cents,
        expires_at=attempt.expires_at,
    )
    try:
        session = rails.rail(attempt.quote.payment_method).open_session(order)
    except RailError as error:
        if error.permanent:
            _fail(attempt)
        elif error.key_is_spent:
            PaymentAttempt.objects.filter(pk=attempt.pk).update(tries=F("tries") + 1)
        raise ApiError(
            ErrorCode.PAYMENT_PROVIDER_FAILURE,
            f"{error.message} Nothing is charged.",
            retryable=not error.permanent,
            payment_attempt_id=attempt.pk,
            retry_after_seconds=None if error.permanent else 10,
        ) from error
    return _keep(attempt.pk, session, actor)


@unit_of_work
def _keep(attempt_id: str, session: Session, actor: ActingFor) -> PaymentAttempt:
    kept = PaymentAttempt.objects.filter(pk=attempt_id, state=PaymentAttempt.State.CREATED).update(
        state=PaymentAttempt.State.ACTION_REQUIRED,
        session_id=session.session_id,
        checkout_url=session.url,
        payment_intent=session.payment_intent,
    )
    attempt = PaymentAttempt.objects.select_related("quote").get(pk=attempt_id)
    if kept and attempt.quote.payment_method != PaymentMethod.FAKE:
        events.record(
            EventType.CHECKOUT_SESSION_CREATED,
            actor=actor,
            organization_id=attempt.organization_id,
            agent_id=attempt.agent_id or "",
            subject_id=attempt.pk,
            operation="payment",
            status="action_required",
            summary="Checkout session created",
            links={
                "quote_id": attempt.quote_id,
                "payment_attempt_id": attempt.pk,
                "checkout_session_id": session.session_id,
            },
            credits=attempt.credits,
        )
    return attempt


@unit_of_work
def _fail(attempt: PaymentAttempt) -> None:
    PaymentAttempt.objects.filter(pk=attempt.pk, state=PaymentAttempt.State.CREATED).update(
        state=PaymentAttempt.State.FAILED, next_check_at=None
    )


def visible_to(actor: Buyer, reference: str) -> PaymentAttempt:
    """Return the caller's attempt with its quote. QUOTE_NOT_FOUND: missing, or another buyer's."""
    own = PaymentAttempt.objects.filter(**buyers.column_of(actor), organization_id__in=actor.organization_ids)
    attempt = None
    if ids.prefix_of(reference) == "payatt":
        attempt = own.select_related("quote").filter(pk=reference).first()
    if attempt is None:
        raise not_found()
    return attempt


def by_address(reference: str) -> PaymentAttempt | None:
    """Return the attempt of a payment's short address, for whoever has it; None: there is none."""
    if ids.prefix_of(reference) != "payatt":
        return None
    return PaymentAttempt.objects.select_related("quote").filter(pk=reference).first()


def may_be_checked(attempt: PaymentAttempt) -> bool:
    """Count a payer's wish to ask the provider now; False: it was asked within five seconds."""
    return tallies.take("payment_check", attempt.pk, limit=1, period=CHECK_PAUSE)


def not_found() -> ApiError:
    """Return the one answer to a payment reference that is missing or another agent's."""
    return ApiError(
        ErrorCode.QUOTE_NOT_FOUND,
        "No such quote, payment or receipt for this caller.",
        suggested_command="image-skill credits status --json",
    )


def waiting_for_session(*, before: datetime) -> list[PaymentAttempt]:
    """Return attempts whose session was never kept, as after a crash between the two; none of a paused agent."""
    lost = PaymentAttempt.objects.filter(
        state=PaymentAttempt.State.CREATED, next_check_at__lte=before, agent__paused_at=None
    )
    return list(lost.select_related("quote").order_by("next_check_at")[:100])
