"""Balances: one row an organization, and the lots that they consist of."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Organization
from imageskill.core.ids import reference_field


class LotKind(models.TextChoices):
    """Where credits come from; they are spent in this order."""

    FREE = "free"
    PROMO = "promo"
    PAID = "paid"


class CreditAccount(models.Model):
    """What an organization has, by kind, without what is held or frozen; always equal to the sum of its entries.

    `debt_credits` is what it owes after money went back for credits that it had spent; nothing is held before it
    is repaid. `entry_seq` and `chain_head` are the number and the hash of its last ledger entry.

    Where an alert is set, `is_low` turns true when less than `low_credits` is available, and false again when
    `rearm_credits` are: in the act that moves them, so that each fall is noticed once.
    """

    organization = models.OneToOneField(
        Organization, on_delete=models.PROTECT, primary_key=True, related_name="credit_account"
    )
    free_credits = models.IntegerField(default=0)
    promo_credits = models.IntegerField(default=0)
    paid_credits = models.IntegerField(default=0)
    held_credits = models.IntegerField(default=0)
    frozen_credits = models.IntegerField(default=0)
    debt_credits = models.IntegerField(default=0)
    entry_seq = models.BigIntegerField(default=0)
    chain_head = models.CharField(max_length=64, blank=True)
    low_credits = models.IntegerField(null=True)
    rearm_credits = models.IntegerField(null=True)
    is_low = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(low_credits__isnull=True, rearm_credits__isnull=True)
                | Q(low_credits__gt=0, rearm_credits__gt=F("low_credits")),
                name="account_alert_with_hysteresis",
            ),
            models.CheckConstraint(condition=Q(free_credits__gte=0), name="account_free_not_negative"),
            models.CheckConstraint(condition=Q(promo_credits__gte=0), name="account_promo_not_negative"),
            models.CheckConstraint(condition=Q(paid_credits__gte=0), name="account_paid_not_negative"),
            models.CheckConstraint(condition=Q(held_credits__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(condition=Q(frozen_credits__gte=0), name="account_frozen_not_negative"),
            models.CheckConstraint(condition=Q(debt_credits__gte=0), name="account_debt_not_negative"),
        ]
        indexes = [
            models.Index(fields=["-debt_credits"], condition=Q(debt_credits__gt=0), name="account_in_debt"),
            models.Index(fields=["-frozen_credits"], condition=Q(frozen_credits__gt=0), name="account_frozen"),
        ]

    @property
    def available_credits(self) -> int:
        """What can be held now, of every kind."""
        return self.free_credits + self.promo_credits + self.paid_credits


class CreditLot(models.Model):
    """Credits that came at one time from one source.

    What is neither available, held, frozen (while its payment is disputed), reversed (its money went back), moved
    (to another organization) nor lapsed (when its agent was claimed) was spent. `indebted_credits` went back too,
    but had been spent or held by then: that much of the lot became the organization's debt.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="credit_lots")
    kind = models.CharField(max_length=8, choices=LotKind)
    source = models.CharField(max_length=64)
    receipt_id = reference_field(blank=True)
    live_money = models.BooleanField(default=False)
    granted_credits = models.IntegerField()
    available_credits = models.IntegerField(default=0)
    held_credits = models.IntegerField(default=0)
    frozen_credits = models.IntegerField(default=0)
    reversed_credits = models.IntegerField(default=0)
    indebted_credits = models.IntegerField(default=0)
    moved_credits = models.IntegerField(default=0)
    lapsed_credits = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LotKind.values), name="lot_kind_known"),
            models.CheckConstraint(condition=Q(available_credits__gte=0), name="lot_available_not_negative"),
            models.CheckConstraint(condition=Q(held_credits__gte=0), name="lot_held_not_negative"),
            models.CheckConstraint(
                condition=Q(
                    frozen_credits__gte=0,
                    reversed_credits__gte=0,
                    indebted_credits__gte=0,
                    moved_credits__gte=0,
                    lapsed_credits__gte=0,
                ),
                name="lot_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    granted_credits__gte=F("available_credits")
                    + F("held_credits")
                    + F("frozen_credits")
                    + F("reversed_credits")
                    + F("moved_credits")
                    + F("lapsed_credits")
                ),
                name="lot_within_grant",
            ),
        ]
        indexes = [
            models.Index(fields=["receipt_id"], condition=~Q(receipt_id=""), name="lot_by_receipt"),
            models.Index(
                fields=["organization", "id"], condition=Q(available_credits__gt=0), name="lot_spendable"
            ),
        ]
