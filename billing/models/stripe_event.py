"""The inbox of webhooks: each event is stored before it does anything."""

from django.db import models
from django.db.models import Q


class StripeEvent(models.Model):
    """A verified event: received, then processed with its effect in one transaction, or failed and tried again."""

    class State(models.TextChoices):
        """`ignored` is not ours: another product's session, or play money on a live service."""

        RECEIVED = "received"
        PROCESSED = "processed"
        FAILED = "failed"
        IGNORED = "ignored"

    event_id = models.CharField(max_length=128, unique=True)
    type = models.CharField(max_length=96)
    object_id = models.CharField(max_length=128)
    api_version = models.CharField(max_length=64, blank=True)
    livemode = models.BooleanField()
    payload = models.JSONField(null=True)
    state = models.CharField(max_length=16, choices=State, default=State.RECEIVED)
    attempts = models.IntegerField(default=0)
    outcome = models.CharField(max_length=64, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    """What the last failure said, without secrets."""
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["received", "processed", "failed", "ignored"]),
                name="stripe_event_state_known",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="stripe_event_to_try"
            ),
            models.Index(fields=["received_at"], name="stripe_event_by_age"),
            models.Index(
                fields=["received_at"],
                condition=Q(state__in=["received", "failed"]),
                name="stripe_event_waiting",
            ),
        ]
