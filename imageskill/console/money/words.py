"""What became of payments and events, in words."""

from typing import Final

OUTCOMES: Final = {
    "granted": "the credits were added",
    "already_granted": "the credits had been added before; nothing changed",
    "waiting": "the money has not come yet",
    "failed": "the payment failed; no credits",
    "expired": "its time is over and nobody paid; no credits",
    "superseded": "another session of this order took its place",
    "foreign": "it is not a payment of this service",
    "mismatch": "it was paid, but not as ordered; it is flagged, and no credits were added",
    "noted": "a refund, dispute or warning was noted, and its credits follow",
    "other_type": "events of this type change nothing",
    "other_livemode": "it is about the other kind of money",
    "ignored_by_staff": "staff ignored it",
}
"""Outcomes of `fulfilment.fulfil` and of the webhook inbox."""

FLAGS: Final = {
    "second_payment": "paid twice",
    "late_money": "paid after its time was over",
    "agent_revoked": "its agent is revoked",
    "organization_merged": "went to the workspace that claimed its agent",
}


def flag(text: str) -> str:
    """Say why staff should look at an order; empty where nothing is odd."""
    if text.startswith("mismatch:"):
        return f"paid, but not as ordered: {text.removeprefix('mismatch:').replace(',', ', ')}"
    return FLAGS.get(text, text.replace("_", " "))
