"""How a purchase stands: the durable state behind a quote, an attempt, a session or a receipt."""

from dataclasses import dataclass
from typing import Final

from accounts.actor import Actor
from billing import purchases, quotes
from billing.models import PaymentAttempt, Quote, Receipt, Reversal
from imageskill.core.errors import invalid_fields
from imageskill.core.ids import prefix_of

REFERENCES: Final = ("quote_id", "payment_attempt_id", "checkout_session_id", "receipt_id")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a purchase; `reversals` are the refunds and disputes of its receipt."""

    quote: Quote
    attempt: PaymentAttempt | None
    receipt: Receipt | None
    reversals: tuple[Reversal, ...]

    @property
    def state(self) -> str:
        """The state in the words of the contract."""
        if self.receipt is not None:
            return self._of_receipt(self.receipt)
        return str(self.attempt.state) if self.attempt is not None else "created"

    def _of_receipt(self, receipt: Receipt) -> str:
        effective = [row for row in self.reversals if row.effect != Reversal.Effect.NONE]
        if any(row.kind == Reversal.Kind.DISPUTE for row in effective):
            return "disputed"
        returned = sum(row.amount_cents for row in effective if row.kind == Reversal.Kind.REFUND)
        return "refunded" if returned and returned >= receipt.paid_cents else "succeeded"


def find(*, actor: Actor, references: dict[str, str]) -> Standing | None:
    """Return how the purchase behind one reference stands; None: no reference was given.

    INVALID_ARGUMENTS: two or more were. QUOTE_NOT_FOUND: there is no such thing for this caller.
    """
    empty = {name: ["must not be empty"] for name, value in references.items() if not value}
    if empty:
        # An empty shell variable must not look like a purchase that went well.
        raise invalid_fields(empty)
    given = references
    if not given:
        return None
    if len(given) > 1:
        raise invalid_fields(
            {name: ["is one reference too many"] for name in given},
            message=f"Exactly one of {', '.join(REFERENCES)} may be given.",
        )
    name, value = next(iter(given.items()))
    return _FINDERS[name](actor, value)


def _by_quote(actor: Actor, reference: str) -> Standing:
    quote = quotes.visible_to(actor, reference)
    attempts = PaymentAttempt.objects.filter(quote=quote).select_related("quote").order_by("-pk")
    receipt = Receipt.objects.filter(quote=quote).order_by("pk").first()
    paid = next((attempt for attempt in attempts if receipt and attempt.pk == receipt.attempt_id), None)
    return _standing(quote, paid or next(iter(attempts), None), receipt)


def _by_attempt(actor: Actor, reference: str) -> Standing:
    attempt = purchases.visible_to(actor, reference)
    return _standing(attempt.quote, attempt, Receipt.objects.filter(attempt=attempt).first())


def _by_session(actor: Actor, reference: str) -> Standing:
    own = PaymentAttempt.objects.filter(agent_id=actor.actor_id, organization_id__in=actor.organization_ids)
    attempt = own.filter(session_id=reference).first() if reference.isascii() and reference.isprintable() else None
    if attempt is None:
        raise purchases.not_found()
    return _by_attempt(actor, attempt.pk)


def _by_receipt(actor: Actor, reference: str) -> Standing:
    own = Receipt.objects.filter(agent_id=actor.actor_id, organization_id__in=actor.organization_ids)
    receipt = None
    if prefix_of(reference) == "receipt":
        receipt = own.select_related("quote", "attempt__quote").filter(pk=reference).first()
    if receipt is None:
        raise purchases.not_found()
    return _standing(receipt.quote, receipt.attempt, receipt)


def _standing(quote: Quote, attempt: PaymentAttempt | None, receipt: Receipt | None) -> Standing:
    known = Reversal.objects.filter(receipt=receipt).order_by("pk") if receipt is not None else ()
    return Standing(quote, attempt, receipt, tuple(known))


_FINDERS: Final = {
    "quote_id": _by_quote,
    "payment_attempt_id": _by_attempt,
    "checkout_session_id": _by_session,
    "receipt_id": _by_receipt,
}
