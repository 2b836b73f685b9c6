"""JSON shapes of buying credits. No presenter asks the database."""

from typing import Any, Final

from django.conf import settings

from billing import packs, pricing, purchase_limits, quotes, rails
from billing.models import PaymentAttempt, PaymentMethod, Quote, Receipt, Reversal
from billing.packs import Pack
from billing.presenters.quota import limits_json
from billing.purchase_status import Standing
from billing.quota import Quota
from imageskill.core.instants import instant

CONTRACT: Final = "image-skill.payment-methods.v1"
_ATTEMPT_STATUS: Final = {
    PaymentAttempt.State.CREATED: "created",
    PaymentAttempt.State.ACTION_REQUIRED: "requires_action",
    PaymentAttempt.State.PROCESSING: "processing",
    PaymentAttempt.State.SUCCEEDED: "succeeded",
    PaymentAttempt.State.FAILED: "failed",
    PaymentAttempt.State.EXPIRED: "expired",
}
_AFTER_PAYMENT: Final = (
    "poll image-skill credits status --payment-attempt-id {attempt} --json or image-skill usage quota --json; "
    "credits are granted only after verified webhook fulfillment"
)
_RETRY_SECONDS: Final = 10


def pack_json(pack: Pack) -> dict[str, Any]:
    """Return a pack."""
    return {
        "pack_id": pack.pack_id,
        "name": pack.name,
        "display_name": f"{pack.name} ({pack.credits} credits)",
        "credits": pack.credits,
        "amount_cents": pack.amount_cents,
        "amount_usd": f"{pack.amount_cents / 100:.2f}",
        "currency": packs.CURRENCY,
    }


def packs_json() -> dict[str, Any]:
    """Return the data of `GET /v1/credit-packs`."""
    return {
        "credit_unit_cents": 1,
        "credit_unit_usd": float(pricing.CREDIT_UNIT_USD),
        "currency": packs.CURRENCY,
        "default_pack_id": packs.DEFAULT_PACK.pack_id,
        "packs": [pack_json(pack) for pack in packs.PACKS],
        "custom_quotes": {
            "supported": True,
            "min_credits": packs.MIN_CUSTOM_CREDITS,
            "max_credits": packs.MAX_CUSTOM_CREDITS,
        },
    }


def methods_json() -> dict[str, Any]:
    """Return the data of `GET /v1/payment-methods`."""
    return {
        "contract_version": CONTRACT,
        "credit_unit_cents": 1,
        "currency": packs.CURRENCY,
        "quote_endpoint": f"{settings.BASE_URL}/v1/credit-quotes",
        "packs_endpoint": f"{settings.BASE_URL}/v1/credit-packs",
        "status_endpoint": f"{settings.BASE_URL}/v1/credit-purchases/status",
        "methods": [_method_json(method) for method in (PaymentMethod.STRIPE_CHECKOUT, PaymentMethod.FAKE)],
    }


def _method_json(method: PaymentMethod) -> dict[str, Any]:
    fake = method == PaymentMethod.FAKE
    enabled = rails.is_enabled(method)
    buy = "fake-purchase" if fake else "buy --provider stripe"
    path = "credit-purchases" if fake else "credit-purchases/stripe-checkout-sessions"
    return {
        "method_id": method.value,
        "status": "available" if enabled else "unavailable",
        "available": enabled,
        "quoteable": enabled,
        "purchasable": enabled,
        "live_money": enabled and rails.rail(method).live_money,
        "buyer_modes": ["agent"] if fake else ["human_browser"],
        "requires_browser": not fake,
        "agent_initiated": True,
        "agent_settleable": fake,
        "settlement_blocker": None if fake else "a_human_pays_on_the_hosted_page",
        "default_pack_id": packs.DEFAULT_PACK.pack_id,
        "purchase_endpoint": f"{settings.BASE_URL}/v1/{path}",
        "limits": {
            "min_amount_cents": rails.least_cents(method),
            "max_amount_cents": packs.price_cents(packs.MAX_CUSTOM_CREDITS),
            "unclaimed_credits_a_day": purchase_limits.UNCLAIMED_CREDITS_A_DAY,
            "unclaimed_credits_in_all": purchase_limits.UNCLAIMED_CREDITS_IN_ALL,
        },
        "unavailable_reason": None if enabled else "not_configured",
        "recovery": {
            "quote_command": f"image-skill credits quote --pack {packs.DEFAULT_PACK.pack_id}"
            f" --payment-method {method.value} --json",
            "purchase_command": f"image-skill credits {buy} --quote-id QUOTE_ID --idempotency-key KEY --json",
            "status_command": "image-skill credits status --quote-id QUOTE_ID --json",
        },
    }


def quote_json(quote: Quote) -> dict[str, Any]:
    """Return the data of `POST /v1/credit-quotes`."""
    pack = packs.find(quote.pack_id)
    return {
        "quote_id": quote.pk,
        "state": "created",
        "credits": quote.credits,
        "price_amount_cents": quote.amount_cents,
        "currency": packs.CURRENCY,
        "expires_at": instant(quote.expires_at),
        "accepted_payment_method": quote.payment_method,
        "idempotency_key": quote.idempotency_key,
        "pack_id": quote.pack_id or None,
        "pack": pack_json(pack) if pack else None,
        "live_money": quote.live_money,
        "next_actions": {
            "recommended_buy": {
                "command": quotes.buy_command(quote),
                "purchase_idempotency_key": quotes.purchase_key(quote),
                "status_command": quotes.status_command(quote),
            }
        },
    }


def debt_json(quote: Quote, quota: Quota) -> dict[str, Any]:
    """Return what an organization owes, and what it would have after this purchase; nothing without a debt."""
    if not quota.debt_credits:
        return {}
    left = quota.free_credits + quota.other_credits + max(0, quote.credits - quota.debt_credits)
    return {"debt_credits": quota.debt_credits, "credits_after": left}


def handoff_url(attempt: PaymentAttempt) -> str:
    """Return our own short address of a hosted payment page."""
    return f"{settings.BASE_URL}/pay/{attempt.pk}"


def next_json(attempt: PaymentAttempt) -> dict[str, Any]:
    """Return what is to be done now for an attempt."""
    if attempt.state == PaymentAttempt.State.ACTION_REQUIRED:
        return {
            "retry_after_seconds": _RETRY_SECONDS,
            "human_action": "open_checkout_url",
            "checkout_handoff_url": handoff_url(attempt),
            "after_payment": _AFTER_PAYMENT.format(attempt=attempt.pk),
        }
    if attempt.state in (PaymentAttempt.State.CREATED, PaymentAttempt.State.PROCESSING):
        return {"retry_after_seconds": _RETRY_SECONDS, "human_action": None}
    if attempt.state == PaymentAttempt.State.SUCCEEDED:
        return {"human_action": None, "command": "image-skill usage quota --json"}
    return {
        "human_action": None,
        "command": quotes.terms_of_quote(attempt.quote).command(),
    }


def checkout_json(attempt: PaymentAttempt) -> dict[str, Any]:
    """Return the data of `POST /v1/credit-purchases/stripe-checkout-sessions`."""
    return {
        "state": attempt.state,
        "quote_id": attempt.quote_id,
        "payment_attempt_id": attempt.pk,
        "provider": "stripe",
        "accepted_payment_method": attempt.quote.payment_method,
        "checkout_session_id": attempt.session_id,
        "checkout_url": attempt.checkout_url or None,
        "checkout_handoff_url": handoff_url(attempt),
        "credits": attempt.credits,
        "amount_cents": attempt.amount_cents,
        "currency": packs.CURRENCY,
        "live_money": attempt.live_money,
        "expires_at": instant(attempt.expires_at),
        "idempotency_key": attempt.idempotency_key,
        "next": next_json(attempt),
    }


def purchase_json(receipt: Receipt, quota: Quota, *, replayed: bool) -> dict[str, Any]:
    """Return the data of `POST /v1/credit-purchases`; a replay tells the first receipt and grants nothing."""
    return {
        "state": "succeeded",
        "quote_id": receipt.quote_id,
        "receipt_id": receipt.pk,
        "credit_event_id": receipt.credit_event_id,
        "credits_granted": 0 if replayed else receipt.granted_credits,
        "amount_cents": receipt.paid_cents,
        "currency": packs.CURRENCY,
        "accepted_payment_method": receipt.payment_method,
        "idempotency_key": receipt.idempotency_key,
        "balance_after": receipt.balance_after,
        "live_money": receipt.live_money,
        "replayed": replayed,
        "limits": limits_json(quota),
    }


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt."""
    return {
        "receipt_id": receipt.pk,
        "quote_id": receipt.quote_id,
        "payment_attempt_id": receipt.attempt_id,
        "credits": receipt.granted_credits,
        "paid_credits": receipt.paid_credits,
        "promo_credits": receipt.promo_credits,
        "amount_cents": receipt.paid_cents,
        "currency": packs.CURRENCY,
        "accepted_payment_method": receipt.payment_method,
        "live_money": receipt.live_money,
        "created_at": instant(receipt.created_at),
    }


def credit_event_json(receipt: Receipt) -> dict[str, Any]:
    """Return the grant behind a receipt."""
    return {
        "credit_event_id": receipt.credit_event_id,
        "type": "credits.payment_backed_granted",
        "credits": receipt.granted_credits,
        "balance_after": receipt.balance_after,
        "occurred_at": instant(receipt.created_at),
    }


def attempt_json(attempt: PaymentAttempt) -> dict[str, Any]:
    """Return an attempt as the status tells it; a page that cannot be paid any more has no address."""
    open_page = attempt.state == PaymentAttempt.State.ACTION_REQUIRED and attempt.checkout_url
    return {
        "payment_attempt_id": attempt.pk,
        "checkout_session_id": attempt.session_id,
        "checkout_url": attempt.checkout_url if open_page else None,
        "checkout_handoff_url": handoff_url(attempt) if open_page else None,
        "attempt_status": _ATTEMPT_STATUS[PaymentAttempt.State(attempt.state)],
        "credits": attempt.credits,
        "amount_cents": attempt.amount_cents,
        "created_at": instant(attempt.created_at),
        "expires_at": instant(attempt.expires_at),
    }


def status_json(standing: Standing, quota: Quota) -> dict[str, Any]:
    """Return the data of `GET /v1/credit-purchases/status` for a reference."""
    attempt, receipt = standing.attempt, standing.receipt
    paid = receipt is not None
    return {
        "state": standing.state,
        "quote": quote_json(standing.quote) | ({"state": "paid", "next_actions": {}} if paid else {}),
        "payment_attempt": attempt_json(attempt) if attempt else None,
        "receipt": receipt_json(receipt) if receipt else None,
        "credit_event": credit_event_json(receipt) if receipt else None,
        "provider_event": _provider_event_json(attempt),
        "reversals": [_reversal_json(reversal) for reversal in standing.reversals],
        "limits": limits_json(quota),
        "next": next_json(attempt) if attempt else _next_of_quote(standing.quote, paid=paid),
    }


def balance_json(quota: Quota) -> dict[str, Any]:
    """Return the data of `GET /v1/credit-purchases/status` without a reference: the balance."""
    return {
        "state": "balance",
        "quote": None,
        "payment_attempt": None,
        "receipt": None,
        "credit_event": None,
        "provider_event": None,
        "reversals": [],
        "limits": limits_json(quota),
        "next": None,
    }


def _next_of_quote(quote: Quote, *, paid: bool) -> dict[str, Any]:
    if paid:
        return {"human_action": None, "command": "image-skill usage quota --json"}
    return {"human_action": None, "command": quotes.buy_command(quote)}


def _provider_event_json(attempt: PaymentAttempt | None) -> dict[str, Any] | None:
    """Return when the provider was last asked how the session stands."""
    if attempt is None or attempt.checked_at is None:
        return None
    return {"checkout_session_id": attempt.session_id, "observed_at": instant(attempt.checked_at)}


def _reversal_json(reversal: Reversal) -> dict[str, Any]:
    return {
        "reversal_id": reversal.pk,
        "kind": reversal.kind,
        "status": reversal.status,
        "effect": reversal.effect,
        "amount_cents": reversal.amount_cents,
        "updated_at": instant(reversal.updated_at),
    }
