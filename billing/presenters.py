"""JSON shapes of the second floor. No presenter asks the database."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Agent
from accounts.presenters import instant
from billing import pricing
from billing.quota import Quota
from billing.windows import window

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
    }


def spendable_credits(quota: Quota) -> int:
    """Return what the next job may take now: free credits count while a free job of the day is left."""
    free_usable = quota.daily_unlimited or quota.daily_used < quota.daily_limit
    return quota.other_credits + (quota.free_credits if free_usable else 0)


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
        "spend": _spend_json(quota),
        "approval_threshold_credits": None,
        "top_up": _top_up_json(quota),
    }


def _spend_json(quota: Quota) -> dict[str, Any]:
    told: dict[str, Any] = {"per_job": {"cap": None, "used": 0, "held": 0, "remaining": None, "resets_at": None}}
    for name, (used, held) in quota.spent.items():
        ends = None if name == "lifetime" else instant(window(name, quota.at).end)
        told[name] = {"cap": None, "used": used, "held": held, "remaining": None, "resets_at": ends}
    return told


def _top_up_json(quota: Quota) -> dict[str, Any]:
    low = quota.free_credits + quota.other_credits < _LOW_CREDITS
    quote = "image-skill credits quote --pack starter-500 --json"
    return {
        "available": False,
        "recommended": False,
        "recommendation_reason": "This service sells no credits yet." if low else "The credits suffice.",
        "first_command": TOP_UP,
        "quote_command": quote,
        "commands": {"packs": TOP_UP, "quote": quote},
    }
