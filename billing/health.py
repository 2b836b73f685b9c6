"""How the money stands over all organizations: open holds by age, debts, what is frozen, what pictures cost us.

Every list is short and comes from an index; only rows that are out of the ordinary are counted.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from billing.models import BooksFinding, CreditAccount, Hold, UsageEvent
from imageskill.core.ids import moment_digits

SHOWN: Final = 10
_AGES: Final = (
    ("under a minute", timedelta(0), timedelta(minutes=1)),
    ("1 to 10 minutes", timedelta(minutes=1), timedelta(minutes=10)),
    ("10 to 60 minutes", timedelta(minutes=10), timedelta(hours=1)),
    ("over an hour", timedelta(hours=1), timedelta(days=36_500)),
)
CHECKS: Final = (
    ("account", "Each balance is the sum of its entries"),
    ("lot", "Each lot is the sum of its own entries"),
    ("hold", "Each hold ended as its entries say, and each open one has a running job"),
    ("receipt", "Each payment was credited exactly, once"),
    ("transfers", "What left one organization arrived in another"),
    ("bucket", "What limits count is what was held and spent"),
    ("chain", "No entry is missing, and each hash follows from the one before"),
    ("checkpoint", "What was proven once still stands as it stood"),
)
"""The families of `BooksFinding.what`, in words; the part before the first dot names one."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold: how many rows break it, how many of them were found twice, and the first."""

    name: str
    title: str
    total: int
    confirmed: int
    first: tuple[BooksFinding, ...]


@dataclass(frozen=True, slots=True)
class Age:
    """Open holds of one age."""

    name: str
    holds: int
    credits: int
    is_old: bool


@dataclass(frozen=True, slots=True)
class Sums:
    """How many organizations have something (debt, frozen credits), how much in all, and the largest."""

    organizations: int
    credits: int
    largest: tuple[tuple[str, str, int], ...]
    """Id, name and credits."""


@dataclass(frozen=True, slots=True)
class Margin:
    """What pictures cost the house and what was charged for them, over the jobs that settled in a time."""

    name: str
    jobs: int
    charged: int
    cost_micros: int

    @property
    def cost_credits(self) -> int:
        """The providers' cost in credits, rounded up: a credit is 10,000 micros."""
        return -(-self.cost_micros // 10_000)

    @property
    def is_loss(self) -> bool:
        """Whether more was paid than charged."""
        return self.cost_credits > self.charged


def invariants() -> list[Invariant]:
    """Return every check of the books, the broken ones first: a query, and one for each check that fails."""
    counted: dict[str, list[int]] = {}
    rows = BooksFinding.objects.filter(cleared_at=None)
    named = rows.values("what").annotate(
        total=Count("pk"), confirmed=Count("pk", filter=Q(confirmed_at__isnull=False))
    )
    for row in named:
        sums = counted.setdefault(_family(row["what"]), [0, 0])
        sums[0] += row["total"]
        sums[1] += row["confirmed"]
    families = [*CHECKS, *((name, name) for name in sorted(counted.keys() - dict(CHECKS).keys()))]
    found = []
    for name, title in families:
        total, confirmed = counted.get(name, (0, 0))
        found.append(Invariant(name, title, total, confirmed, _first(name) if total else ()))
    return sorted(found, key=lambda one: (-one.confirmed, -one.total))


def _family(what: str) -> str:
    return what.partition(".")[0]


def _first(family: str) -> tuple[BooksFinding, ...]:
    rows = BooksFinding.objects.filter(Q(what=family) | Q(what__startswith=f"{family}."), cleared_at=None)
    return tuple(rows.order_by("pk")[:SHOWN])


def open_holds() -> list[Age]:
    """Return the open holds by their age, in one query."""
    now = timezone.now()
    sums: dict[str, object] = {}
    for number, (_, youngest, oldest) in enumerate(_AGES):
        inside = Q(authorised_at__lte=now - youngest, authorised_at__gt=now - oldest)
        inside = Q(authorised_at__gt=now - oldest) if number == 0 else inside
        sums[f"count_{number}"] = Count("pk", filter=inside)
        sums[f"credits_{number}"] = Sum("credits", filter=inside)
    told = Hold.objects.filter(state=Hold.State.OPEN).aggregate(**sums)
    return [
        Age(name, told[f"count_{number}"], told[f"credits_{number}"] or 0, is_old=number == len(_AGES) - 1)
        for number, (name, _, _) in enumerate(_AGES)
    ]


def oldest_holds() -> list[Hold]:
    """Return the ten open holds that were authorised first."""
    rows = Hold.objects.filter(state=Hold.State.OPEN).select_related("organization", "agent")
    return list(rows.order_by("authorised_at")[:SHOWN])


def debts() -> Sums:
    """Return what organizations owe."""
    return _sums("debt_credits")


def frozen() -> Sums:
    """Return what is out of reach while a payment is looked into."""
    return _sums("frozen_credits")


def _sums(column: str) -> Sums:
    rows = CreditAccount.objects.filter(**{f"{column}__gt": 0})
    told = rows.aggregate(organizations=Count("pk"), credits=Sum(column))
    largest = rows.order_by(f"-{column}", "pk").values_list("pk", "organization__name", column)[:SHOWN]
    return Sums(told["organizations"], told["credits"] or 0, tuple(largest))


def margins() -> list[Margin]:
    """Return cost against charge of the last day and the last week; ids sort by time, so an index bounds both."""
    now = timezone.now()
    spans = (("Last 24 hours", now - timedelta(days=1)), ("Last 7 days", now - timedelta(days=7)))
    found = []
    for name, since in spans:
        told = UsageEvent.objects.filter(pk__gte=f"usage_{moment_digits(since)}").aggregate(
            jobs=Count("pk"), charged=Sum("credits"), cost=Sum("provider_cost_micros")
        )
        found.append(Margin(name, told["jobs"], told["charged"] or 0, told["cost"] or 0))
    return found


def sold_below_cost() -> list[UsageEvent]:
    """Return the ten newest jobs of the last week that cost the house more than they were charged."""
    since = timezone.now() - timedelta(days=7)
    rows = UsageEvent.objects.filter(pk__gte=f"usage_{moment_digits(since)}")
    # A credit is 10,000 micros.
    below = rows.filter(provider_cost_micros__gt=F("credits") * 10_000).select_related("organization")
    return list(below.order_by("-pk")[:SHOWN])
