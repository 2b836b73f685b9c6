"""Jobs and their attempts."""

from django.db import models
from django.db.models import Q

from accounts.models import Agent, Organization
from billing.models import Hold
from creative.models.veiled import ParametersField, PromptField
from imageskill.core.ids import PublicIdField, reference_field


class Job(models.Model):
    """One create or edit, from its plan to its end.

    A worker owns a running job by `lease_epoch`, which rises with each take-over; every transition is a
    guarded UPDATE on id, epoch and state, so a worker that lost its lease changes nothing.
    """

    class State(models.TextChoices):
        """`planned` is a dry run; `completed`, `failed` and `canceled` are final."""

        PLANNED = "planned"
        AWAITING_APPROVAL = "awaiting_approval"
        QUEUED = "queued"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELED = "canceled"

    FINAL = (State.COMPLETED, State.FAILED, State.CANCELED)

    id = PublicIdField("job", primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="jobs")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="jobs")
    token_id = reference_field()
    operation = models.CharField(max_length=16)
    state = models.CharField(max_length=20, choices=State)
    capability_id = models.CharField(max_length=64)
    model_id = models.CharField(max_length=64)
    intent = models.CharField(max_length=64, blank=True)
    prompt = PromptField()
    parameters = ParametersField()
    selection = models.JSONField()
    output_count = models.IntegerField()
    expected_width = models.IntegerField(null=True)
    expected_height = models.IntegerField(null=True)
    credits_required = models.IntegerField()
    credits_per_output = models.IntegerField()
    settled_credits = models.IntegerField(default=0)
    cost_micros = models.BigIntegerField()
    pricing_confidence = models.CharField(max_length=16)
    price_version = models.CharField(max_length=64)
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, null=True, related_name="+")
    retry_of = reference_field(blank=True)
    trace_id = reference_field()
    lease_epoch = models.IntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=48, blank=True)
    error_message = models.CharField(max_length=300, blank=True)
    error_reason = models.CharField(max_length=48, blank=True)
    safety_status = models.CharField(max_length=16, default="allowed")
    created_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "planned",
                        "awaiting_approval",
                        "queued",
                        "running",
                        "completed",
                        "failed",
                        "canceled",
                    ]
                ),
                name="job_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "running"]) | Q(hold__isnull=False),
                name="job_runs_on_a_hold",
            ),
        ]
        indexes = [
            models.Index(fields=["agent", "-id"], name="job_by_agent"),
            models.Index(fields=["organization", "-id"], name="job_by_organization"),
            models.Index(
                fields=["organization", "-id"],
                condition=Q(state__in=["failed", "canceled"]),
                name="job_unmade_by_organization",
            ),
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(state__in=["queued", "running"]),
                name="job_unfinished",
            ),
        ]

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in self.FINAL


class Attempt(models.Model):
    """One call of a provider, committed before the call is made, so that a crash leaves a trace of it.

    `outputs` lists what was stored: `asset_id, key, sha256, mime_type, content_length, width, height`. The cost is
    the provider's own word where `cost_was_reported`, else what the catalogue says.
    """

    class State(models.TextChoices):
        """`superseded`, `late_result` and `house_exposure` are what a lost lease or a crash left behind."""

        CALLING = "calling"
        SUBMITTED = "submitted"
        STORED = "stored"
        DONE = "done"
        FAILED = "failed"
        SUPERSEDED = "superseded"
        LATE_RESULT = "late_result"
        HOUSE_EXPOSURE = "house_exposure"

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="attempts")
    lease_epoch = models.IntegerField()
    state = models.CharField(max_length=16, choices=State, default=State.CALLING)
    request_id = models.CharField(max_length=128, blank=True)
    urls = models.JSONField(default=dict)
    outputs = models.JSONField(default=list)
    not_stored = models.IntegerField(default=0)
    provider_cost_micros = models.BigIntegerField(default=0)
    cost_was_reported = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "lease_epoch"], name="attempt_once_per_lease")]
