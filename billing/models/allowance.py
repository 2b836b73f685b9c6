"""The free allowance, once a mailbox."""

from django.db import models

from accounts.models import Organization
from imageskill.core.ids import reference_field


class FreeAllowance(models.Model):
    """One mailbox's allowance; the unique digest decides which of two first touches gets it."""

    contact_digest = models.CharField(max_length=64, unique=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    agent_id = reference_field()
    network = models.CharField(max_length=64)
    granted_credits = models.IntegerField()
    opened_at = models.DateTimeField()
