"""Assets: pictures that were made or uploaded."""

from django.db import models
from django.db.models import Q

from accounts.models import Agent, Organization
from creative.models.job import Job
from imageskill.core.ids import PublicIdField


class Asset(models.Model):
    """One picture. Its id is the key to its bytes; a deleted one keeps its row."""

    class Kind(models.TextChoices):
        """Where it comes from."""

        GENERATED = "generated"
        UPLOADED = "uploaded"

    id = PublicIdField("image", primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="assets")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="assets")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="assets")
    kind = models.CharField(max_length=16, choices=Kind)
    position = models.IntegerField()
    storage_key = models.CharField(max_length=200)
    mime_type = models.CharField(max_length=32)
    content_length = models.IntegerField()
    width = models.IntegerField()
    height = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="asset_once_per_place"),
            models.CheckConstraint(condition=Q(kind__in=["generated", "uploaded"]), name="asset_kind_known"),
        ]
        indexes = [models.Index(fields=["agent", "-id"], name="asset_by_agent")]
