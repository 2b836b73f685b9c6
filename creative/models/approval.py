"""A plan that waits for its owner's decision."""

from django.db import models
from django.db.models import Q

from accounts.models import Agent, Organization
from creative.models.job import Job


class Approval(models.Model):
    """The card of one waiting job: exactly its plan is approved once, or denied with a reason."""

    class State(models.TextChoices):
        """All but the first are final."""

        WAITING = "waiting"
        APPROVED = "approved"
        DENIED = "denied"
        EXPIRED = "expired"

    job = models.OneToOneField(Job, on_delete=models.PROTECT, primary_key=True, related_name="approval")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="approvals")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="approvals")
    plan_sha256 = models.CharField(max_length=64)
    credits = models.IntegerField()
    threshold = models.IntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=200, blank=True)
    decider_type = models.CharField(max_length=16, blank=True)
    decider_id = models.CharField(max_length=64, blank=True)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "approved", "denied", "expired"]), name="approval_state_known"
            )
        ]
        indexes = [
            models.Index(fields=["agent", "plan_sha256"], name="approval_by_plan"),
            models.Index(fields=["expires_at"], condition=Q(state="waiting"), name="approval_waiting"),
        ]
