"""Reading the lots of a workspace: what is left of each, in the order in which they are spent."""

from collections.abc import Sequence
from typing import Final

from django.db.models import Case, IntegerField, Q, Value, When

from billing.models import CreditAccount, CreditLot, LotKind

MOST: Final = 100


def numbered(organization_ids: Sequence[str]) -> list[tuple[int, CreditLot]]:
    """Return the lots of which something is left, numbered in the order of spending; at most a hundred.

    Free before granted before bought, each the oldest first: as `spendable.split` takes them.
    """
    kinds = (LotKind.FREE, LotKind.PROMO, LotKind.PAID)
    order = Case(
        *(When(kind=kind, then=Value(place)) for place, kind in enumerate(kinds)), output_field=IntegerField()
    )
    left = Q(available_credits__gt=0) | Q(held_credits__gt=0) | Q(frozen_credits__gt=0)
    rows = CreditLot.objects.filter(left, organization_id__in=organization_ids).annotate(place=order)
    return list(enumerate(rows.order_by("place", "pk")[:MOST], start=1))


def heads(organization_ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return how many entries each organization's chain has, and the hash of the last."""
    rows = CreditAccount.objects.filter(pk__in=organization_ids)
    return {row.pk: (row.entry_seq, row.chain_head) for row in rows}
