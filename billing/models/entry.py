"""The ledger: double entry, append-only, a hash chain an organization."""

from typing import Any, NoReturn

from django.db import models
from django.db.models import Q

from accounts.models import Organization
from billing.models.account import CreditLot
from billing.models.hold import Hold
from imageskill.core.ids import reference_field


class EntryKind(models.TextChoices):
    """Why credits moved."""

    GRANT = "grant"
    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    REVERSE = "reverse"
    RESTORE = "restore"
    REPAY = "repay"
    TRANSFER = "transfer"
    LAPSE = "lapse"
    ADJUST = "adjust"


class LedgerEntry(models.Model):
    """One movement of credits from one book to another, of one organization and one lot.

    An organization's books are `available`, `held`, `frozen` and `debt` (below zero: what it owes); the house's
    are `house.allowance` and `house.promotions` (what it gave), `house.sales` (what it sold), `house.revenue`
    (what it earned), `house.reversals` (what it took back) and `house.adjustments` (what staff put right). What
    leaves one book enters another, so all books always sum to zero; `transfer` is the way between two
    organizations and sums to zero over both.
    `sha256` covers the entry and the one before it (`previous_sha256`); the account keeps the last.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="ledger_entries")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=EntryKind)
    from_book = models.CharField(max_length=32)
    to_book = models.CharField(max_length=32)
    credits = models.IntegerField()
    lot = models.ForeignKey(CreditLot, on_delete=models.PROTECT, related_name="entries")
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="entries")
    job_id = reference_field(blank=True)
    actor_type = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=64)
    reason = models.CharField(max_length=64)
    price_version = models.CharField(max_length=64, blank=True)
    receipt_id = reference_field(blank=True)
    reference = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField()
    previous_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(credits__gt=0), name="entry_moves_something"),
            models.CheckConstraint(condition=~Q(from_book=models.F("to_book")), name="entry_has_two_sides"),
            models.UniqueConstraint(fields=["organization", "seq"], name="entry_seq_once"),
            models.UniqueConstraint(
                fields=["hold", "kind", "lot"], condition=Q(hold__isnull=False), name="entry_once_per_hold"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="entry_by_organization"),
            models.Index(fields=["organization", "created_at"], name="entry_by_time"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        """Write a new entry; an entry is never changed."""
        if not self._state.adding:
            raise TypeError("a ledger entry is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ANN401 - Django's signature
        """Refuse: an entry is never removed."""
        raise TypeError("a ledger entry is never removed")
