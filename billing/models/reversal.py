"""Money that went, or may go, back: refunds and disputes, keyed by the payment provider's own ids."""

from django.db import models
from django.db.models import Q

from billing.models.purchase import Receipt
from imageskill.core.ids import PublicIdField


class Reversal(models.Model):
    """One refund, dispute or warning of fraud as the provider last told it.

    All of a receipt's together decide on its credits. It may be known before the receipt is (`receipt` null): then
    it waits under its payment intent. A refund that we ask for stands under our own id until the provider has one.
    """

    class Kind(models.TextChoices):
        """Who asked for the money."""

        REFUND = "refund"
        DISPUTE = "dispute"
        WARNING = "warning"

    class Effect(models.TextChoices):
        """What it does to credits now: nothing, out of reach, or taken back."""

        NONE = "none"
        FREEZES = "freezes"
        TAKES = "takes"

    id = PublicIdField("reversal", primary_key=True)
    kind = models.CharField(max_length=8, choices=Kind)
    provider_id = models.CharField(max_length=128, unique=True)
    payment_intent = models.CharField(max_length=128)
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, null=True, related_name="reversals")
    amount_cents = models.IntegerField()
    status = models.CharField(max_length=32)
    effect = models.CharField(max_length=8, choices=Effect, default=Effect.NONE)
    reason = models.CharField(max_length=64, blank=True)
    tries = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["refund", "dispute", "warning"]), name="reversal_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(effect__in=["none", "freezes", "takes"]), name="reversal_effect_known"
            ),
            models.CheckConstraint(condition=Q(amount_cents__gte=0), name="reversal_not_negative"),
        ]
        indexes = [models.Index(fields=["payment_intent"], name="reversal_by_intent")]
