"""The tables of the ground floor in the admin, and what superusers did in it."""

from typing import Final

from django.db import models

from imageskill.core.admin.rows import Rows
from imageskill.core.models import (
    ActivityEvent,
    EventReference,
    IdempotencyKey,
    Outbox,
    PeriodicRun,
    Tally,
)


class _Events(Rows):
    columns = ("type", "organization_id", "agent_id", "subject_id", "status", "summary", "occurred_at")
    ids_of = {"org": "organization_id", "agt": "agent_id"}


class _References(Rows):
    columns = ("event", "organization_id", "agent_id", "reference")
    found_by = ("reference",)


class _Keys(Rows):
    columns = ("agent_id", "operation", "object_id", "created_at")
    hides = frozenset({"key"})
    ids_of = {"agt": "agent_id"}


class _Tallies(Rows):
    columns = ("scope", "period_start", "count")
    hides = frozenset({"key"})


class _Works(Rows):
    columns = ("due_at", "leased_until", "finished_at", "failures")
    found_by = ("name",)
    ordering = ("pk",)


class _Mails(Rows):
    columns = ("kind", "recipient", "attempts", "created_at", "sent_at")
    hides = frozenset({"subject"})


class Acts(Rows):
    """What superusers did in the admin."""

    columns = ("user", "content_type", "object_repr", "change_message", "action_time")
    tells = frozenset({"change_message", "object_id"})


TABLES: Final[dict[type[models.Model], type[Rows]]] = {
    ActivityEvent: _Events,
    EventReference: _References,
    IdempotencyKey: _Keys,
    Outbox: _Mails,
    PeriodicRun: _Works,
    Tally: _Tallies,
}
