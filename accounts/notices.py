"""Notices to agents: written with what they tell of, told once in the `warnings` of an answer.

They ride on answers to POST and on whoami; no other GET looks for them.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from accounts.models import Agent, Notice
from imageskill.core.statements import Select
from imageskill.core.units import unit_of_work

MOST_AT_ONCE: Final = 3
KEPT: Final = timedelta(days=90)
LONGEST: Final = 800


def write(*, agent_ids: Iterable[str], organization_id: str = "", kind: str, subject_id: str, text: str) -> None:
    """Owe each agent a line, in the caller's transaction; the text holds no word of another agent.

    `organization_id`: what the line tells of belongs to that organization, so an agent that has moved to another
    workspace is not told.
    """
    now = timezone.now()
    if organization_id:
        there = Q(organization_id=organization_id) | Q(shell_id=organization_id)
        agent_ids = list(Agent.objects.filter(there, pk__in=list(agent_ids)).values_list("pk", flat=True))
    Notice.objects.bulk_create(
        Notice(agent_id=agent_id, kind=kind, subject_id=subject_id, text=text[:LONGEST], created_at=now)
        for agent_id in agent_ids
    )


_WAITING: Final = Select(
    lambda agent_id: (
        Notice.objects.filter(agent_id=agent_id, told_at=None)
        .order_by("pk")
        .values_list("pk", "text")[:MOST_AT_ONCE]
    )
)


def take(agent_id: str) -> list[str]:
    """Return the oldest lines that an agent was not told yet, at most three; nobody gets them again.

    One query by an index where there are none.
    """
    rows = _WAITING.rows(agent_id=agent_id)
    return _mark(rows) if rows else []


@unit_of_work
def _mark(rows: Iterable[tuple[int, str]]) -> list[str]:
    now = timezone.now()
    return [text for pk, text in rows if Notice.objects.filter(pk=pk, told_at=None).update(told_at=now)]


def prune() -> int:
    """Remove notices that are three months old, told or not; return how many."""
    removed, _ = Notice.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return removed
