"""Tables of the second floor. Rows of the ledger are written by `billing/ledger/` only."""

from billing.models.account import CreditAccount, CreditLot, LotKind
from billing.models.allowance import FreeAllowance
from billing.models.entry import EntryKind, LedgerEntry
from billing.models.hold import Hold, SpendBucket, UsageEvent

__all__ = [
    "CreditAccount",
    "CreditLot",
    "EntryKind",
    "FreeAllowance",
    "Hold",
    "LedgerEntry",
    "LotKind",
    "SpendBucket",
    "UsageEvent",
]
