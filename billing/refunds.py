"""Giving money back for credits that were never used, as an owner may ask for.

First the credits go out of reach (our own reversal, frozen), then Stripe is asked under the reversal's id as the
key, then what Stripe reports decides: taken back, or given again. Dying between any two leaves a reversal that
the sweeper finishes.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F
from django.utils import timezone

from accounts import organizations
from accounts.models import Role
from billing import buyers, ledger, rails, reversals
from billing.buyers import Human
from billing.models import CreditLot, PaymentMethod, Receipt, Reversal
from billing.rails.base import RailError
from billing.rails.stripe_checkout import StripeCheckout
from imageskill.core import events, ids
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.events import EventType, System
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.refunds")
WINDOW: Final = timedelta(days=14)
REQUESTED: Final = "requested"


@dataclass(frozen=True, slots=True)
class Offer:
    """What of a receipt can be refunded now, and the money that goes back for it."""

    credits: int
    cents: int
    until: datetime


def offers(receipts: Sequence[Receipt]) -> dict[str, Offer]:
    """Return what can be refunded now, by receipt, in two queries: real money, within the window, unused.

    What a promotion code added goes back with what was paid: the money is the same share of what came.
    """
    since = timezone.now() - WINDOW
    fitting = {
        row.pk: row for row in receipts if row.live_money and row.payment_intent and row.created_at >= since
    }
    if not fitting:
        return {}
    known = Reversal.objects.filter(receipt_id__in=fitting).exclude(effect=Reversal.Effect.NONE)
    for receipt_id in known.values_list("receipt_id", flat=True):
        fitting.pop(str(receipt_id), None)
    lots: dict[str, list[CreditLot]] = {}
    for lot in CreditLot.objects.filter(receipt_id__in=fitting).order_by("pk"):
        lots.setdefault(lot.receipt_id, []).append(lot)
    found = ((fitting[receipt_id], rows) for receipt_id, rows in lots.items())
    return {
        receipt.pk: Offer(unused, _cents(receipt, unused, rows), receipt.created_at + WINDOW)
        for receipt, rows in found
        if (unused := sum(lot.available_credits for lot in rows))
    }


def _cents(receipt: Receipt, unused: int, lots: Iterable[CreditLot]) -> int:
    return unused * receipt.paid_cents // reversals.standing_credits(lots)


def refundable_credits(receipt: Receipt) -> int:
    """Return the unused credits of a receipt that may be refunded now: real money, within the window."""
    offer = offers([receipt]).get(receipt.pk)
    return offer.credits if offer is not None else 0


def refund_unused(
    *, receipt: Receipt, by: Human | System | None = None, expected_credits: int | None = None
) -> Reversal:
    """Give back the money for a receipt's unused credits.

    `by` an owner of its workspace, or staff, who saw `expected_credits`. QUOTE_NOT_PAYABLE: there is nothing to
    refund, or not that many any more. CAPABILITY_DENIED: not by this role.
    """
    reversal = _begin(receipt, by, expected_credits)
    _finish(reversal, asked_before=False)
    reversal.refresh_from_db()
    return reversal


@unit_of_work
def _begin(receipt: Receipt, by: Human | System | None, expected_credits: int | None) -> Reversal:
    owners = {lot.organization_id for lot in ledger.lots_of_receipt(receipt.pk)}
    organizations.lock_lines(receipt.organization_id, *owners)
    if isinstance(by, Human):
        buyers.require(by, (Role.OWNER,))
    offer = offers([receipt]).get(receipt.pk)
    if offer is None:
        raise ApiError(
            ErrorCode.QUOTE_NOT_PAYABLE,
            f"Nothing of this receipt can be refunded: only unused credits can, within {WINDOW.days} days.",
            reason="nothing_to_refund",
        )
    if expected_credits not in (None, offer.credits):
        raise ApiError(
            ErrorCode.QUOTE_NOT_PAYABLE,
            f"{offer.credits} credits of it are unused now, not {expected_credits}: nothing was refunded.",
            reason="amount_changed",
            unused_credits=offer.credits,
        )
    now = timezone.now()
    reversal_id = ids.new_id("reversal")
    reversal = Reversal.objects.create(
        id=reversal_id,
        kind=Reversal.Kind.REFUND,
        provider_id=reversal_id,
        payment_intent=receipt.payment_intent,
        receipt=receipt,
        amount_cents=offer.cents,
        status=REQUESTED,
        effect=Reversal.Effect.FREEZES,
        created_at=now,
        updated_at=now,
    )
    reversals.attach(receipt=receipt)
    if by is not None:
        _record(receipt, by, offer.credits)
    return reversal


def _record(receipt: Receipt, by: Human | System, credits: int) -> None:
    events.record(
        EventType.CREDITS_REFUND_REQUESTED,
        actor=by,
        organization_id=receipt.organization_id,
        agent_id=receipt.agent_id or "",
        subject_id=receipt.credit_event_id,
        operation="credits.refund",
        status="requested",
        summary=f"Refund of {credits} unused credits asked for",
        links={"quote_id": receipt.quote_id, "receipt_id": receipt.pk, "credit_event_id": receipt.credit_event_id},
        credits=credits,
    )


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
