"""Proofs of the caps: how many decisions were compared with the ledger, and which of them do not fit it."""

from django.db import models


class CapsRun(models.Model):
    """One proof of every cap: decisions compared, those beyond a cap, offences; the first of them in words."""

    decisions = models.IntegerField()
    overspent = models.IntegerField()
    offences = models.IntegerField()
    first_offences = models.JSONField(default=list)
    tightest = models.CharField(max_length=128)
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="caps_run_by_age")]
