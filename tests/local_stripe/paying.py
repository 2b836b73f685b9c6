"""What a payer does: pay by card, or by a method whose money comes later."""

import secrets
from typing import Final

from tests.local_stripe import sessions
from tests.local_stripe.errors import RefusalError
from tests.local_stripe.store import Row, Store

PAYER: Final = "payer@example.com"


def pay(
    store: Store,
    session_id: str,
    *,
    discount_percent: int = 0,
    tax_cents: int = 0,
    method: str = "card",
    currency: str | None = None,
    email: str | None = None,
) -> Row:
    """Complete an open session. RefusalError: it is not open, or too little would be left to pay."""
    session = store.get(sessions.KIND, session_id, "session")
    if session["status"] != "open":
        raise RefusalError(f"This Checkout Session has a status of `{session['status']}`.")
    if method not in ("card", "async") or not 0 <= discount_percent <= 100 or tax_cents < 0:
        raise ValueError("a session is paid by card or async, with a discount of 0 to 100 % and no negative tax")
    discount = (session["amount_subtotal"] * discount_percent + 50) // 100
    total = session["amount_subtotal"] - discount + tax_cents
    if 0 < total < sessions.SMALLEST:
        raise RefusalError("The amount must be at least 50 cents.", code="amount_too_small")
    store.set(
        session,
        amount_total=total,
        currency=currency or session["currency"],
        customer_details={"email": email or session["customer_email"] or PAYER, "name": None, "address": None},
        discounts=[{"coupon": None, "promotion_code": f"promo_{secrets.token_hex(12)}"}] if discount else [],
        payment_status=_payment_status(total, method),
        status="complete",
        total_details={"amount_discount": discount, "amount_shipping": 0, "amount_tax": tax_cents},
        url=None,
    )
    if total:
        session["payment_intent"] = _intent(store, session, succeeded=method == "card")["id"]
    store.emit("checkout.session.completed", session)
    return session


def _payment_status(total: int, method: str) -> str:
    if not total:
        return "no_payment_required"
    return "paid" if method == "card" else "unpaid"


def settle(store: Store, session_id: str, *, ok: bool) -> Row:
    """Let the money of an async method come, or fail."""
    session = store.get(sessions.KIND, session_id, "session")
    intent = store.find(session["payment_intent"] or "")
    if intent is None or intent["status"] != "processing":
        raise RefusalError("No payment of this Checkout Session is under way.")
    charge = store.get("charge", intent["latest_charge"])
    if ok:
        store.set(charge, status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
        store.set(intent, status="succeeded", amount_received=intent["amount"])
        store.set(session, payment_status="paid")
        store.emit("checkout.session.async_payment_succeeded", session)
        return session
    store.set(charge, status="failed", failure_code="charge_exceeds_source_limit", failure_message="No funds.")
    store.set(
        intent,
        status="requires_payment_method",
        last_payment_error={"type": "card_error", "code": "payment_intent_payment_attempt_failed"},
    )
    store.emit("checkout.session.async_payment_failed", session)
    return session


def _intent(store: Store, session: Row, *, succeeded: bool) -> Row:
    """Make the payment of a session; Stripe does so when the payer confirms, not before."""
    told = store.intent_data[session["id"]]
    amount, email = session["amount_total"], session["customer_details"]["email"]
    intent = store.new(
        "payment_intent",
        "pi",
        amount=amount,
        amount_capturable=0,
        amount_received=amount if succeeded else 0,
        canceled_at=None,
        cancellation_reason=None,
        capture_method="automatic_async",
        confirmation_method="automatic",
        currency=session["currency"],
        customer=None,
        description=told.get("description"),
        last_payment_error=None,
        latest_charge=None,
        metadata=dict(told["metadata"]),
        payment_method_types=["card"],
        receipt_email=told.get("receipt_email"),
        status="succeeded" if succeeded else "processing",
    )
    charge = store.new(
        "charge",
        "ch",
        amount=amount,
        amount_captured=amount if succeeded else 0,
        amount_refunded=0,
        billing_details={"email": email, "name": None, "address": None, "phone": None},
        captured=succeeded,
        currency=session["currency"],
        customer=None,
        description=told.get("description"),
        disputed=False,
        failure_code=None,
        failure_message=None,
        metadata=dict(told["metadata"]),
        paid=succeeded,
        payment_intent=intent["id"],
        refunded=False,
        status="succeeded" if succeeded else "pending",
    )
    charge["receipt_url"] = f"https://pay.stripe.com/receipts/payment/{charge['id']}"
    intent["latest_charge"] = charge["id"]
    return intent
