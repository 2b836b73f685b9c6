"""Credits that move from one organization to another, as when a human claims an agent that has bought some."""

from django.utils import timezone

from billing.ledger.opening import account_of
from billing.ledger.posting import AVAILABLE, TRANSFER, Sheet
from billing.models import CreditLot, EntryKind, LotKind
from imageskill.core.events import ActingFor


def transfer(*, lot: CreditLot, to_organization_id: str, actor: ActingFor) -> CreditLot | None:
    """Move what a paid lot has available to another organization, and return the lot there; None: nothing moved.

    Both organizations are locked by the caller. The receipt stays the same, so that a later refund finds the
    credits; free and promotional credits never move, and play money never comes beside real money.
    """
    if lot.kind != LotKind.PAID or not lot.available_credits:
        return None
    beside = CreditLot.objects.filter(organization_id=to_organization_id, kind=LotKind.PAID)
    if not lot.live_money and beside.filter(live_money=True).exists():
        return None
    moved = lot.available_credits
    out = Sheet(
        account_of(lot.organization_id),
        actor=actor,
        reason="moved_to_organization",
        receipt_id=lot.receipt_id,
        reference=to_organization_id,
    )
    out.move(EntryKind.TRANSFER, AVAILABLE, TRANSFER, moved, lot)
    lot.moved_credits += moved
    out.post()
    there = CreditLot.objects.create(
        organization_id=to_organization_id,
        kind=lot.kind,
        source="moved",
        receipt_id=lot.receipt_id,
        live_money=lot.live_money,
        granted_credits=moved,
        created_at=timezone.now(),
    )
    into = Sheet(
        account_of(to_organization_id),
        actor=actor,
        reason="moved_from_organization",
        receipt_id=lot.receipt_id,
        reference=lot.organization_id,
    )
    into.move(EntryKind.TRANSFER, TRANSFER, AVAILABLE, moved, there)
    into.post()
    return there
