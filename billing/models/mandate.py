"""What an owner allows an agent to spend, and the record of each decision that rested on it."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Agent, Organization
from billing.models.hold import Hold
from imageskill.core.ids import reference_field


class Mandate(models.Model):
    """One version of what an owner allows; the latest of an agent in its organization is in force. Append-only.

    Caps are credits; null is no cap. Windows begin at midnight in `time_zone`, lifetime with the first version.
    """

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="mandates")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="mandates")
    version = models.IntegerField()
    cap_per_job = models.IntegerField(null=True)
    cap_day = models.IntegerField(null=True)
    cap_week = models.IntegerField(null=True)
    cap_month = models.IntegerField(null=True)
    cap_lifetime = models.IntegerField(null=True)
    time_zone = models.CharField(max_length=64)
    approval_threshold = models.IntegerField(null=True)
    allowed_models = models.JSONField(null=True)
    ends_at = models.DateTimeField(null=True)
    lifetime_starts_at = models.DateTimeField()
    actor_type = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "organization", "version"], name="mandate_version_once"),
            models.CheckConstraint(
                condition=(Q(cap_per_job__isnull=True) | Q(cap_per_job__gte=0))
                & (Q(cap_day__isnull=True) | Q(cap_day__gte=0))
                & (Q(cap_week__isnull=True) | Q(cap_week__gte=0))
                & (Q(cap_month__isnull=True) | Q(cap_month__gte=0))
                & (Q(cap_lifetime__isnull=True) | Q(cap_lifetime__gte=0))
                & (Q(approval_threshold__isnull=True) | Q(approval_threshold__gte=0)),
                name="mandate_not_negative",
            ),
        ]


class Decision(models.Model):
    """Why a job was, or was not, allowed to hold credits: the counters before it, and what decided.

    `counters` maps each window to `{cap, used, held, resets_at}` as read under the organization's lock, when the
    ledger stood at `ledger_seq`. Equal denials within a minute raise `count` on one row.
    """

    class Outcome(models.TextChoices):
        """What became of the request."""

        ALLOWED = "allowed"
        DENIED = "denied"
        APPROVAL = "approval"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="decisions")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="decisions")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="decisions")
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, null=True, related_name="decision")
    job_id = reference_field(blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    reason = models.CharField(max_length=32)
    needed_credits = models.IntegerField()
    counters = models.JSONField()
    approved = models.BooleanField(default=False)
    """Whether an owner approved exactly this plan before."""
    ledger_seq = models.BigIntegerField()
    count = models.IntegerField(default=1)
    decided_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["allowed", "denied", "approval"]), name="decision_known"
            ),
            models.CheckConstraint(
                condition=Q(count__gt=0, last_at__gte=F("decided_at")), name="decision_counted"
            ),
        ]
        indexes = [
            models.Index(fields=["agent", "-id"], name="decision_by_agent"),
            models.Index(
                fields=["organization", "-decided_at", "-id"],
                condition=Q(hold__isnull=True),
                name="decision_refused",
            ),
        ]
