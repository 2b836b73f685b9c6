"""Who belongs to a workspace, and as what."""

from django.db import models
from django.db.models import Q

from accounts.models.organization import Organization
from accounts.models.user import User


class Role(models.TextChoices):
    """An owner decides everything, an admin all but members and money, a viewer looks."""

    OWNER = "owner"
    ADMIN = "admin"
    VIEWER = "viewer"


class Membership(models.Model):
    """One person's place in one workspace."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    """When the person last had the overview open; an observation, on which no right rests."""
    new_since = models.DateTimeField(null=True)
    """What happened after this is new to the person: the end of the visit before this one; null in the first."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "admin", "viewer"]), name="membership_role_known"
            ),
        ]
