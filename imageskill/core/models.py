"""Tables of the ground floor. Each is written by one module only: see docs/architecture.md."""

from typing import Final

from django.db import models
from django.db.models import Q

from imageskill.core.ids import PublicIdField, reference_field

UNUSUAL: Final = (
    *("denied", "refused", "rejected", "declined", "failed", "canceled", "withdrawn", "expired"),
    *("waiting", "requested", "action_required", "needs_proof", "asked"),
)
"""The statuses of events of which a workspace has few. They are part of an index: another takes a migration."""

# Alternatives and not a list, and the same words in the index and in a query: else SQLite does not know that the
# index holds what is asked for.
IS_UNUSUAL: Final = Q(*(("status", name) for name in UNUSUAL), _connector=Q.OR)


class ActivityEvent(models.Model):
    """One line of the activity ledger: what happened to what, by whom, at what cost. Append-only."""

    id = PublicIdField("evt", primary_key=True)
    type = models.CharField(max_length=64)
    organization_id = reference_field()
    agent_id = reference_field(blank=True)
    actor_type = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=64)
    subject_type = models.CharField(max_length=16)
    subject_id = models.CharField(max_length=64)
    operation = models.CharField(max_length=32)
    status = models.CharField(max_length=32)
    summary = models.CharField(max_length=200)
    links = models.JSONField()
    cost_micros = models.BigIntegerField(null=True)
    credits = models.IntegerField(null=True)
    trace_id = reference_field()
    occurred_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["agent_id", "-id"], name="event_by_agent"),
            models.Index(fields=["agent_id", "type", "-id"], name="event_by_type"),
            # The type comes last so that a workspace's events can be counted from the index alone.
            models.Index(fields=["organization_id", "-id", "type"], name="event_of_workspace"),
            models.Index(fields=["organization_id", "agent_id", "-id", "type"], name="event_of_workspace_agent"),
            models.Index(fields=["organization_id", "type", "-id"], name="event_of_workspace_type"),
            # Usual events are not in it, so writing them costs nothing more.
            models.Index(
                fields=["organization_id", "status", "-id", "type"], condition=IS_UNUSUAL, name="event_unusual"
            ),
        ]


class EventReference(models.Model):
    """An id under which an event can be found: its subject, each of its links, its trace."""

    event = models.ForeignKey(ActivityEvent, on_delete=models.PROTECT, related_name="references")
    organization_id = reference_field()
    agent_id = reference_field(blank=True)
    reference = models.CharField(max_length=128)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "reference"], name="event_reference_once")]
        indexes = [models.Index(fields=["reference", "agent_id", "-event"], name="event_by_reference")]


class IdempotencyKey(models.Model):
    """A caller's key for one operation: which body it came with and which object it made. Never a response."""

    agent_id = reference_field()
    organization_id = reference_field()
    operation = models.CharField(max_length=32)
    key = models.CharField(max_length=255)
    body_sha256 = models.CharField(max_length=64)
    object_id = reference_field()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent_id", "organization_id", "operation", "key"], name="idempotency_key_once"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]


class Tally(models.Model):
    """A count within a period that guards money or mail; it only moves by a guarded UPDATE."""

    scope = models.CharField(max_length=32)
    key = models.CharField(max_length=128)
    period_start = models.DateTimeField()
    count = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key", "period_start"], name="tally_once"),
            models.CheckConstraint(condition=models.Q(count__gte=0), name="tally_not_negative"),
        ]
        indexes = [models.Index(fields=["period_start"], name="tally_by_age")]


class PeriodicRun(models.Model):
    """The lease and the record of one periodic work, so that it runs once per service."""

    name = models.CharField(max_length=64, primary_key=True)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)


class Outbox(models.Model):
    """A mail that was written in the transaction it tells of, and is sent by the clock."""

    kind = models.CharField(max_length=32)
    recipient = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], condition=models.Q(sent_at=None), name="outbox_waiting")]
