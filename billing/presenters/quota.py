"""JSON shapes of credits and limits. No presenter asks the database."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Agent
from billing import packs, pricing, rails
from billing.mandates import WINDOWS, Counter
from billing.models import Mandate, PaymentMethod
from billing.quota import Quota
from imageskill.core.instants import instant

TOP_UP = "image-skill credits packs list --json"
_LOW_CREDITS = 5


def limits_json(quota: Quota) -> dict[str, Any]:
    """Return the credits of a caller; `remaining_*` exclude what is held."""
    return {
        "remaining_credits": quota.free_credits,
        "payment_backed_remaining_credits": quota.other_credits,
        "held_credits": quota.held_credits,
        "spendable_credits": spendable_credits(quota),
        "credit_unit_usd": float(pricing.CREDIT_UNIT_USD),
        **({"debt_credits": quota.debt_credits} if quota.debt_credits else {}),
    }


def spendable_credits(quota: Quota) -> int:
    """Return what the next job may take now: free credits count while a free job of the day is left.

    Nothing before a debt is repaid, and never more than the owner's caps leave.
    """
    if quota.debt_credits:
        return 0
    free_usable = quota.daily_unlimited or quota.daily_used < quota.daily_limit
    balance = quota.other_credits + (quota.free_credits if free_usable else 0)
    left = [counter.remaining for counter in quota.spend if counter.remaining is not None]
    return min([balance, *left])


def quota_json(agent: Agent, quota: Quota, models: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of `GET /v1/quota`."""
    return {
        "authenticated": True,
        "claim_state": agent.claim_state,
        "token_status": "active",
        "limits": limits_json(quota),
        "daily_jobs": {
            "limit": quota.daily_limit,
            "used": quota.daily_used,
            "remaining": max(0, quota.daily_limit - quota.daily_used),
            "resets_at": instant(quota.day.end),
        },
        "models": dict(models),
        "spend": {counter.window: _counter_json(counter) for counter in quota.spend},
        "approval_threshold_credits": quota.approval_threshold,
        "top_up": _top_up_json(quota),
    }


def _counter_json(counter: Counter) -> dict[str, Any]:
    return {
        "cap": counter.cap,
        "used": counter.used,
        "held": counter.held,
        "remaining": counter.remaining,
        "resets_at": instant(counter.resets_at),
    }


def mandate_json(mandate: Mandate | None, *, paused: bool) -> dict[str, Any]:
    """Return what the owner allows, as whoami tells it."""
    if mandate is None:
        return {"caps": {}, "approval_threshold_credits": None, "paused": paused}
    caps = {name: getattr(mandate, "cap_per_job" if name == "per_job" else f"cap_{name}") for name in WINDOWS}
    return {
        "version": mandate.version,
        "caps": {name: cap for name, cap in caps.items() if cap is not None},
        "time_zone": mandate.time_zone,
        "approval_threshold_credits": mandate.approval_threshold,
        "allowed_models": "all" if mandate.allowed_models is None else mandate.allowed_models,
        "ends_at": instant(mandate.ends_at),
        "paused": paused,
    }


def _top_up_json(quota: Quota) -> dict[str, Any]:
    low = quota.free_credits + quota.other_credits < _LOW_CREDITS or quota.debt_credits > 0
    open_methods = [method for method in PaymentMethod.values if rails.is_enabled(method)]
    named = f" --payment-method {open_methods[-1]}" if open_methods else ""
    quote = f"image-skill credits quote --pack {packs.DEFAULT_PACK.pack_id}{named} --json"
    reason = "Few credits are left." if low else "The credits suffice."
    return {
        "available": bool(open_methods),
        "recommended": low and bool(open_methods),
        "recommendation_reason": reason if open_methods else "This service sells no credits.",
        "first_command": TOP_UP,
        "quote_command": quote,
        "commands": {"packs": TOP_UP, "quote": quote},
    }
