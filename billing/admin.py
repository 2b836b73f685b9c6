"""The tables of the second floor in the admin: the books, the caps and the payments, to look at only."""

from typing import Final

from django.db.models import Model

from billing.models import (
    AccountCheckpoint,
    Adjustment,
    AlertDelivery,
    BalanceAlert,
    BooksFinding,
    BooksRun,
    CapsRun,
    CreditAccount,
    CreditLot,
    Decision,
    FreeAllowance,
    Hold,
    LedgerEntry,
    Mandate,
    PaymentAttempt,
    Quote,
    Receipt,
    Reversal,
    SpendBucket,
    StaffAct,
    StripeEvent,
    UsageEvent,
)
from imageskill.core.admin.rows import Rows

_BALANCES: Final = (
    "free_credits",
    "promo_credits",
    "paid_credits",
    "held_credits",
    "frozen_credits",
    "debt_credits",
)


class _Accounts(Rows):
    columns = _BALANCES


class _Checkpoints(Rows):
    columns = ("seq", *_BALANCES, "proven_at")


class _Lots(Rows):
    columns = (
        "organization",
        "kind",
        "source",
        "granted_credits",
        "available_credits",
        "held_credits",
        "created_at",
    )


class _Entries(Rows):
    columns = ("organization", "seq", "kind", "from_book", "to_book", "credits", "hold", "created_at")


class _Holds(Rows):
    columns = ("organization", "agent", "job_id", "state", "credits", "settled_credits", "authorised_at")
    ids_of = {"job": "job_id"}


class _Buckets(Rows):
    columns = ("agent", "organization", "start", "settled_credits", "held_credits")


class _Usages(Rows):
    columns = ("agent", "job_id", "credits", "provider_cost_micros", "created_at")
    ids_of = {"job": "job_id"}


class _Mandates(Rows):
    columns = ("agent", "organization", "version", "cap_per_job", "cap_day", "cap_month", "created_at")
    tells = frozenset({"allowed_models"})


class _Decisions(Rows):
    columns = ("agent", "outcome", "reason", "needed_credits", "hold", "count", "decided_at")
    tells = frozenset({"counters"})


class _Quotes(Rows):
    columns = ("organization", "agent", "credits", "amount_cents", "payment_method", "live_money", "expires_at")


class _Attempts(Rows):
    columns = ("organization", "agent", "state", "credits", "amount_cents", "live_money", "flag", "created_at")
    found_by = ("session_id", "payment_intent")


class _Receipts(Rows):
    columns = ("organization", "agent", "paid_credits", "promo_credits", "paid_cents", "live_money", "created_at")
    found_by = ("session_id", "payment_intent")
    ids_of = {"credit_event": "credit_event_id"}


class _Reversals(Rows):
    columns = ("kind", "receipt", "amount_cents", "status", "effect", "created_at")
    found_by = ("provider_id", "payment_intent")


class _Webhooks(Rows):
    columns = ("event_id", "type", "object_id", "livemode", "state", "outcome", "received_at")
    found_by = ("event_id",)


class _Adjustments(Rows):
    columns = ("organization", "credits", "reason", "ticket", "state", "requested_by", "decided_by", "created_at")


class _StaffActs(Rows):
    columns = ("act", "staff", "subject_id", "reason", "ticket", "created_at")
    found_by = ("subject_id",)


class _Alerts(Rows):
    columns = ("user", "threshold_credits", "enabled", "disabled_reason", "updated_at")


class _Deliveries(Rows):
    columns = ("organization", "kind", "state", "available_credits", "recipient", "created_at")


class _Allowances(Rows):
    columns = ("organization", "agent_id", "granted_credits", "opened_at")


class _BooksRuns(Rows):
    columns = ("full", "unconfirmed", "confirmed", "began_at", "finished_at")


class _Findings(Rows):
    columns = ("what", "row_id", "organization_id", "told", "first_seen_at", "confirmed_at", "cleared_at")
    ids_of = {"org": "organization_id"}


class _CapsRuns(Rows):
    columns = ("decisions", "overspent", "offences", "tightest", "finished_at")
    tells = frozenset({"first_offences"})


TABLES: Final[dict[type[Model], type[Rows]]] = {
    AccountCheckpoint: _Checkpoints,
    Adjustment: _Adjustments,
    AlertDelivery: _Deliveries,
    BalanceAlert: _Alerts,
    BooksFinding: _Findings,
    BooksRun: _BooksRuns,
    CapsRun: _CapsRuns,
    CreditAccount: _Accounts,
    CreditLot: _Lots,
    Decision: _Decisions,
    FreeAllowance: _Allowances,
    Hold: _Holds,
    LedgerEntry: _Entries,
    Mandate: _Mandates,
    PaymentAttempt: _Attempts,
    Quote: _Quotes,
    Receipt: _Receipts,
    Reversal: _Reversals,
    SpendBucket: _Buckets,
    StaffAct: _StaffActs,
    StripeEvent: _Webhooks,
    UsageEvent: _Usages,
}
