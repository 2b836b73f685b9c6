"""Refunds and disputes: what each one does now, and what all of a receipt's together do to its credits.

A reversal is the provider's own state of a refund or a dispute, re-read and stored. What follows for the credits
is computed from the stored states as a target, and the ledger is moved to it: so no order of events matters,
a repeat changes nothing, and a refund and a dispute of the same money take its credits once.
"""

import logging
from collections.abc import Iterable
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import organizations
from billing import fraud_warnings, ledger
from billing.models import CreditLot, Receipt, Reversal
from billing.rails.base import Reported
from imageskill.core import events
from imageskill.core.events import EventType, System
from imageskill.core.units import StaleReadError, unit_of_work

logger = logging.getLogger("imageskill.reversals")
REVERSALS: Final = System("reversals")
_BATCH: Final = 200
_turn = [""]

_TAKES, _FREEZES, _NONE = Reversal.Effect.TAKES, Reversal.Effect.FREEZES, Reversal.Effect.NONE
EFFECTS: Final = {
    Reversal.Kind.REFUND: {
        "pending": _TAKES,
        "requires_action": _TAKES,
        "succeeded": _TAKES,
        "failed": _NONE,
        "canceled": _NONE,
    },
    Reversal.Kind.DISPUTE: {
        "needs_response": _FREEZES,
        "under_review": _FREEZES,
        "appeal_needs_response": _TAKES,
        "appeal_under_review": _TAKES,
        "lost": _TAKES,
        "appeal_lost": _TAKES,
        "won": _NONE,
        "appeal_won": _NONE,
        "prevented": _NONE,
        "warning_needs_response": _NONE,
        "warning_under_review": _NONE,
        "warning_closed": _NONE,
    },
    Reversal.Kind.WARNING: {
        "actionable": _FREEZES,
        "closed": _NONE,
    },
}
"""Stripe's words for the state of a refund, a dispute and a warning of fraud, and what each does to credits."""


@unit_of_work
def note(reported: Reported) -> bool:
    """Store how a refund or dispute stands, and move the credits of its receipt accordingly.

    Without a receipt yet it waits: `attach` applies it when the credits are granted. False: a later reading is
    stored already, so this one says nothing; read again.
    """
    now = timezone.now()
    known = _known(reported)
    if known is None:
        try:
            # A savepoint: of two first reports at once the unique id lets one through, and the other reads again.
            with transaction.atomic():
                known = Reversal.objects.create(
                    kind=reported.kind,
                    provider_id=reported.provider_id,
                    payment_intent=reported.payment_intent,
                    amount_cents=reported.amount_cents,
                    created_at=now,
                    updated_at=now,
                )
        except IntegrityError:
            return False
    elif known.updated_at > reported.read_at:
        return False
    known.provider_id = reported.provider_id
    known.amount_cents = reported.amount_cents
    known.status = reported.status[:32]
    known.effect = effect_of(reported)
    known.reason = reported.reason[:64]
    known.updated_at = now
    known.save()
    receipt = _receipt_of(known)
    if receipt is not None:
        attach(receipt=receipt)
    return True


def _known(reported: Reported) -> Reversal | None:
    """Return the stored row, locked: by the provider's id, else by our own where we asked for the refund."""
    rows = Reversal.objects.select_for_update()
    return (
        rows.filter(provider_id=reported.provider_id).first()
        or rows.filter(pk=reported.reversal_id, kind=reported.kind).first()
    )


def effect_of(reported: Reported) -> Reversal.Effect:
    """Return what a state does to the credits; a state that nobody knew yet is taken for the worse."""
    effect = EFFECTS[Reversal.Kind(reported.kind)].get(reported.status)
    if effect is None:
        logger.error("unknown state of a reversal", extra={"fields": {"status": reported.status[:32]}})
        return _TAKES if reported.kind == Reversal.Kind.REFUND else _FREEZES
    return effect


def _receipt_of(reversal: Reversal) -> Receipt | None:
    if reversal.receipt is not None:
        return reversal.receipt
    if not reversal.payment_intent:
        return None
    return Receipt.objects.filter(payment_intent=reversal.payment_intent).first()


@unit_of_work
def attach(*, receipt: Receipt) -> None:
    """Bring a receipt's credits to what its reversals ask for, in whichever organizations they are."""
    if receipt.payment_intent:
        Reversal.objects.filter(payment_intent=receipt.payment_intent, receipt=None).update(receipt=receipt)
    owners = {lot.organization_id for lot in ledger.lots_of_receipt(receipt.pk)}
    locked = {row.pk for row in organizations.lock_lines(receipt.organization_id, *owners)}
    known = fraud_warnings.standing(receipt, list(Reversal.objects.filter(receipt=receipt).order_by("pk")))
    if not known:
        return
    lots = ledger.lots_of_receipt(receipt.pk)
    if not {lot.organization_id for lot in lots} <= locked:
        raise StaleReadError
    # What lapsed at a claim is gone already: it can neither be taken back nor owed.
    standing = standing_credits(lots)
    taken_target = _share(receipt, standing, sum(row.amount_cents for row in known if row.effect == _TAKES))
    at_stake = _share(receipt, standing, sum(row.amount_cents for row in known if row.effect != _NONE))
    reference = known[-1].provider_id
    taken = sum(lot.reversed_credits + lot.indebted_credits for lot in lots)
    if taken_target > taken:
        _take(lots, taken_target - taken, reference)
    elif taken_target < taken:
        _give_again(lots, taken - taken_target, reference)
    before = _frozen(receipt)
    _freeze_to(ledger.lots_of_receipt(receipt.pk), at_stake - taken_target, reference)
    after = _frozen(receipt)
    if taken_target != taken:
        _record(receipt, _cause(known), taken_target - taken)
    elif (before == 0) != (after == 0):
        # The first that is put out of reach, and the last that is given back: what lies between is one dispute.
        _record(receipt, _cause(known), after - before)


def attach_waiting() -> int:
    """Bring receipts in order whose reversals came at the same moment, or freeze what came back meanwhile."""
    intents = Reversal.objects.filter(receipt=None).exclude(payment_intent="").values("payment_intent")
    unattached = Receipt.objects.filter(payment_intent__in=intents).order_by("pk")
    # Apart from those, which a long row of open disputes must not keep waiting.
    receipts = [*unattached[:_BATCH], *_next_to_freeze()]
    for receipt in receipts:
        try:
            attach(receipt=receipt)
        except Exception:  # one bad row must not keep the others waiting
            logger.exception("reversals not applied", extra={"fields": {"receipt_id": receipt.pk}})
    return len(receipts)


def _next_to_freeze() -> list[Receipt]:
    """Return the next receipts with something at stake, from where this process stopped: each has its turn."""
    rows = Receipt.objects.filter(pk__in=_with_more_to_freeze()).order_by("pk")
    found = list(rows.filter(pk__gt=_turn[0])[:_BATCH]) or list(rows[:_BATCH])
    _turn[0] = found[-1].pk if found else ""
    return found


def _with_more_to_freeze() -> Any:  # noqa: ANN401 - a query of ids
    """Return the receipts with something at stake of which credits are available, as after a hold came back."""
    at_stake = Reversal.objects.filter(effect=_FREEZES, receipt__isnull=False).values("receipt_id")
    return CreditLot.objects.filter(receipt_id__in=at_stake, available_credits__gt=0).values("receipt_id")


def standing_credits(lots: Iterable[CreditLot]) -> int:
    """Return the credits for which a receipt's money stands: what it granted, without what lapsed at a claim."""
    return sum(lot.granted_credits - lot.lapsed_credits for lot in lots if lot.source == "purchase")


def _share(receipt: Receipt, standing: int, cents: int) -> int:
    """Return the credits that stand for so many cents of a receipt, rounded up, and never more than there are."""
    if cents <= 0:
        return 0
    if receipt.paid_cents <= 0:
        return standing
    return min(standing, -(-standing * cents // receipt.paid_cents))


def _take(lots: list[CreditLot], credits: int, reference: str) -> None:
    """Take credits back: first what is still there, wherever it went, then as a debt of who spent them."""
    left = credits
    for move in (ledger.reverse, ledger.indebt):
        for own in _by_organization(lots):
            left -= move(lots=own, credits=left, reason="payment_reversed", reference=reference, actor=REVERSALS)


def _give_again(lots: list[CreditLot], credits: int, reference: str) -> None:
    left = credits
    for own in _by_organization(lots):
        left -= ledger.restore(
            lots=own, credits=left, reason="reversal_undone", reference=reference, actor=REVERSALS
        )


def _freeze_to(lots: list[CreditLot], target: int, reference: str) -> None:
    """Have as much frozen as is at stake, as far as it is there; give back what is not at stake any more."""
    frozen = sum(lot.frozen_credits for lot in lots)
    left = abs(target - frozen)
    for own in _by_organization(lots):
        if target > frozen:
            left -= ledger.freeze(lots=own, credits=left, reference=reference, actor=REVERSALS)
        elif target < frozen:
            here = min(left, sum(lot.frozen_credits for lot in own))
            ledger.unfreeze(lots=own, credits=here, reference=reference, actor=REVERSALS)
            left -= here


def _by_organization(lots: list[CreditLot]) -> list[list[CreditLot]]:
    grouped: dict[str, list[CreditLot]] = {}
    for lot in lots:
        grouped.setdefault(lot.organization_id, []).append(lot)
    return list(grouped.values())


def _frozen(receipt: Receipt) -> int:
    return sum(lot.frozen_credits for lot in ledger.lots_of_receipt(receipt.pk))


def _cause(known: list[Reversal]) -> Reversal:
    """Return the reversal that was read last: what happens to the credits now follows from it."""
    return max(known, key=lambda row: (row.updated_at, row.pk))


def _record(receipt: Receipt, last: Reversal, taken: int) -> None:
    if taken < 0:
        event_type, status, summary = EventType.CREDITS_REINSTATED, "reinstated", "credits given again"
    elif last.kind != Reversal.Kind.REFUND:
        event_type, status, summary = EventType.CREDITS_DISPUTED, "disputed", "credits out of reach by a dispute"
    else:
        event_type, status, summary = EventType.CREDITS_REFUNDED, "refunded", "credits taken after a refund"
    events.record(
        event_type,
        actor=REVERSALS,
        organization_id=receipt.organization_id,
        agent_id=receipt.agent_id or "",
        subject_id=receipt.credit_event_id,
        operation="credits.reverse",
        status=status,
        summary=f"{abs(taken)} {summary}",
        links={
            "quote_id": receipt.quote_id,
            "receipt_id": receipt.pk,
            "credit_event_id": receipt.credit_event_id,
        },
        credits=abs(taken),
    )
