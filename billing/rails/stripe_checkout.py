"""Stripe Checkout by Stripe's own library: one client, a pinned version, bounded waits.

Facts of stripe 16.1: no retries unless asked for, `requests` underneath, objects are no dicts.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import stripe
from django.conf import settings
from django.utils import timezone

from billing.models import Reversal
from billing.rails.base import Order, RailError, Reported, Session
from imageskill.core.units import forbid_inside

T = TypeVar("T")
logger = logging.getLogger("imageskill.stripe")

API_VERSION: Final = "2026-10-28.endive"
"""The version whose shapes this module reads; webhook endpoints are to be made with the same one."""
REVERSAL: Final = "image_skill_reversal"
"""The metadata under which our reversal's id stands on a refund that we asked for."""
EVENT_TYPES: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
)
"""What a webhook endpoint is to be subscribed to."""
_SERVER_FAULT: Final = 500
"""Stripe keeps such an answer under its key for a day and gives it again."""
_RETRIES: Final = 2
_TIMEOUT_SECONDS: Final = (3, 20)
_RECEIPTS: Final = "pay.stripe.com"
_LONGEST_URL: Final = 1024
_FAILED_INTENTS: Final = ("requires_payment_method", "canceled")
REFERENCE: Final = "image_skill_attempt"
"""The metadata under which our attempt's id stands on the session and on its payment intent."""


class StripeCheckout:
    """Hosted payment pages."""

    def __init__(self) -> None:
        """Make the client; no connection is opened yet."""
        self.live_money = "_live_" in settings.STRIPE_SECRET_KEY[:12]
        self.client = stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            stripe_version=API_VERSION,
            max_network_retries=_RETRIES,
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
            base_addresses={"api": settings.STRIPE_API_BASE} if settings.STRIPE_API_BASE else None,
        )

    def open_session(self, order: Order) -> Session:
        """Open a session under a key of the attempt's, so that a repeat returns the same one."""
        metadata = {
            REFERENCE: order.reference,
            "quote_id": order.quote_id,
            "organization_id": order.organization_id,
            **({"user_id": order.user_id} if order.user_id else {"agent_id": order.agent_id}),
        }
        page = f"{settings.BASE_URL}/pay/{order.reference}"
        params: Any = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": order.amount_cents,
                        "product_data": {"name": f"{order.credits} Image Skill credits"},
                    },
                }
            ],
            "client_reference_id": order.reference,
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
            "success_url": f"{page}/return",
            "cancel_url": f"{page}/return",
            "expires_at": int(order.expires_at.timestamp()),
            "allow_promotion_codes": settings.STRIPE_PROMOTION_CODES,
            "adaptive_pricing": {"enabled": False},
        }
        options: Any = {"idempotency_key": f"{order.reference}-{order.tries}"}
        return _read(_call(lambda: self.client.v1.checkout.sessions.create(params, options)))

    def session(self, session_id: str) -> Session:
        """Read a session and its payment from Stripe."""
        expanded: Any = {"expand": ["payment_intent.latest_charge"]}
        return _read(_call(lambda: self.client.v1.checkout.sessions.retrieve(session_id, expanded)))

    def close_session(self, session_id: str) -> Session:
        """Expire a session that is open; one that is paid, or over, is returned as it stands."""
        found = self.session(session_id)
        if found.status != "open":
            return found
        return _read(_call(lambda: self.client.v1.checkout.sessions.expire(session_id)))

    def refund(self, refund_id: str) -> Reported:
        """Read a refund."""
        read_at = timezone.now()
        return _read_refund(_call(lambda: self.client.v1.refunds.retrieve(refund_id)), read_at)

    def intent_of(self, charge_id: str) -> str:
        """Return the payment intent of a charge."""
        return _id_of(_call(lambda: self.client.v1.charges.retrieve(charge_id)).payment_intent)

    def refunds_of(self, payment_intent: str) -> list[Reported]:
        """Read all refunds of a payment."""
        read_at = timezone.now()
        listed: Any = {"payment_intent": payment_intent, "limit": 100}
        found = _call(lambda: list(self.client.v1.refunds.list(listed).auto_paging_iter()))
        return [_read_refund(refund, read_at) for refund in found]

    def dispute(self, dispute_id: str) -> Reported:
        """Read a dispute."""
        read_at = timezone.now()
        found = _call(lambda: self.client.v1.disputes.retrieve(dispute_id))
        return Reported(
            kind=Reversal.Kind.DISPUTE,
            provider_id=found.id,
            payment_intent=_id_of(found.payment_intent),
            amount_cents=found.amount,
            status=found.status,
            reason=found.reason or "",
            reversal_id="",
            read_at=read_at,
        )

    def warning(self, warning_id: str) -> Reported:
        """Read an early warning of fraud; what is at stake is the whole charge."""
        read_at = timezone.now()
        expanded: Any = {"expand": ["charge"]}
        found = _call(lambda: self.client.v1.radar.early_fraud_warnings.retrieve(warning_id, expanded))
        charge: Any = found.charge
        return Reported(
            kind=Reversal.Kind.WARNING,
            provider_id=found.id,
            payment_intent=_id_of(found.payment_intent or charge.payment_intent),
            amount_cents=charge.amount,
            status="actionable" if found.actionable else "closed",
            reason=found.fraud_type or "",
            reversal_id="",
            read_at=read_at,
        )

    def give_back(self, *, reversal_id: str, tries: int, payment_intent: str, amount_cents: int) -> Reported:
        """Ask for a refund under a key of our reversal's, so that a repeat returns the same one."""
        read_at = timezone.now()
        params: Any = {
            "payment_intent": payment_intent,
            "amount": amount_cents,
            "metadata": {REVERSAL: reversal_id},
        }
        options: Any = {"idempotency_key": f"{reversal_id}-{tries}"}
        return _read_refund(_call(lambda: self.client.v1.refunds.create(params, options)), read_at)

    def events_since(self, moment: datetime) -> list[Any]:
        """Read the events of the kinds that matter since a moment, the oldest first."""
        listed: Any = {"created": {"gte": int(moment.timestamp())}, "types": list(EVENT_TYPES), "limit": 100}
        found = _call(lambda: list(self.client.v1.events.list(listed).auto_paging_iter()))
        return [event.to_dict() for event in reversed(found)]


def _call(ask: Callable[[], T]) -> T:
    """Ask Stripe, outside of any transaction, and tell its failures in our words: theirs may quote parameters."""
    forbid_inside("a call of Stripe")
    try:
        return ask()
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        logger.error("stripe refuses this service's key", exc_info=error)  # noqa: TRY400 - the formatter adds it
        raise RailError("The payment provider does not accept this service's key.") from error
    except (stripe.InvalidRequestError, stripe.IdempotencyError, stripe.CardError) as error:
        if error.code == "idempotency_key_in_use":
            # The same request is on its way from somewhere else: it is no refusal.
            raise RailError("The payment provider is at this request already.") from error
        logger.error("stripe refuses a request", exc_info=error)  # noqa: TRY400 - the same
        raise RailError("The payment provider refused the request.", permanent=True) from error
    except stripe.StripeError as error:
        logger.warning("stripe failed", exc_info=error)
        spent = (error.http_status or 0) >= _SERVER_FAULT
        raise RailError("The payment provider cannot be reached or is busy.", key_is_spent=spent) from error


def _id_of(found: Any) -> str:  # noqa: ANN401 - an id, an object or nothing
    if found is None or isinstance(found, str):
        return found or ""
    return str(found.id)


def _metadata(found: Any, name: str) -> str:  # noqa: ANN401 - the library's object
    return str((found.metadata.to_dict() if found.metadata else {}).get(name, ""))


def _read_refund(found: Any, read_at: datetime) -> Reported:  # noqa: ANN401 - the library's object
    return Reported(
        kind=Reversal.Kind.REFUND,
        provider_id=found.id,
        payment_intent=_id_of(found.payment_intent),
        amount_cents=found.amount,
        status=found.status,
        reason=found.reason or "",
        reversal_id=_metadata(found, REVERSAL),
        read_at=read_at,
    )


def _read(found: Any) -> Session:  # noqa: ANN401 - the library's object; its types know no expansion
    details = found.total_details
    intent = found.payment_intent
    expanded = intent is not None and not isinstance(intent, str)
    return Session(
        session_id=found.id,
        reference=_metadata(found, REFERENCE),
        url=found.url or "",
        status=found.status,
        payment_status=found.payment_status,
        payment_failed=expanded and found.status == "complete" and intent.status in _FAILED_INTENTS,
        mode=found.mode,
        currency=found.currency,
        live_money=found.livemode,
        subtotal_cents=found.amount_subtotal,
        discount_cents=details.amount_discount if details else 0,
        tax_cents=details.amount_tax if details else 0,
        total_cents=found.amount_total,
        payment_intent=_id_of(intent),
        codes_allowed=bool(found.allow_promotion_codes),
        receipt_url=_receipt_url(intent) if expanded else "",
        payer_email=_payer_email(found),
    )


def _payer_email(found: Any) -> str:  # noqa: ANN401 - the library's object
    """Return the address that the payer typed; Stripe knows it once a session is complete."""
    details = found.customer_details
    return str(details.email or "").strip() if details else ""


def _receipt_url(intent: Any) -> str:  # noqa: ANN401 - the library's object, its charge expanded
    """Return the address of Stripe's receipt; only one of Stripe's own is kept."""
    charge = intent.latest_charge
    if charge is None or isinstance(charge, str):
        return ""
    url = str(getattr(charge, "receipt_url", None) or "")
    return url if len(url) <= _LONGEST_URL and urlsplit(url).netloc == _RECEIPTS else ""
