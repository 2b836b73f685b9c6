"""Prices that staff put in force over those of the data files."""

from django.db import models
from django.db.models import Q


class PriceVersion(models.Model):
    """One change of a model's price, append-only; the one without `ended_at` is in force.

    `document` is a price as schema.json has it; null puts the data file's own back. It lies over one version of
    the file (`file_version`) and ends with it: a release that brings another price is newer than what staff wrote.
    `number` counts a model's changes from 1; a form names the one it was shown.
    """

    model_id = models.CharField(max_length=64)
    number = models.IntegerField()
    version = models.CharField(max_length=64)
    file_version = models.CharField(max_length=64)
    document = models.JSONField(null=True)
    reason = models.CharField(max_length=150)
    actor_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model_id", "number"], name="price_version_once"),
            models.UniqueConstraint(
                fields=["model_id"], condition=Q(ended_at__isnull=True), name="price_version_one_in_force"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="price_version_counts_from_one"),
            models.CheckConstraint(condition=~Q(reason=""), name="price_version_has_a_reason"),
        ]
