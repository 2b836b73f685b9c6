"""Notices to agents: written with what they tell of, told once in the `warnings` of an answer.

They ride on answers to POST and on whoami; no other GET looks for them.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts.models import Notice
from imageskill.core.units import unit_of_work

MOST_AT_ONCE: Final = 3
KEPT: Final = timedelta(days=90)
LONGEST: Final = 800


def write(*, agent_ids: Iterable[str], kind: str, subject_id: str, text: str) -> None:
    """Owe each agent a line, in the caller's transaction; the text holds no word of another agent."""
    now = timezone.now()
    Notice.objects.bulk_create(
        Notice(agent_id=agent_id, kind=kind, subject_id=subject_id, text=text[:LONGEST], created_at=now)
        for agent_id in agent_ids
    )


def take(agent_id: str) -> list[str]:
    """Return the oldest lines that an agent was not told yet, at most three; nobody gets them again.

    One query by an index where there are none.
    """
    waiting = Notice.objects.filter(agent_id=agent_id, told_at=None).order_by("pk")
    rows = list(waiting.values_list("pk", "text")[:MOST_AT_ONCE])
    return _mark(rows) if rows else []


@unit_of_work
def _mark(rows: list[tuple[int, str]]) -> list[str]:
    now = timezone.now()
    return [text for pk, text in rows if Notice.objects.filter(pk=pk, told_at=None).update(told_at=now)]


def prune() -> int:
    """Remove notices that are three months old, told or not; return how many."""
    removed, _ = Notice.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return removed
