"""The organization: who owns credits, and the one row that money and rights lock."""

from django.db import models

from imageskill.core.ids import PublicIdField


class Organization(models.Model):
    """A workspace. Until a human claims its agent it is a shell of that agent's own."""

    id = PublicIdField("org", primary_key=True)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
