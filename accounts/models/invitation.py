"""An invitation into a workspace, bound to one address."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models.membership import Role
from accounts.models.organization import Organization
from accounts.models.user import User


class Invitation(models.Model):
    """Whoever has shown to own `email` may join once, until `ends_at`. No token could be passed on."""

    class State(models.TextChoices):
        """Where the invitation stands; it moves once."""

        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=8, choices=Role)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(Lower("email"), "state", name="invitation_by_address")]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "organization",
                condition=Q(state="open"),
                name="invitation_one_open_an_address",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "admin", "viewer"]), name="invitation_role_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "accepted", "declined", "withdrawn"]),
                name="invitation_state_known",
            ),
        ]

    @property
    def public_id(self) -> str:
        """How activity names it. It opens nothing: whoever accepts has to own the address."""
        return f"inv_{self.pk}"
