"""Credits that staff adds or takes: an entry kind of its own, which never makes a bought lot."""

from typing import Final

from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from billing.ledger.posting import AVAILABLE, DEBT, HOUSE_ADJUSTMENTS, Sheet, account_of
from billing.models import CreditLot, EntryKind, LotKind
from imageskill.core.events import ActingFor

SOURCE: Final = "adjustment"
_ORDER: Final = (LotKind.FREE, LotKind.PROMO, LotKind.PAID)


def adjust(*, organization_id: str, credits: int, reference: str, actor: ActingFor) -> CreditLot:
    """Add credits as a granted lot, or take them (below zero), and return the lot that the entries name.

    What is added repays a debt first. What is taken becomes a debt, which is repaid at once from what is
    available, in the order of spending; the rest stays owed. So nothing that is held or frozen is touched.
    """
    sheet = Sheet(account_of(organization_id), actor=actor, reason="staff_adjustment", reference=reference)
    lot = CreditLot.objects.create(
        organization_id=organization_id,
        kind=LotKind.PROMO,
        source=SOURCE,
        # The house stands for them: they buy what bought credits buy, also where it pays a provider.
        live_money=True,
        granted_credits=max(0, credits),
        created_at=timezone.now(),
    )
    if credits > 0:
        sheet.move(EntryKind.ADJUST, HOUSE_ADJUSTMENTS, AVAILABLE, credits, lot)
    else:
        sheet.move(EntryKind.ADJUST, DEBT, HOUSE_ADJUSTMENTS, -credits, lot)
        for own in _spendable(organization_id):
            sheet.repay(own, own.available_credits)
    sheet.post()
    return lot


def _spendable(organization_id: str) -> list[CreditLot]:
    """Return the lots of which something is available, in the order in which they are spent."""
    place = Case(
        *(When(kind=kind, then=Value(place)) for place, kind in enumerate(_ORDER)), output_field=IntegerField()
    )
    rows = CreditLot.objects.filter(organization_id=organization_id, available_credits__gt=0)
    return list(rows.annotate(place=place).order_by("place", "pk"))
