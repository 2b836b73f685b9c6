"""Checkout sessions: opened by the service, then paid, settled or expired."""

import secrets
from typing import Any, Final
from urllib.parse import urlsplit

from tests.local_stripe import form
from tests.local_stripe.errors import RefusalError, invalid, missing
from tests.local_stripe.form import Params
from tests.local_stripe.store import Row, Store

KIND: Final = "checkout.session"
SMALLEST: Final = 50
LARGEST: Final = 99_999_999
_SHORTEST: Final = 30 * 60
_LONGEST: Final = 24 * 60 * 60
_PARAMS: Final = (
    "adaptive_pricing",
    "allow_promotion_codes",
    "cancel_url",
    "client_reference_id",
    "currency",
    "customer_creation",
    "customer_email",
    "expand",
    "expires_at",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "submit_type",
    "success_url",
    "ui_mode",
)
_INTENT_DATA: Final = ("description", "metadata", "receipt_email", "statement_descriptor_suffix")
_PRODUCT: Final = ("description", "images", "metadata", "name", "tax_code")


def open_session(store: Store, params: Params) -> Row:
    """Check the parameters as Stripe does, and open a session."""
    form.only(params, _PARAMS)
    if params.get("mode") is None:
        raise missing("mode")
    if params["mode"] != "payment":
        raise invalid("mode", "Invalid mode: this server knows payment only")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("ui_mode", "Invalid ui_mode: this server knows hosted_page only")
    intent_data = form.only(form.table(params, "payment_intent_data"), _INTENT_DATA, "payment_intent_data")
    promises = {
        "adaptive_pricing": {
            "enabled": form.boolean(
                form.only(form.table(params, "adaptive_pricing"), ("enabled",), "adaptive_pricing"), "enabled"
            )
        },
        "cancel_url": _url(params, "cancel_url"),
        "client_reference_id": _reference(params),
        "customer_email": form.text(params, "customer_email"),
        "expires_at": _expiry(store, params),
        "locale": form.text(params, "locale"),
        "metadata": form.metadata(params),
        "submit_type": form.text(params, "submit_type"),
        "success_url": _url(params, "success_url"),
        "allow_promotion_codes": form.boolean(params, "allow_promotion_codes"),
    }
    if promises["success_url"] is None:
        raise missing("success_url")
    items = _line_items(params)
    kept_intent = {**intent_data, "metadata": form.metadata(intent_data)}
    return _opened(store, items, kept_intent, promises)


def _opened(store: Store, items: list[Row], intent_data: Row, promises: Row) -> Row:
    total = sum(item["amount_total"] for item in items)
    session_id = f"cs_{'live' if store.livemode else 'test'}_a1{secrets.token_hex(28)}"
    session = store.new(
        KIND,
        "cs",
        id=session_id,
        amount_subtotal=total,
        amount_total=total,
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
        currency=items[0]["currency"],
        customer=None,
        customer_creation="if_required",
        customer_details=None,
        discounts=[],
        invoice=None,
        mode="payment",
        payment_intent=None,
        payment_link=None,
        payment_method_types=["card"],
        payment_status="unpaid",
        presentment_details=None,
        setup_intent=None,
        status="open",
        subscription=None,
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        ui_mode="hosted_page",
        url=f"{store.base_url}/pay/{session_id}",
        **promises,
    )
    store.line_items[session_id] = items
    store.intent_data[session_id] = intent_data
    return session


def _line_items(params: Params) -> list[Row]:
    told = params.get("line_items")
    if not told:
        raise missing("line_items")
    if not isinstance(told, list) or len(told) > 100:
        raise invalid("line_items", "Invalid line_items: up to 100 are taken")
    items = [_line_item(item, f"line_items[{number}]") for number, item in enumerate(told)]
    if len({item["currency"] for item in items}) > 1:
        raise invalid("line_items", "All prices of a session must have one currency")
    total = sum(item["amount_total"] for item in items)
    if total < SMALLEST:
        raise RefusalError(
            "The Checkout Session's total amount must convert to at least 50 cents.", code="amount_too_small"
        )
    if total > LARGEST:
        raise RefusalError("The Checkout Session's total amount is too large.", code="amount_too_large")
    return items


def _line_item(item: Any, where: str) -> Row:
    if not isinstance(item, dict):
        raise invalid(where, "Invalid object")
    form.only(item, ("price_data", "quantity"), where)
    price = form.table(item, "price_data")
    if not price:
        raise missing(f"{where}[price_data]")
    within = f"{where}[price_data]"
    form.only(price, ("currency", "product_data", "tax_behavior", "unit_amount"), within)
    product = form.only(form.table(price, "product_data"), _PRODUCT, f"{within}[product_data]")
    currency, unit = form.text(price, "currency"), form.integer(price, "unit_amount", within)
    quantity = form.integer(item, "quantity", where)
    for needed, value in (("currency", currency), ("unit_amount", unit), ("product_data", product or None)):
        if value is None:
            raise missing(f"{within}[{needed}]")
    if quantity is None:
        raise missing(f"{where}[quantity]")
    name = form.text(product, "name")
    if name is None:
        raise missing(f"{within}[product_data][name]")
    if currency is None or len(currency) != 3 or not currency.isalpha():
        raise invalid(f"{within}[currency]", f"Invalid currency: {currency}")
    if unit is None or unit < 0 or quantity < 1:
        raise invalid(f"{within}[unit_amount]", "This value must be greater than or equal to 0.")
    return {
        "id": f"li_{secrets.token_hex(12)}",
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": unit * quantity,
        "amount_tax": 0,
        "amount_total": unit * quantity,
        "currency": currency.lower(),
        "description": name,
        "price": {"object": "price", "currency": currency.lower(), "unit_amount": unit, "type": "one_time"},
        "quantity": quantity,
    }


def _url(params: Params, name: str) -> str | None:
    told = form.text(params, name)
    if told is None:
        return None
    parts = urlsplit(told)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid(name, "Not a valid URL", "url_invalid")
    return told


def _reference(params: Params) -> str | None:
    told = form.text(params, "client_reference_id")
    if told is not None and len(told) > 200:
        raise invalid("client_reference_id", "Invalid string: at most 200 characters are taken")
    return told


def _expiry(store: Store, params: Params) -> int:
    told = form.integer(params, "expires_at")
    if told is None:
        return store.now + _LONGEST
    if told < store.now + _SHORTEST:
        raise invalid(
            "expires_at",
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
        )
    if told > store.now + _LONGEST:
        raise invalid(
            "expires_at",
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
        )
    return told


def expire(store: Store, session_id: str) -> Row:
    """Close an open session."""
    session = store.get(KIND, session_id, "session")
    if session["status"] != "open":
        raise RefusalError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
    store.set(session, status="expired", url=None)
    store.emit("checkout.session.expired", session)
    return session


def expire_due(store: Store) -> None:
    """Close the open sessions whose time is over."""
    for session in store.of(KIND, status="open"):
        if session["expires_at"] <= store.now:
            expire(store, session["id"])
