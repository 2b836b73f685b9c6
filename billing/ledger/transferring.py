"""Credits that leave an organization whose agent a human claims into another workspace."""

from billing.ledger.posting import Sheet, account_of
from billing.models import CreditLot
from imageskill.core.events import ActingFor


def transfer(*, organization_id: str, to_organization_id: str, actor: ActingFor) -> None:
    """Have everything that an organization has available leave it; both are locked by the caller.

    Bought credits move lot by lot, each with its receipt. Free and promotional ones lapse, and so does play money
    where real money is. What is held or frozen stays until it comes back, and leaves then.
    """
    sheet = Sheet(
        account_of(organization_id), actor=actor, reason="moved_to_organization", reference=to_organization_id
    )
    lots = CreditLot.objects.filter(organization_id=organization_id, available_credits__gt=0)
    for lot in lots.order_by("pk"):
        sheet.leave(lot, to_organization_id)
    sheet.post()
