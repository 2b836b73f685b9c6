"""Money that goes back: refunds, disputes and early warnings of fraud."""

import secrets
from typing import Final, Literal

from tests.local_stripe import form
from tests.local_stripe.errors import RefusalError, invalid, missing, no_such
from tests.local_stripe.form import Params
from tests.local_stripe.store import Row, Store

Funds = Literal["withdrawn", "reinstated"]
WARNING: Final = "radar.early_fraud_warning"
REFUND_STATES: Final = ("pending", "requires_action", "succeeded", "failed", "canceled")
_PARAMS: Final = ("amount", "charge", "currency", "expand", "metadata", "payment_intent", "reason")
_REASONS: Final = ("duplicate", "fraudulent", "requested_by_customer")
_GIVEN_UP: Final = ("failed", "canceled")
_CLOSED: Final = ("won", "lost", "warning_closed", "prevented")
_HARMLESS: Final = ("won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed")


def ask_refund(store: Store, params: Params) -> Row:
    """Check the parameters as Stripe does, and give money back."""
    form.only(params, _PARAMS)
    charge = _charge_asked_for(store, params)
    amount = form.integer(params, "amount")
    reason = form.text(params, "reason")
    if reason is not None and reason not in _REASONS:
        raise invalid("reason", f"Invalid reason: must be one of {', '.join(_REASONS)}")
    if any(row["status"] not in _HARMLESS for row in store.of("dispute", charge=charge["id"])):
        raise RefusalError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    left = charge["amount"] - charge["amount_refunded"]
    cents = left if amount is None else amount
    return refund(store, charge, cents, store.refund_status, reason=reason, metadata=form.metadata(params))


def _charge_asked_for(store: Store, params: Params) -> Row:
    intent_id, charge_id = form.text(params, "payment_intent"), form.text(params, "charge")
    if intent_id is not None:
        return charge_of(store, intent_id)
    if charge_id is not None:
        return store.get("charge", charge_id, "charge")
    raise missing("payment_intent")


def charge_of(store: Store, intent_id: str) -> Row:
    """Return the charge of a payment that succeeded."""
    intent = store.get("payment_intent", intent_id, "payment_intent")
    if intent["status"] != "succeeded":
        raise RefusalError(
            "This PaymentIntent does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    return store.get("charge", intent["latest_charge"])


def refund(
    store: Store,
    charge: Row,
    cents: int,
    status: str,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Row:
    """Give a part of a charge back."""
    left = charge["amount"] - charge["amount_refunded"]
    if not left:
        raise RefusalError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if cents < 1:
        raise invalid("amount", "Invalid positive integer", "parameter_invalid_integer")
    if cents > left:
        raise invalid("amount", f"Refund amount ({cents}) is greater than unrefunded amount on charge ({left})")
    if status not in REFUND_STATES:
        raise ValueError(status)
    given = store.new(
        "refund",
        "re",
        amount=cents,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        description=None,
        destination_details={"type": "card"},
        failure_reason="unknown" if status == "failed" else None,
        metadata=metadata or {},
        payment_intent=charge["payment_intent"],
        pending_reason=None,
        reason=reason,
        receipt_number=None,
        status=status,
    )
    del given["livemode"]  # Stripe's refunds have none.
    store.emit("refund.created", given)
    if status in _GIVEN_UP:
        _tell_of(store, given, {"status": "pending"})
    else:
        _count(store, charge)
        store.emit("charge.refunded", charge)
        if charge["refunded"]:
            _answer_warnings(store, charge)
    return given


def update_refund(store: Store, refund_id: str, status: str) -> Row:
    """Move a refund to another state; one that fails or is canceled no longer counts on its charge."""
    given = store.get("refund", refund_id)
    if status not in REFUND_STATES:
        raise ValueError(status)
    failure = "unknown" if status == "failed" else None
    previous = store.set(given, status=status, failure_reason=failure)
    _count(store, store.get("charge", given["charge"]))
    _tell_of(store, given, previous)
    return given


def _tell_of(store: Store, given: Row, previous: Row) -> None:
    store.emit("refund.updated", given, previous)
    if given["status"] == "failed":
        store.emit("refund.failed", given)


def _count(store: Store, charge: Row) -> None:
    counted = [row["amount"] for row in store.of("refund", charge=charge["id"]) if row["status"] not in _GIVEN_UP]
    store.set(charge, amount_refunded=sum(counted), refunded=sum(counted) == charge["amount"])


def dispute(store: Store, charge: Row, cents: int, status: str, *, reason: str) -> Row:
    """Open a dispute; unless it is only an inquiry, Stripe takes the money at once."""
    inquiry = status.startswith("warning_")
    opened = store.new(
        "dispute",
        "du",
        amount=cents,
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={},
        evidence_details={"due_by": None, "has_evidence": False, "past_due": False, "submission_count": 0},
        is_charge_refundable=inquiry,
        metadata={},
        network_reason_code=None,
        payment_intent=charge["payment_intent"],
        payment_method_details={"type": "card"},
        reason=reason,
        status=status,
    )
    store.set(charge, disputed=True)
    store.emit("charge.dispute.created", opened)
    if status not in _HARMLESS:
        _move_funds(store, opened, "withdrawn")
    _answer_warnings(store, charge)
    return opened


def update_dispute(store: Store, dispute_id: str, status: str, funds: Funds | None = None) -> Row:
    """Move a dispute to another state, and its money where that is told too."""
    opened = store.get("dispute", dispute_id)
    refundable = status.startswith("warning_")
    previous = store.set(opened, status=status, is_charge_refundable=refundable)
    store.emit("charge.dispute.closed" if status in _CLOSED else "charge.dispute.updated", opened, previous)
    if funds is not None:
        _move_funds(store, opened, funds)
    return opened


def _move_funds(store: Store, opened: Row, funds: Funds) -> None:
    cents = -opened["amount"] if funds == "withdrawn" else opened["amount"]
    opened["balance_transactions"].append(
        {
            "id": f"txn_{secrets.token_hex(12)}",
            "object": "balance_transaction",
            "amount": cents,
            "created": store.now,
            "currency": opened["currency"],
            "net": cents,
            "source": opened["id"],
            "type": "adjustment",
        }
    )
    store.emit(f"charge.dispute.funds_{funds}", opened)


def warn(store: Store, charge: Row) -> Row:
    """Tell of a payment that its card's issuer takes for fraud."""
    told = store.new(
        WARNING,
        "issfr",
        actionable=not charge["refunded"] and not charge["disputed"],
        charge=charge["id"],
        fraud_type="unauthorized_use_of_card",
        payment_intent=charge["payment_intent"],
    )
    store.emit(f"{WARNING}.created", told)
    return told


def close_warning(store: Store, warning_id: str) -> Row:
    """End a warning: nothing can be done about it any more."""
    told = store.get(WARNING, warning_id)
    store.emit(f"{WARNING}.updated", told, store.set(told, actionable=False))
    return told


def _answer_warnings(store: Store, charge: Row) -> None:
    """End the warnings of a charge that is disputed or refunded whole: nothing more can be done about them."""
    for told in [row for row in store.of(WARNING, charge=charge["id"]) if row["actionable"]]:
        close_warning(store, told["id"])


def charge_for(store: Store, payment_intent: str) -> Row:
    """Return the charge behind a payment intent's id, or a charge's own."""
    if payment_intent.startswith("ch_"):
        return store.get("charge", payment_intent)
    if not payment_intent.startswith("pi_"):
        raise no_such("payment_intent", payment_intent)
    return charge_of(store, payment_intent)
