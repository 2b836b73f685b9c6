"""Tables of the second floor. Rows of the ledger are written by `billing/ledger/` only."""

from billing.models.account import CreditAccount, CreditLot, LotKind
from billing.models.adjustment import Adjustment, StaffAct
from billing.models.alert import AlertDelivery, BalanceAlert
from billing.models.allowance import FreeAllowance
from billing.models.books_check import AccountCheckpoint, BooksFinding, BooksRun
from billing.models.caps_run import CapsRun
from billing.models.entry import EntryKind, LedgerEntry
from billing.models.hold import Hold, SpendBucket, UsageEvent
from billing.models.mandate import Decision, Mandate
from billing.models.purchase import PaymentAttempt, PaymentMethod, Quote, Receipt
from billing.models.reversal import Reversal
from billing.models.stripe_event import StripeEvent

__all__ = [
    "AccountCheckpoint",
    "Adjustment",
    "AlertDelivery",
    "BalanceAlert",
    "BooksFinding",
    "BooksRun",
    "CapsRun",
    "CreditAccount",
    "CreditLot",
    "Decision",
    "EntryKind",
    "FreeAllowance",
    "Hold",
    "LedgerEntry",
    "LotKind",
    "Mandate",
    "PaymentAttempt",
    "PaymentMethod",
    "Quote",
    "Receipt",
    "Reversal",
    "SpendBucket",
    "StaffAct",
    "StripeEvent",
    "UsageEvent",
]
