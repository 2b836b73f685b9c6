"""Snoozing: a report leaves the staff's inbox until a day, more reports or a release; its agent sees none."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from creative.feedback import priority
from creative.models import Feedback
from imageskill import __version__
from imageskill.core.units import unit_of_work

_AFTER: Final = "after "
NEXT_RELEASE: Final = f"{_AFTER}{__version__}"
"""The version of a report that sleeps until another release than this one runs."""


AWAKE: Final[Mapping[str, Any]] = {
    "snoozed_at": None,
    "snoozed_until": None,
    "snooze_reports": None,
    "snooze_version": "",
}
"""The columns of a report that is not put aside."""


@unit_of_work
def snooze(
    *, feedback_id: str, until: datetime | None = None, more_reports: int | None = None, version: str = ""
) -> bool:
    """Put a report aside until one of the given comes. False: no such report, or it is put aside already.

    `more_reports`: so many more of it and its duplicates. ValueError: nothing would ever wake it.
    """
    if until is None and not more_reports and not version:
        raise ValueError("a snooze ends some day")
    awake = Feedback.objects.filter(pk=feedback_id, snoozed_at=None)
    return bool(
        awake.update(
            snoozed_at=timezone.now(),
            snoozed_until=until,
            snooze_reports=priority.weigh(feedback_id).reports + more_reports if more_reports else None,
            snooze_version=version,
        )
    )


@unit_of_work
def wake(*, feedback_id: str) -> bool:
    """Take a report up again. False: it was not put aside."""
    return bool(Feedback.objects.filter(pk=feedback_id, snoozed_at__isnull=False).update(**AWAKE))


@unit_of_work
def wake_due() -> int:
    """Take up again whatever's day or release has come; return how many."""
    released = Q(snooze_version__startswith=_AFTER) & ~Q(snooze_version=NEXT_RELEASE)
    due = Q(snoozed_until__lte=timezone.now()) | Q(snooze_version=__version__) | released
    return Feedback.objects.filter(due, snoozed_at__isnull=False).update(**AWAKE)


@unit_of_work
def wake_released(version: str) -> int:
    """Take up again what waited for a release; return how many."""
    return Feedback.objects.filter(snoozed_at__isnull=False, snooze_version=version).update(**AWAKE)


def wake_reported(feedback_id: str, *, reports: int) -> None:
    """Take a report up again that was sent often enough meanwhile; in the caller's transaction."""
    Feedback.objects.filter(pk=feedback_id, snoozed_at__isnull=False, snooze_reports__lte=reports).update(**AWAKE)
