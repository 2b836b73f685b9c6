"""Feedback: what agents report, the evidence they cite, the words by which alike ones are found, its history."""

from django.db import models
from django.db.models import Q

from accounts.models import Agent, Organization
from imageskill.core.ids import PublicIdField, reference_field

_OPEN = Q(state__in=["received", "needs_proof", "accepted", "regressed"], snoozed_at__isnull=True)


class Feedback(models.Model):
    """One report. What its agent wrote is shown to its owner and to staff only, and as text only.

    `public_title` and `public_answer` are written by staff; others see those and nothing else. `answer` is staff's
    word to the reporter. `canonical` is the report of which this one is a duplicate; unsetting it undoes a merge.
    `reports` counts how often it was sent. `snoozed_at` hides it from the inbox and changes nothing for its agent.
    `priority` is in thousandths, see `creative/feedback/priority.py`.
    """

    class State(models.TextChoices):
        """Where it stands; `regressed` was fixed and came back."""

        RECEIVED = "received"
        NEEDS_PROOF = "needs_proof"
        ACCEPTED = "accepted"
        FIXED = "fixed"
        DECLINED = "declined"
        DUPLICATE = "duplicate"
        REGRESSED = "regressed"

    id = PublicIdField("sig", primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="feedback")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="feedback")
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED)
    type = models.CharField(max_length=48)
    severity = models.CharField(max_length=8)
    confidence = models.CharField(max_length=8)
    next_state = models.CharField(max_length=48)
    said = models.JSONField(default=dict)
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    command = models.TextField(blank=True)
    expected = models.TextField(blank=True)
    actual = models.TextField(blank=True)
    proof_needed = models.TextField(blank=True)
    friction = models.TextField(blank=True)
    strategic_reason = models.TextField(blank=True)
    surface = models.JSONField(default=list)
    source = models.CharField(max_length=120, blank=True)
    dedupe_key = models.CharField(max_length=200, blank=True)
    command_key = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=48, blank=True)
    quality_score = models.IntegerField()
    missing = models.JSONField(default=list)
    is_weak = models.BooleanField()
    reports = models.IntegerField(default=1)
    credits_affected = models.IntegerField(default=0)
    priority = models.IntegerField(default=0)
    answer = models.CharField(max_length=500, blank=True)
    resolved_in = models.CharField(max_length=40, blank=True)
    public_title = models.CharField(max_length=200, blank=True)
    public_answer = models.CharField(max_length=500, blank=True)
    canonical = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="duplicates")
    assignee_id = reference_field(blank=True)
    snoozed_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    snooze_reports = models.IntegerField(null=True)
    snooze_version = models.CharField(max_length=40, blank=True)
    trace_id = reference_field()
    created_at = models.DateTimeField()
    last_reported_at = models.DateTimeField()
    triaged_at = models.DateTimeField(null=True)
    state_changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "agent", "dedupe_key"],
                condition=~Q(dedupe_key=""),
                name="feedback_once_per_key",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        *("received", "needs_proof", "accepted", "fixed"),
                        *("declined", "duplicate", "regressed"),
                    ]
                ),
                name="feedback_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state="duplicate", canonical__isnull=False)
                | (~Q(state="duplicate") & Q(canonical__isnull=True)),
                name="feedback_duplicate_of_something",
            ),
            models.CheckConstraint(condition=Q(reports__gte=1), name="feedback_was_reported"),
        ]
        indexes = [
            models.Index(fields=["agent", "-id"], name="feedback_by_agent"),
            models.Index(fields=["organization", "-id"], name="feedback_by_organization"),
            models.Index(
                fields=["state", "-priority", "-id"],
                condition=Q(snoozed_at__isnull=True),
                name="feedback_to_triage",
            ),
            models.Index(
                fields=["snoozed_until", "id"], condition=Q(snoozed_at__isnull=False), name="feedback_snoozed"
            ),
            models.Index(
                fields=["command_key", "error_code", "-id"],
                condition=~Q(public_title=""),
                name="feedback_public_by_command",
            ),
            models.Index(
                fields=["state", "type", "-priority", "-id"],
                condition=Q(snoozed_at__isnull=True),
                name="feedback_to_triage_by_type",
            ),
            models.Index(fields=["type", "-id"], name="feedback_by_type"),
            models.Index(fields=["assignee_id", "-id"], name="feedback_by_assignee"),
            models.Index(
                fields=["-snoozed_at", "-id"], condition=Q(snoozed_at__isnull=False), name="feedback_asleep"
            ),
            models.Index(
                fields=["type", "-snoozed_at", "-id"],
                condition=Q(snoozed_at__isnull=False),
                name="feedback_asleep_by_type",
            ),
            # Without those that repeat nothing: among them all, SQLite takes the key of a report for a common one.
            models.Index(fields=["canonical"], condition=Q(canonical__isnull=False), name="feedback_of_original"),
            models.Index(fields=["command_key", "error_code", "-id"], name="feedback_by_failure"),
            models.Index(fields=["severity", "-priority"], condition=_OPEN, name="feedback_open"),
            models.Index(fields=["created_at"], condition=_OPEN, name="feedback_open_by_age"),
            models.Index(fields=["-triaged_at"], condition=Q(triaged_at__isnull=False), name="feedback_triaged"),
            models.Index(
                fields=["state", "-state_changed_at", "-id"],
                condition=~Q(public_title=""),
                name="feedback_published",
            ),
        ]


class FeedbackTerm(models.Model):
    """A telling word of a report (`is_public` false) or of what staff wrote about it; `of` is how many it has."""

    feedback = models.ForeignKey(Feedback, on_delete=models.CASCADE, related_name="terms")
    term = models.CharField(max_length=32)
    is_public = models.BooleanField(default=False)
    of = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feedback", "is_public", "term"], name="feedback_term_once")
        ]
        indexes = [
            models.Index(
                fields=["term", "-feedback"], condition=Q(is_public=True), name="feedback_public_by_term"
            ),
            models.Index(fields=["term", "-feedback"], condition=Q(is_public=False), name="feedback_by_term"),
        ]


class FeedbackEvidence(models.Model):
    """What a report cites, as a string; `is_known`: it is the reporter's own and was there when it came."""

    feedback = models.ForeignKey(Feedback, on_delete=models.PROTECT, related_name="evidence")
    reference = models.CharField(max_length=500)
    kind = models.CharField(max_length=16)
    is_known = models.BooleanField()
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feedback", "reference"], name="feedback_evidence_once")]


class FeedbackChange(models.Model):
    """One step in a report's history, append-only: `reason` is told to the reporter, `note` to staff only."""

    feedback = models.ForeignKey(Feedback, on_delete=models.PROTECT, related_name="changes")
    from_state = models.CharField(max_length=12)
    to_state = models.CharField(max_length=12)
    reason = models.CharField(max_length=500, blank=True)
    note = models.TextField(blank=True)
    resolved_in = models.CharField(max_length=40, blank=True)
    actor_type = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()
