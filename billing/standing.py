"""The three numbers of a workspace, as every page shows them: available, on hold, spent this month."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum
from django.utils import timezone

from billing.models import CreditAccount, SpendBucket
from billing.windows import Window, window


@dataclass(frozen=True, slots=True)
class Standing:
    """Credits of a workspace together with the shells that were merged into it.

    No number is a part of another: what is held is not available, what is spent is not held. `frozen` waits for
    the end of a dispute, `debt` is owed. `month` is the calendar month in UTC in which `spent` was authorised.
    """

    free: int
    promo: int
    paid: int
    held: int
    frozen: int
    debt: int
    spent: int
    month: Window

    @property
    def available(self) -> int:
        """What can be spent now, of every kind."""
        return self.free + self.promo + self.paid


def of_workspace(organization_id: str, *, at: datetime | None = None) -> Standing:
    """Return the numbers of a workspace in two queries; zeros where it has no account yet."""
    month = window("month", at or timezone.now())
    here = Q(organization_id=organization_id) | Q(organization__merged_into_id=organization_id)
    columns = ("free", "promo", "paid", "held", "frozen", "debt")
    sums = CreditAccount.objects.filter(here).aggregate(**{name: Sum(f"{name}_credits") for name in columns})
    spent = SpendBucket.objects.filter(here, start__gte=month.start, start__lt=month.end).aggregate(
        spent=Sum("settled_credits")
    )
    return Standing(**{name: sums[name] or 0 for name in columns}, spent=spent["spent"] or 0, month=month)
