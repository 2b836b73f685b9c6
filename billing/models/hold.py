"""Holds: credits set aside for one job, and what became of them."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Agent, Organization
from imageskill.core.ids import PublicIdField, reference_field


class Hold(models.Model):
    """Credits of one job: open while it runs, then settled or released, once and for ever."""

    class State(models.TextChoices):
        """Both ends are final."""

        OPEN = "open"
        SETTLED = "settled"
        RELEASED = "released"

    id = PublicIdField("hold", primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="holds")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="holds")
    job_id = reference_field(unique=True)
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    credits = models.IntegerField()
    free_credits = models.IntegerField()
    settled_credits = models.IntegerField(default=0)
    price_version = models.CharField(max_length=64)
    authorised_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "settled", "released"]), name="hold_state_known"
            ),
            models.CheckConstraint(condition=Q(credits__gt=0), name="hold_holds_something"),
            models.CheckConstraint(
                condition=Q(free_credits__gte=0, free_credits__lte=F("credits")), name="hold_free_within"
            ),
            models.CheckConstraint(
                condition=Q(settled_credits__gte=0, settled_credits__lte=F("credits")),
                name="hold_settled_within",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "authorised_at"], name="hold_by_day"),
            models.Index(fields=["agent", "authorised_at"], name="hold_by_agent"),
            models.Index(fields=["authorised_at"], condition=Q(state="open"), name="hold_open_by_age"),
        ]


class SpendBucket(models.Model):
    """What an agent held and spent in a quarter hour (UTC), by the instant of authorisation.

    Every zone's midnight meets a quarter hour, so any window is a sum of whole buckets.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="spend_buckets")
    start = models.DateTimeField()
    settled_credits = models.IntegerField(default=0)
    held_credits = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "organization", "start"], name="spend_bucket_once"),
            models.CheckConstraint(
                condition=Q(settled_credits__gte=0, held_credits__gte=0), name="spend_bucket_not_negative"
            ),
        ]


class UsageEvent(models.Model):
    """What a job consumed: made when its hold settles, named by activity and receipts."""

    id = PublicIdField("usage", primary_key=True)
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="usage")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    job_id = reference_field(unique=True)
    credits = models.IntegerField()
    provider_cost_micros = models.BigIntegerField()
    created_at = models.DateTimeField()
