"""What a payment rail does: opens a session for an attempt, and says how a session stands."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Order:
    """What a session is opened for; `reference` is our attempt's id. An agent or a user asked for it.

    The provider's idempotency key is made of it and of `tries`: faults that it would repeat under the same key.
    """

    reference: str
    tries: int
    quote_id: str
    organization_id: str
    agent_id: str
    user_id: str
    credits: int
    amount_cents: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A payment session as the provider tells it now; amounts are in cents.

    `status` is open, complete or expired; `payment_status` is paid, unpaid or no_payment_required, and
    `payment_failed` says that an unpaid one will not be paid any more. `reference` is our attempt's id as the
    provider kept it, empty where the session is not ours. `codes_allowed`: it was opened for promotion codes.
    `receipt_url` is the provider's own receipt, once there is one. `payer_email` is where the payer has it sent;
    empty where nobody was asked. It is kept as a digest alone, and shows in no log.
    """

    session_id: str
    reference: str
    url: str
    status: str
    payment_status: str
    payment_failed: bool
    mode: str
    currency: str
    live_money: bool
    subtotal_cents: int
    discount_cents: int
    tax_cents: int
    total_cents: int
    payment_intent: str
    codes_allowed: bool
    receipt_url: str = ""
    payer_email: str = field(default="", repr=False)

    @property
    def paid_cents(self) -> int:
        """The money that came for credits: without tax, after discounts."""
        return self.subtotal_cents - self.discount_cents


@dataclass(frozen=True, slots=True)
class Reported:
    """A refund, a dispute or a warning of fraud as the provider tells it; `read_at` is when the asking began.

    `reversal_id` is our own id where we asked for the refund.
    """

    kind: str
    provider_id: str
    payment_intent: str
    amount_cents: int
    status: str
    reason: str
    reversal_id: str
    read_at: datetime


class RailError(Exception):
    """The payment provider failed; the message is safe to show.

    `permanent`: repeating cannot help. `key_is_spent`: repeating under the same key would bring the same fault.
    """

    def __init__(self, message: str, *, permanent: bool = False, key_is_spent: bool = False) -> None:
        """Say what happened."""
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.key_is_spent = key_is_spent


class Rail(Protocol):
    """One way to pay."""

    @property
    def live_money(self) -> bool:
        """Whether real money moves."""
        ...

    def open_session(self, order: Order) -> Session:
        """Open a session, or return the one that was opened for the same reference. RailError: it failed."""
        ...

    def session(self, session_id: str) -> Session:
        """Return a session as it stands at the provider. RailError: it cannot be read."""
        ...

    def close_session(self, session_id: str) -> Session:
        """Have nobody pay an open session any more; return it as it stands. RailError: it may still be open."""
        ...
