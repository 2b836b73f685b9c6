"""Ratings: keep, reject or star a picture, and what a kept one has cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Sum
from django.utils import timezone

from accounts import members, organizations
from accounts.models import Agent, User
from creative import gallery
from creative.gallery import Scope
from creative.models import Asset, Rating
from imageskill.core.units import unit_of_work

CLEAR: Final = "clear"
"""What takes a judgement back."""

COUNTED: Final = 10_000
"""How many of the newest rated pictures the cost of a kept one is counted over."""

_KEPT: Final = (Rating.State.KEEP, Rating.State.STAR)
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """What pictures of one kind cost, and what of it was thrown away; amounts are credits."""

    name: str
    pictures: int
    kept: int
    rejected: int
    credits: int
    rejected_credits: int

    @property
    def per_kept_tenths(self) -> int | None:
        """Tenths of a credit for each kept picture, rounded half up; None while nothing is kept."""
        return (self.credits * 20 + self.kept) // (2 * self.kept) if self.kept else None

    @property
    def rejected_percent(self) -> int:
        """How much of what was spent was thrown away, rounded half up."""
        return (2 * _WHOLE * self.rejected_credits + self.credits) // (2 * self.credits) if self.credits else 0


@dataclass(frozen=True, slots=True)
class Costs:
    """The cost of kept pictures over all rated ones, by model and by agent, the dearest first."""

    total: Line
    by_model: tuple[Line, ...]
    by_agent: tuple[Line, ...]
    is_everything: bool
    """False: only the newest COUNTED rated pictures are counted."""


def rate(*, scope: Scope, user: User, asset: Asset, state: str) -> None:
    """Write a workspace's judgement of a picture of its own, or take it back.

    ValueError: no such judgement. CannotError: the user's role does not allow this any more.
    """
    if state != CLEAR and state not in Rating.State.values:
        raise ValueError(state)
    (tile,) = gallery.tiles(scope, [asset])
    _write(scope, user, asset, state, tile.price or 0)


@unit_of_work
def _write(scope: Scope, user: User, asset: Asset, state: str, credits: int) -> None:
    organizations.lock(scope.workspace_id)
    members.require_decides(user=user, organization_id=scope.workspace_id)
    if state == CLEAR:
        Rating.objects.filter(organization_id=scope.workspace_id, asset=asset).delete()
        return
    rating = Rating(
        organization_id=scope.workspace_id,
        asset=asset,
        state=state,
        agent_id=asset.agent_id,
        model_id=asset.job.model_id if asset.job is not None else "",
        credits=credits,
        rated_by=user,
        rated_at=timezone.now(),
    )
    Rating.objects.bulk_create(
        [rating],
        update_conflicts=True,
        unique_fields=["organization", "asset"],
        update_fields=["state", "rated_by", "rated_at"],
    )


def costs(scope: Scope) -> Costs:
    """Return what kept pictures cost: a rejected one is paid for by those that were kept. Uploads do not count."""
    own = Rating.objects.filter(organization_id=scope.workspace_id)
    # The oldest that counts, by the index alone: then the others lie together, and none is looked up by itself.
    floor = own.order_by("-asset_id").values_list("asset_id", flat=True)[COUNTED - 1 : COUNTED]
    rows = list(
        own.filter(asset_id__gte=next(iter(floor), ""))
        .exclude(model_id="")
        .values_list("model_id", "agent_id", "state")
        .annotate(pictures=Count("pk"), spent=Sum("credits"))
        .order_by()
    )
    names = dict(Agent.objects.filter(pk__in={row[1] for row in rows}).values_list("pk", "name"))
    counted = sum(row[3] for row in rows)
    return Costs(
        total=_line("", rows),
        by_model=_lines({row[0]: row[0] for row in rows}, rows, 0),
        by_agent=_lines(names, rows, 1),
        is_everything=counted < COUNTED,
    )


_Row = tuple[str, str, str, int, int]


def _lines(names: dict[str, str], rows: list[_Row], column: int) -> tuple[Line, ...]:
    lines = [_line(name, [row for row in rows if row[column] == key]) for key, name in names.items()]
    return tuple(sorted(lines, key=lambda line: (-(line.per_kept_tenths or 0), line.name)))


def _line(name: str, rows: Iterable[_Row]) -> Line:
    told = list(rows)
    rejected = [row for row in told if row[2] == Rating.State.REJECT]
    return Line(
        name=name,
        pictures=sum(row[3] for row in told),
        kept=sum(row[3] for row in told if row[2] in _KEPT),
        rejected=sum(row[3] for row in rejected),
        credits=sum(row[4] for row in told),
        rejected_credits=sum(row[4] for row in rejected),
    )
