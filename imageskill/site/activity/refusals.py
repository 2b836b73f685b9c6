"""Refusals as rows of the activity: decisions that let nothing happen, with the limit that decided."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from billing.decisions import CODES
from billing.models import Decision

PREFIX: Final = "refusal_"
WINDOWS: Final = {
    "per_job": "for one job",
    "day": "for a day",
    "week": "for a week",
    "month": "for a month",
    "lifetime": "in all",
}
_REFERENCE = re.compile(r"refusal_([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Deciding:
    """The limit that decided: its counter before the request, in credits, and when it starts anew."""

    window: str
    words: str
    cap: int
    used: int
    held: int
    resets_at: datetime | None

    @property
    def remaining(self) -> int:
        """What was left."""
        return max(0, self.cap - self.used - self.held)


def of_workspace(organization_ids: Sequence[str]) -> QuerySet[Decision]:
    """Return what was not allowed: all that placed no hold.

    A plan that waits has an event of its own, and its decision would tell the same again.
    """
    rows = Decision.objects.filter(organization_id__in=organization_ids, hold_id__isnull=True)
    return rows.exclude(Q(outcome=Decision.Outcome.APPROVAL) & ~Q(job_id=""))


def key_of(reference: str) -> int | None:
    """Return the key of a refusal by its public reference; None: it is no such reference."""
    match = _REFERENCE.fullmatch(reference)
    return int(match[1]) if match else None


def reasons_with(text: str) -> list[str]:
    """Return the reasons that hold a text in their name or in their code."""
    wanted = text.lower()
    return [reason for reason, code in CODES.items() if wanted in reason or wanted in code.name.lower()]


def deciding(decision: Decision) -> Deciding | None:
    """Return the cap that decided; None: it was not a cap."""
    name = decision.reason.removeprefix("cap_")
    counter: dict[str, Any] | None = decision.counters.get(name) if decision.reason.startswith("cap_") else None
    if counter is None or counter["cap"] is None:
        return None
    return Deciding(
        window=name,
        words=WINDOWS.get(name, name),
        cap=counter["cap"],
        used=counter["used"],
        held=counter["held"],
        resets_at=datetime.fromisoformat(counter["resets_at"]) if counter["resets_at"] else None,
    )
