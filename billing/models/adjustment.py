"""Credits that staff adds or takes, and what else staff does about money: who, why, and for which ticket."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Organization, User
from imageskill.core.ids import PublicIdField, reference_field


class Adjustment(models.Model):
    """Credits that a member of staff adds (positive) or takes (negative); many of them wait for a second person.

    `reason` is told to the owners, `ticket` to staff alone. A waiting one can be approved until `expires_at`.
    `feedback_id` is the report that it makes good, if it is for one.
    """

    class State(models.TextChoices):
        """`applied` moved the credits, in the transaction that set it; `denied` never will."""

        WAITING = "waiting"
        APPLIED = "applied"
        DENIED = "denied"

    id = PublicIdField("adj", primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="adjustments")
    credits = models.IntegerField()
    reason = models.CharField(max_length=140)
    ticket = models.CharField(max_length=64)
    feedback_id = reference_field(blank=True, db_default="")
    state = models.CharField(max_length=8, choices=State)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    """The second person; null while it waits, and where one person was enough."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(credits=0), name="adjustment_of_something"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "applied", "denied"]), name="adjustment_state_known"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(state="applied") | ~Q(decided_by=F("requested_by")),
                name="adjustment_by_two_people",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(ticket=""), name="adjustment_has_a_reason"),
        ]
        indexes = [
            models.Index(fields=["organization", "requested_by", "created_at"], name="adjustment_by_person"),
            models.Index(fields=["id"], condition=Q(state="waiting"), name="adjustment_waiting"),
            models.Index(fields=["feedback_id"], condition=~Q(feedback_id=""), name="adjustment_by_feedback"),
        ]


class StaffAct(models.Model):
    """One act of a member of staff about money, as staff reads it; owners get an event that names the role."""

    class Act(models.TextChoices):
        """What was done to the subject."""

        REPLAY = "replay"
        IGNORE = "ignore"
        CHECK = "check"
        REFUND = "refund"

    act = models.CharField(max_length=8, choices=Act)
    staff = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    subject_id = models.CharField(max_length=128)
    organization_id = reference_field(blank=True)
    reason = models.CharField(max_length=140, blank=True)
    ticket = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(act__in=["replay", "ignore", "check", "refund"]), name="staff_act_known"
            )
        ]
        indexes = [models.Index(fields=["subject_id", "-id"], name="staff_act_by_subject")]
