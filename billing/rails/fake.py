"""Play money: a session that is paid the moment it is opened. It proves the way of a payment without one."""

from billing.models import PaymentAttempt
from billing.rails.base import Order, RailError, Session

PREFIX = "fake_"


class FakeRail:
    """Reads its sessions back from our own attempts: there is nobody else to ask."""

    live_money = False

    def open_session(self, order: Order) -> Session:
        """Return the order's paid session."""
        return _paid(order.reference, order.amount_cents)

    def session(self, session_id: str) -> Session:
        """Return the session of one of our attempts."""
        attempt = PaymentAttempt.objects.filter(pk=session_id.removeprefix(PREFIX)).first()
        if attempt is None:
            raise RailError("There is no such session.", permanent=True)
        return _paid(attempt.pk, attempt.amount_cents)

    def close_session(self, session_id: str) -> Session:
        """Return the session: it was paid when it was opened, so there is nothing to close."""
        return self.session(session_id)


def _paid(reference: str, amount_cents: int) -> Session:
    return Session(
        session_id=f"{PREFIX}{reference}",
        reference=reference,
        url="",
        status="complete",
        payment_status="paid",
        payment_failed=False,
        mode="payment",
        currency="usd",
        live_money=False,
        subtotal_cents=amount_cents,
        discount_cents=0,
        tax_cents=0,
        total_cents=amount_cents,
        payment_intent="",
        codes_allowed=False,
    )
