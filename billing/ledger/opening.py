"""Grants: how credits come into being."""

from typing import Final

from django.utils import timezone

from billing.ledger.posting import (
    AVAILABLE,
    HOUSE_ALLOWANCE,
    HOUSE_PROMOTIONS,
    HOUSE_SALES,
    Sheet,
    account_of,
)
from billing.models import CreditLot, EntryKind, LotKind
from imageskill.core.events import ActingFor

_SOURCES: Final = {
    LotKind.FREE: HOUSE_ALLOWANCE,
    LotKind.PROMO: HOUSE_PROMOTIONS,
    LotKind.PAID: HOUSE_SALES,
}


def grant(
    *,
    organization_id: str,
    kind: LotKind,
    credits: int,
    source: str,
    actor: ActingFor,
    receipt_id: str = "",
    live_money: bool = False,
) -> CreditLot:
    """Give an organization a lot of credits, and return it; what it owes is repaid from it first."""
    sheet = Sheet(account_of(organization_id), actor=actor, reason=source, receipt_id=receipt_id)
    lot = CreditLot.objects.create(
        organization_id=organization_id,
        kind=kind,
        source=source,
        receipt_id=receipt_id,
        live_money=live_money,
        granted_credits=credits,
        created_at=timezone.now(),
    )
    sheet.move(EntryKind.GRANT, _SOURCES[kind], AVAILABLE, credits, lot)
    sheet.post()
    return lot
