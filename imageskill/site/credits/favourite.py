"""What credits buy, told in pictures of the model that a workspace uses most."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from billing import pricing
from creative import offers
from creative.catalogue.costs import default_cost
from creative.models import Job

LOOKED_AT: Final = 500


@dataclass(frozen=True, slots=True)
class Favourite:
    """A model and what one picture of it costs with nothing but its defaults."""

    model_id: str
    credits_per_picture: int
    used: bool
    """Whether the workspace has used it: where nothing was made yet it is the one that would be chosen."""

    def pictures(self, credits: int) -> int:
        """Return how many pictures so many credits buy."""
        return credits // self.credits_per_picture


def of(organization_ids: Sequence[str]) -> Favourite | None:
    """Return the model of most of the last 500 jobs that is still sold; None: nothing is."""
    prices = {row.entry.id: price for row in offers.rows() if row.available and (price := _price(row.entry.id))}
    recent = Job.objects.filter(organization_id__in=organization_ids, state=Job.State.COMPLETED).order_by("-pk")
    counted = Counter(recent.values_list("model_id", flat=True)[:LOOKED_AT])
    for model_id, _ in counted.most_common():
        if model_id in prices:
            return Favourite(model_id, prices[model_id], used=True)
    first = next(iter(prices), None)
    return Favourite(first, prices[first], used=False) if first is not None else None


def _price(model_id: str) -> int | None:
    cost = default_cost(offers.entry_of(model_id))
    if cost.micros_per_image is None:
        return cost.ceiling_credits
    return pricing.credits_per_image(cost.micros_per_image)
