"""Early warnings of fraud: until the money itself moves, or the warning is closed, the credits are out of reach.

A warning is a reversal of its own kind, keyed by its own id, and freezes what is left of its receipt. It is over
when Stripe says that nothing can be done about it (`actionable` is false), and as soon as a dispute of the same
payment, or refunds of all of it, stand in its place; then they alone decide.
"""

from collections.abc import Sequence
from typing import Final

from billing.models import Receipt, Reversal

_INQUIRY: Final = "warning_"
"""How the states of an inquiry begin: the bank asks, and no money moves yet."""


def standing(receipt: Receipt, known: Sequence[Reversal]) -> list[Reversal]:
    """Return the reversals of a receipt that decide on its credits: without warnings that others have replaced."""
    if not _is_replaced(receipt, known):
        return list(known)
    return [row for row in known if row.kind != Reversal.Kind.WARNING]


def _is_replaced(receipt: Receipt, known: Sequence[Reversal]) -> bool:
    disputed = any(
        row.kind == Reversal.Kind.DISPUTE and row.status and not row.status.startswith(_INQUIRY) for row in known
    )
    refunds = [row for row in known if row.kind == Reversal.Kind.REFUND and row.effect == Reversal.Effect.TAKES]
    return disputed or (bool(refunds) and sum(row.amount_cents for row in refunds) >= receipt.paid_cents)
