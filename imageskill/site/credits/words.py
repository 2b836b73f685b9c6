"""How the credits page calls things: states, kinds, movements. Plain words for what the books name shortly."""

from typing import Final

from billing.ledger.posting import AVAILABLE, DEBT, FROZEN, HELD
from billing.models import CreditLot, EntryKind, LedgerEntry, LotKind

STATES: Final = {
    "created": ("being prepared", ""),
    "action_required": ("not paid yet", "held"),
    "processing": ("being confirmed", "held"),
    "succeeded": ("credited", "ok"),
    "failed": ("not paid: it failed", ""),
    "expired": ("not paid: its time is over", ""),
    "canceled": ("closed unpaid", ""),
    "refunded": ("refunded", ""),
    "partly_refunded": ("partly refunded", ""),
    "disputed": ("disputed", "held"),
}
"""A purchase's state in words, and the look of its badge."""

KINDS: Final = {LotKind.FREE: "Free", LotKind.PROMO: "Granted", LotKind.PAID: "Bought"}

_SOURCES: Final = {
    "free_allowance": "Free allowance",
    "purchase": "Purchase",
    "moved": "Came with an agent that was claimed",
    "restored": "Given again: a refund or dispute did not stand",
    "adjustment": "Added by staff",
}
_BOOKS: Final = {
    AVAILABLE: "available",
    HELD: "on hold",
    FROZEN: "frozen",
    DEBT: "debt",
    "house.allowance": "free allowances",
    "house.promotions": "promotions",
    "house.sales": "sales",
    "house.revenue": "spent",
    "house.reversals": "taken back",
    "house.lapsed": "lapsed",
    "house.adjustments": "adjustments",
    "transfer": "moved",
}
_SENTENCES: Final = {
    EntryKind.GRANT: "Added",
    EntryKind.HOLD: "Held for a job",
    EntryKind.SETTLE: "Spent: pictures delivered",
    EntryKind.RELEASE: "Given back: not delivered, not charged",
    EntryKind.FREEZE: "Frozen while a payment is looked into",
    EntryKind.UNFREEZE: "No longer frozen",
    EntryKind.REVERSE: "Taken back: the money went back",
    EntryKind.RESTORE: "Given again",
    EntryKind.REPAY: "Repaid a debt",
    EntryKind.TRANSFER: "Moved with an agent that was claimed",
    EntryKind.LAPSE: "Lapsed: free credits do not move",
    EntryKind.ADJUST: "Adjusted by staff",
}
_GRANTS: Final = {"free_allowance": "Free allowance opened", "purchase": "Bought"}


def source(lot: CreditLot) -> str:
    """Say where a lot came from."""
    return _SOURCES.get(lot.source, lot.source.replace("_", " "))


def book(name: str) -> str:
    """Say what a book holds."""
    return _BOOKS.get(name, name)


def sentence(entry: LedgerEntry) -> str:
    """Say what an entry did."""
    if entry.kind == EntryKind.GRANT:
        return _GRANTS.get(entry.reason, "Added")
    return _SENTENCES[EntryKind(entry.kind)]
