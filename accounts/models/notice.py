"""A notice: a line that the service owes an agent."""

from django.db import models

from accounts.models.agent import Agent


class Notice(models.Model):
    """One line for one agent, told once. Its text is the house's own: a template with ids, or staff's words."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    text = models.CharField(max_length=800)
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["agent", "id"], condition=models.Q(told_at=None), name="notice_untold"),
            models.Index(fields=["created_at"], name="notice_by_age"),
        ]
