"""Assets: pictures that were made or uploaded."""

from django.db import models
from django.db.models import Q

from accounts.models import Agent, Organization
from creative.models.job import Job
from imageskill.core.ids import PublicIdField


class Asset(models.Model):
    """One picture. Its id is the key to its bytes; a deleted one keeps its row.

    Equal bytes of an organization lie in the storage once: then several rows name one `storage_key`.
    `thumbnails_at` is when its thumbnails were made; null while they are wanted.
    """

    class Kind(models.TextChoices):
        """Where it comes from."""

        GENERATED = "generated"
        UPLOADED = "uploaded"

    id = PublicIdField("image", primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="assets")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="assets")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="assets")
    kind = models.CharField(max_length=16, choices=Kind)
    position = models.IntegerField()
    storage_key = models.CharField(max_length=200)
    mime_type = models.CharField(max_length=32)
    content_length = models.IntegerField()
    width = models.IntegerField()
    height = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    thumbnails_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="asset_once_per_place"),
            models.CheckConstraint(condition=Q(kind__in=["generated", "uploaded"]), name="asset_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="generated", job__isnull=False) | Q(kind="uploaded", job__isnull=True),
                name="asset_comes_from_a_job_or_an_upload",
            ),
        ]
        indexes = [
            models.Index(fields=["agent", "-id"], name="asset_by_agent"),
            models.Index(fields=["organization", "-id"], name="asset_by_organization"),
            models.Index(
                fields=["organization", "-id"],
                condition=Q(deleted_at__isnull=True),
                name="asset_live_by_organization",
            ),
            models.Index(fields=["organization", "sha256"], name="asset_by_content"),
            models.Index(fields=["storage_key"], name="asset_by_key"),
            models.Index(fields=["sha256"], name="asset_by_digest"),
            models.Index(
                fields=["id"],
                condition=Q(thumbnails_at__isnull=True, deleted_at__isnull=True),
                name="asset_without_thumbnails",
            ),
        ]


class JobInput(models.Model):
    """A picture that goes into a job: what an edit changes, its mask, or a reference."""

    class Role(models.TextChoices):
        """What the picture is for."""

        INPUT = "input"
        MASK = "mask"
        REFERENCE = "reference"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="inputs")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="uses")
    role = models.CharField(max_length=9, choices=Role)
    position = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "role", "position"], name="job_input_once_per_place"),
            models.CheckConstraint(
                condition=Q(role__in=["input", "mask", "reference"]), name="job_input_role_known"
            ),
        ]


class Quarantine(models.Model):
    """Bytes that nobody may keep here, whoever brings them; by the digest of what was received or stored.

    `reason` is for staff alone. `blocked` counts what was brought since and refused. From `released_at` on the
    bytes are allowed again; what was taken away does not come back.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    reason = models.CharField(max_length=200)
    actor_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    blocked = models.IntegerField(default=0, db_default=0)
    blocked_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    release_reason = models.CharField(max_length=200, blank=True, db_default="")
    released_by = models.CharField(max_length=64, blank=True, db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | ~Q(release_reason=""),
                name="quarantine_released_for_a_reason",
            )
        ]
        indexes = [models.Index(fields=["-created_at", "sha256"], name="quarantine_newest")]
