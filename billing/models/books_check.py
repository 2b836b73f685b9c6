"""Checks of the books: how far each account was proven, when, and what did not fit."""

from django.db import models
from django.db.models import Q

from accounts.models import Organization
from imageskill.core.ids import reference_field


class AccountCheckpoint(models.Model):
    """What an account's entries up to `seq` sum to, as a check proved it; `sha256` is that entry's hash.

    The columns are those of `CreditAccount`; `transfer_credits` is what stands in the book between organizations.
    """

    organization = models.OneToOneField(
        Organization, on_delete=models.PROTECT, primary_key=True, related_name="credit_checkpoint"
    )
    seq = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    free_credits = models.IntegerField(default=0)
    promo_credits = models.IntegerField(default=0)
    paid_credits = models.IntegerField(default=0)
    held_credits = models.IntegerField(default=0)
    frozen_credits = models.IntegerField(default=0)
    debt_credits = models.IntegerField(default=0)
    transfer_credits = models.IntegerField(default=0)
    proven_at = models.DateTimeField()


class BooksRun(models.Model):
    """One check of the books: of everything (`full`), or of what came after the checkpoints."""

    full = models.BooleanField()
    unconfirmed = models.IntegerField()
    confirmed = models.IntegerField()
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="books_run_by_age")]


class BooksFinding(models.Model):
    """A row that did not fit its entries: confirmed when a second check finds it too, cleared when none does.

    `deep` is what only a full check sees, so that only a full check clears it.
    """

    what = models.CharField(max_length=32)
    row_id = models.CharField(max_length=64)
    organization_id = reference_field(blank=True)
    told = models.CharField(max_length=255)
    deep = models.BooleanField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["what", "row_id"], condition=Q(cleared_at__isnull=True), name="books_finding_open_once"
            )
        ]
        indexes = [models.Index(fields=["organization_id"], name="books_finding_by_organization")]
