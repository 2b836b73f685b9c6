"""What another price of a model would do: to each of its options, to the plans of the last 30 days, to what waits.

Everything is computed from the rows as they are; nothing is written.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils import timezone

from billing import pricing
from creative.catalogue.costs import ProviderCost, priced_options, provider_cost
from creative.catalogue.entries import ModelEntry
from creative.models import Approval, Job
from creative.tellings import LATELY

MOST_PLANS: Final = 5_000
"""So many plans, the newest, are looked at."""
_HELD: Final = (Job.State.QUEUED, Job.State.RUNNING)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one picture costs: the house in millionths of a USD (None: not known before), and the caller."""

    micros: int | None
    credits: int | None
    is_ceiling: bool

    @classmethod
    def of(cls, cost: ProviderCost) -> "Cost":
        """Return the caller's side of a provider's cost; an unknown one holds its ceiling."""
        if cost.micros_per_image is None:
            return cls(None, cost.ceiling_credits, is_ceiling=True)
        return cls(cost.micros_per_image, pricing.credits_per_image(cost.micros_per_image), is_ceiling=False)

    @property
    def usd(self) -> str:
        """What the house pays, in words; empty where that is not known before."""
        if self.micros is None:
            return ""
        return f"${Decimal(self.micros).scaleb(-6).normalize():f}"


@dataclass(frozen=True, slots=True)
class Option:
    """A combination of parameters that the price names, before and after; None: it is not there."""

    name: str
    before: Cost | None
    after: Cost | None

    @property
    def differs(self) -> bool:
        """Whether anything of it changes."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would do; all credits are of the plans as they were made, each with all its pictures."""

    options: list[Option]
    plans: int
    is_cut: bool
    before_credits: int
    after_credits: int
    dearer: int
    cheaper: int
    refused: int
    """Plans that would have no price any more."""
    stale_approvals: list[Approval]
    """Waiting plans that would end as `plan_changed` when approved."""
    held: int
    """Jobs under way, which keep the price that they hold."""

    @property
    def changes_nothing(self) -> bool:
        """Whether no option and no plan costs anything else."""
        return not (any(one.differs for one in self.options) or self.dearer or self.cheaper or self.refused)


def effect(before: ModelEntry, after: ModelEntry) -> Effect:
    """Return what putting `after` in the place of `before` would do; four queries."""
    rows = Job.objects.filter(model_id=before.id, created_at__gt=timezone.now() - LATELY).order_by("-pk")
    jobs = list(rows.defer("prompt", "selection")[: MOST_PLANS + 1])
    pairs = [(_credits(before, job), _credits(after, job)) for job in jobs[:MOST_PLANS]]
    known = [(old, new) for old, new in pairs if old is not None and new is not None]
    cards = Approval.objects.select_related("job", "agent").filter(
        job__model_id=before.id, state=Approval.State.WAITING, expires_at__gt=timezone.now()
    )
    return Effect(
        options=options(before, after),
        plans=len(pairs),
        is_cut=len(jobs) > MOST_PLANS,
        before_credits=sum(old for old, _ in known),
        after_credits=sum(new for _, new in known),
        dearer=sum(new > old for old, new in known),
        cheaper=sum(new < old for old, new in known),
        refused=sum(new is None and old is not None for old, new in pairs),
        stale_approvals=[card for card in cards.order_by("pk") if _is_dearer(card.job, after)],
        held=Job.objects.filter(model_id=before.id, state__in=_HELD).count(),
    )


def options(before: ModelEntry, after: ModelEntry) -> list[Option]:
    """Return the options of both prices, in the order of the later one, with those that are gone last."""
    old, new = _options(before), _options(after)
    return [Option(name, old.get(name), new.get(name)) for name in dict.fromkeys((*new, *old))]


def _options(entry: ModelEntry) -> dict[str, Cost]:
    told = {}
    for one in priced_options(entry):
        words = ", ".join(f"{name} {_word(value)}" for name, value in one.options.items()) or "every picture"
        size = f", {one.size.width} \N{MULTIPLICATION SIGN} {one.size.height}" if one.size else ""
        told[f"{words}{size}"] = Cost.of(one.cost)
    if entry.price.ceiling_credits is not None:
        told["any other, at most"] = Cost(None, entry.price.ceiling_credits, is_ceiling=True)
    return told


def _word(value: object) -> str:
    if hasattr(value, "items"):
        return " \N{MULTIPLICATION SIGN} ".join(str(part) for part in value.values())  # type: ignore[attr-defined]
    return str(value)


def _credits(entry: ModelEntry, job: Job) -> int | None:
    """Return what a job's plan costs by a model's price; None: it would be refused, having none."""
    cost = provider_cost(entry, job.parameters, width=job.expected_width, height=job.expected_height)
    each = Cost.of(cost).credits
    return None if each is None else each * job.output_count


def _is_dearer(job: Job, after: ModelEntry) -> bool:
    new = _credits(after, job)
    return new is None or new > job.credits_required
