"""Alerts: who is told when few credits are left, and what became of each mail."""

from django.db import models
from django.db.models import Q

from accounts.models import Organization, User
from imageskill.core.ids import reference_field


class BalanceAlert(models.Model):
    """A workspace's wish to be told; the levels that matter stand on its account, where the ledger reads them.

    `disabled_reason` is empty while it is on, and where a person turned it off.
    """

    organization = models.OneToOneField(
        Organization, on_delete=models.PROTECT, primary_key=True, related_name="balance_alert"
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    threshold_credits = models.IntegerField()
    rearm_credits = models.IntegerField()
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=32, blank=True)
    set_by = reference_field()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold_credits__gt=0, rearm_credits__gt=models.F("threshold_credits")),
                name="alert_with_hysteresis",
            )
        ]


class AlertDelivery(models.Model):
    """One fall below the threshold, or one trial, and its mail.

    The ledger writes a `waiting` one in the act that crosses the threshold; the clock does the rest.
    """

    class Kind(models.TextChoices):
        """Why there is a mail."""

        CROSSING = "crossing"
        TRIAL = "trial"

    class State(models.TextChoices):
        """The last three are final; `dropped` had nobody to go to."""

        WAITING = "waiting"
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"
        DROPPED = "dropped"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="alert_deliveries")
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    threshold_credits = models.IntegerField()
    available_credits = models.IntegerField()
    recipient = models.EmailField(blank=True)
    outbox_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["crossing", "trial"]), name="delivery_kind_known"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "queued", "sent", "failed", "dropped"]),
                name="delivery_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="delivery_by_organization"),
            models.Index(fields=["id"], condition=Q(state__in=["waiting", "queued"]), name="delivery_under_way"),
        ]
