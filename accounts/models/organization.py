"""The organization: who owns credits, and the one row that money and rights lock."""

from django.db import models

from imageskill.core.ids import PublicIdField


class Organization(models.Model):
    """A workspace. Until a human claims its agent it is a shell of that agent's own.

    A claim into another workspace merges the shell: `merged_into` names the workspace that has its agent now. What
    happened in the shell stays there, is read through this pointer, and whatever credits still come back to it
    pass on in the same transaction.
    """

    id = PublicIdField("org", primary_key=True)
    name = models.CharField(max_length=120)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="shells")
    merged_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("id")), name="organization_merges_into_another"
            )
        ]
