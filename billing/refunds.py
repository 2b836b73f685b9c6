"""Giving money back for credits that were never used, as an owner may ask for.

First the credits go out of reach (our own reversal, frozen), then Stripe is asked under the reversal's id as the
key, then what Stripe reports decides: taken back, or given again. Dying between any two leaves a reversal that
the sweeper finishes.
"""

import logging
from datetime import timedelta
from typing import Final

from django.db.models import F
from django.utils import timezone

from accounts import organizations
from billing import ledger, rails, reversals
from billing.models import PaymentMethod, Receipt, Reversal
from billing.rails.base import RailError
from billing.rails.stripe_checkout import StripeCheckout
from imageskill.core import ids
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.refunds")
WINDOW: Final = timedelta(days=14)
REQUESTED: Final = "requested"


def refundable_credits(receipt: Receipt) -> int:
    """Return the unused credits of a receipt that may be refunded now: real money, within the window.

    What a promotion code added goes back with what was paid: the money is the same share of what came.
    """
    if not receipt.live_money or not receipt.payment_intent or receipt.created_at < timezone.now() - WINDOW:
        return 0
    if receipt.reversals.exclude(effect=Reversal.Effect.NONE).exists():
        return 0
    return sum(lot.available_credits for lot in ledger.lots_of_receipt(receipt.pk))


def refund_unused(*, receipt: Receipt) -> Reversal:
    """Give back the money for a receipt's unused credits. QUOTE_NOT_PAYABLE: there is nothing to refund."""
    reversal = _begin(receipt)
    _finish(reversal, asked_before=False)
    reversal.refresh_from_db()
    return reversal


@unit_of_work
def _begin(receipt: Receipt) -> Reversal:
    owners = {lot.organization_id for lot in ledger.lots_of_receipt(receipt.pk)}
    organizations.lock_lines(receipt.organization_id, *owners)
    credits = refundable_credits(receipt)
    if not credits:
        raise ApiError(
            ErrorCode.QUOTE_NOT_PAYABLE,
            f"Nothing of this receipt can be refunded: only unused credits can, within {WINDOW.days} days.",
            reason="nothing_to_refund",
        )
    now = timezone.now()
    reversal_id = ids.new_id("reversal")
    reversal = Reversal.objects.create(
        id=reversal_id,
        kind=Reversal.Kind.REFUND,
        provider_id=reversal_id,
        payment_intent=receipt.payment_intent,
        receipt=receipt,
        amount_cents=credits
        * receipt.paid_cents
        // reversals.standing_credits(ledger.lots_of_receipt(receipt.pk)),
        status=REQUESTED,
        effect=Reversal.Effect.FREEZES,
        created_at=now,
        updated_at=now,
    )
    reversals.attach(receipt=receipt)
    return reversal


def _finish(reversal: Reversal, *, asked_before: bool) -> None:
    stripe = rails.rail(PaymentMethod.STRIPE_CHECKOUT)
    assert isinstance(stripe, StripeCheckout)  # noqa: S101 - tells the type checker which rail this is
    try:
        # An answer that was lost may have been a refund: it is looked for before another is asked for.
        earlier = stripe.refunds_of(reversal.payment_intent) if asked_before else []
        found = [reported for reported in earlier if reported.reversal_id == reversal.pk]
        reported = (
            found[0]
            if found
            else stripe.give_back(
                reversal_id=reversal.pk,
                tries=reversal.tries,
                payment_intent=reversal.payment_intent,
                amount_cents=reversal.amount_cents,
            )
        )
    except RailError as error:
        if error.permanent:
            _refused(reversal)
            return
        logger.warning("refund not asked for yet", exc_info=error)
        if error.key_is_spent:
            _spend_key(reversal)
        return
    reversals.note(reported)


@unit_of_work
def _spend_key(reversal: Reversal) -> None:
    Reversal.objects.filter(pk=reversal.pk).update(tries=F("tries") + 1)


@unit_of_work
def _refused(reversal: Reversal) -> None:
    rows = Reversal.objects.filter(pk=reversal.pk, status=REQUESTED)
    if rows.update(status="failed", effect=Reversal.Effect.NONE, updated_at=timezone.now()) and reversal.receipt:
        reversals.attach(receipt=reversal.receipt)


def finish_begun() -> int:
    """Ask again for refunds whose answer was lost; return how many."""
    if not rails.is_enabled(PaymentMethod.STRIPE_CHECKOUT):
        return 0
    begun = list(
        Reversal.objects.filter(status=REQUESTED, updated_at__lt=timezone.now() - timedelta(minutes=1))[:50]
    )
    for reversal in begun:
        try:
            _finish(reversal, asked_before=True)
        except Exception:  # one bad row must not keep the others waiting
            logger.exception("refund not finished", extra={"fields": {"reversal_id": reversal.pk}})
    return len(begun)
