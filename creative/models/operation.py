"""What keeps providers in bounds: switches that stop them, and the slots of their concurrent calls."""

from django.db import models
from django.db.models import Q

from creative.models.job import Job


class KillSwitch(models.Model):
    """A provider or a model that takes no calls now; read from the database right before each call.

    `target` is `provider:ID` or `model:ID`. An automatic one is set by the service itself (a bad key, an empty
    account, a price that does not hold) and lifted by a probe; a manual one is lifted by whoever may.
    """

    class Kind(models.TextChoices):
        """Who set it."""

        MANUAL = "manual"
        AUTOMATIC = "automatic"

    target = models.CharField(max_length=80, primary_key=True)
    is_on = models.BooleanField()
    kind = models.CharField(max_length=9, choices=Kind)
    reason = models.CharField(max_length=200)
    strikes = models.IntegerField(default=0)
    version = models.IntegerField(default=0)
    actor_id = models.CharField(max_length=64)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["manual", "automatic"]), name="kill_switch_kind_known")
        ]


class ProviderSlot(models.Model):
    """One of the calls that a provider may have at once, shared by all processes.

    Taken by a guarded UPDATE; a slot whose lease has expired is free again.
    """

    provider_id = models.CharField(max_length=32)
    number = models.IntegerField()
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider_id", "number"], name="provider_slot_once")]
