"""Money that goes back: its credits are frozen, taken back, or given again.

Every function works on one organization's lots of one receipt, under that organization's lock.
"""

from collections.abc import Iterable, Sequence

from django.utils import timezone

from billing.ledger.posting import AVAILABLE, DEBT, FROZEN, HOUSE_REVERSALS, Sheet, account_of
from billing.models import CreditLot, EntryKind, LotKind
from imageskill.core.events import ActingFor


def lots_of_receipt(receipt_id: str) -> list[CreditLot]:
    """Return the lots that a receipt granted, the oldest first, in whichever organization they are."""
    return list(CreditLot.objects.filter(receipt_id=receipt_id).order_by("pk"))


def outstanding(lot: CreditLot) -> int:
    """Return what of a lot was spent or is held, and has not become debt yet."""
    own = lot.available_credits + lot.frozen_credits + lot.reversed_credits + lot.moved_credits
    return max(0, lot.granted_credits - own - lot.lapsed_credits - lot.indebted_credits)


def freeze(*, lots: Sequence[CreditLot], credits: int, reference: str, actor: ActingFor) -> int:
    """Put up to `credits` of what is available out of reach; return how many."""
    sheet = _sheet(lots, actor, "payment_disputed", reference)
    left = credits
    for lot in lots:
        taken = min(left, lot.available_credits)
        sheet.move(EntryKind.FREEZE, AVAILABLE, FROZEN, taken, lot)
        left -= taken
    sheet.post()
    return credits - left


def unfreeze(*, lots: Sequence[CreditLot], credits: int, reference: str, actor: ActingFor) -> None:
    """Bring up to `credits` of what is frozen back; debts are repaid from it first."""
    sheet = _sheet(lots, actor, "dispute_ended", reference)
    left = credits
    for lot in lots:
        taken = min(left, lot.frozen_credits)
        sheet.move(EntryKind.UNFREEZE, FROZEN, AVAILABLE, taken, lot)
        left -= taken
    sheet.post()


def reverse(*, lots: Sequence[CreditLot], credits: int, reason: str, reference: str, actor: ActingFor) -> int:
    """Take up to `credits` back of what is there, frozen or available, and return how many."""
    sheet = _sheet(lots, actor, reason, reference)
    left = credits
    for lot in lots:
        for book, column in ((FROZEN, "frozen_credits"), (AVAILABLE, "available_credits")):
            taken = min(left, getattr(lot, column))
            sheet.move(EntryKind.REVERSE, book, HOUSE_REVERSALS, taken, lot)
            lot.reversed_credits += taken
            left -= taken
    sheet.post()
    return credits - left


def indebt(*, lots: Sequence[CreditLot], credits: int, reason: str, reference: str, actor: ActingFor) -> int:
    """Turn up to `credits` of what was spent or is held into debt, and return how many.

    It is repaid at once as far as other bought credits are there.
    """
    sheet = _sheet(lots, actor, reason, reference)
    left = credits
    for lot in lots:
        owed = min(left, outstanding(lot))
        sheet.move(EntryKind.REVERSE, DEBT, HOUSE_REVERSALS, owed, lot)
        lot.indebted_credits += owed
        left -= owed
    _repay_from_others(sheet, lots)
    sheet.post()
    return credits - left


def restore(*, lots: Sequence[CreditLot], credits: int, reason: str, reference: str, actor: ActingFor) -> int:
    """Give up to `credits` again after a reversal did not stand, and return how many.

    A debt that still stands is lowered first, then each lot gets back what was taken from it. What is left had
    become a debt that was repaid meanwhile: it comes back as a lot of its own.
    """
    sheet = _sheet(lots, actor, reason, reference)
    left = credits
    for lot in lots:
        left -= _forgive(sheet, lot, min(left, sheet.account.debt_credits))
    for lot in lots:
        given = min(left, lot.reversed_credits)
        lot.reversed_credits -= given
        sheet.move(EntryKind.RESTORE, HOUSE_REVERSALS, AVAILABLE, given, lot)
        left -= given
    for lot in lots:
        left -= _forgive(sheet, lot, left)
        owed_by_house = max(0, -sheet.account.debt_credits)
        if owed_by_house:
            sheet.move(EntryKind.GRANT, DEBT, AVAILABLE, owed_by_house, _lot_again(lot, owed_by_house))
    sheet.post()
    return credits - left


def _forgive(sheet: Sheet, lot: CreditLot, most: int) -> int:
    """Undo up to `most` of what a lot added to the debt; return how much."""
    forgiven = max(0, min(most, lot.indebted_credits))
    lot.indebted_credits -= forgiven
    sheet.move(EntryKind.RESTORE, HOUSE_REVERSALS, DEBT, forgiven, lot)
    return forgiven


def _sheet(lots: Sequence[CreditLot], actor: ActingFor, reason: str, reference: str) -> Sheet:
    sheet = Sheet(
        account_of(lots[0].organization_id),
        actor=actor,
        reason=reason,
        receipt_id=lots[0].receipt_id,
        reference=reference,
    )
    for lot in lots:
        sheet.lot(lot)
    return sheet


def _lot_again(lot: CreditLot, credits: int) -> CreditLot:
    """Return a new lot for credits whose old lot was spent; it belongs to the same receipt."""
    return CreditLot.objects.create(
        organization_id=lot.organization_id,
        kind=lot.kind,
        source="restored",
        receipt_id=lot.receipt_id,
        live_money=lot.live_money,
        granted_credits=credits,
        created_at=timezone.now(),
    )


def _repay_from_others(sheet: Sheet, own: Iterable[CreditLot]) -> None:
    """Repay a fresh debt from the other bought lots of the organization, the oldest first."""
    if not sheet.account.debt_credits:
        return
    others = CreditLot.objects.filter(
        organization_id=sheet.account.organization_id, available_credits__gt=0
    ).exclude(kind=LotKind.FREE)
    for lot in others.exclude(pk__in=[lot.pk for lot in own]).order_by("pk"):
        sheet.repay(lot, lot.available_credits)
