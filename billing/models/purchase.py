"""Buying credits: the quote, the attempt to pay it, and the receipt of what was granted.

Each belongs to who asked for it: an agent, or a person who bought for a workspace.
"""

from django.db import models
from django.db.models import F, Q

from accounts.models import Agent, Organization, User
from imageskill.core.ids import PublicIdField, reference_field

_ONE_BUYER = Q(agent__isnull=False, user__isnull=True) | Q(agent__isnull=True, user__isnull=False)


class PaymentMethod(models.TextChoices):
    """How a quote is paid; each is a rail under `billing/rails/`."""

    FAKE = "fake"
    STRIPE_CHECKOUT = "stripe_checkout"


class Quote(models.Model):
    """The terms of a purchase, fixed for a day. A quote grants nothing."""

    id = PublicIdField("quote", primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="quotes")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="quotes")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    credits = models.IntegerField()
    amount_cents = models.IntegerField()
    pack_id = models.CharField(max_length=32, blank=True)
    payment_method = models.CharField(max_length=32, choices=PaymentMethod)
    live_money = models.BooleanField()
    idempotency_key = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(credits__gt=0, amount_cents__gt=0), name="quote_of_something"),
            models.CheckConstraint(
                condition=Q(payment_method__in=["fake", "stripe_checkout"]), name="quote_method_known"
            ),
            models.CheckConstraint(condition=_ONE_BUYER, name="quote_of_one_buyer"),
        ]
        indexes = [models.Index(fields=["agent", "-id"], name="quote_by_agent")]


class PaymentAttempt(models.Model):
    """One try to pay a quote: committed before the payment provider is called, ended by what it reports."""

    class State(models.TextChoices):
        """`created` has no session at the provider yet; late money is credited even after the last three."""

        CREATED = "created"
        ACTION_REQUIRED = "action_required"
        PROCESSING = "processing"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        EXPIRED = "expired"

    OPEN = (State.CREATED, State.ACTION_REQUIRED, State.PROCESSING)

    id = PublicIdField("payatt", primary_key=True)
    quote = models.ForeignKey(Quote, on_delete=models.PROTECT, related_name="attempts")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="payment_attempts")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="payment_attempts")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=16, choices=State, default=State.CREATED)
    # Null until there is one: empty strings would not be unique.
    session_id = models.CharField(max_length=128, unique=True, null=True)  # noqa: DJ001
    checkout_url = models.CharField(max_length=2048, blank=True)
    payment_intent = models.CharField(max_length=128, blank=True)
    credits = models.IntegerField()
    amount_cents = models.IntegerField()
    live_money = models.BooleanField()
    idempotency_key = models.CharField(max_length=255)
    tries = models.IntegerField(default=0)
    """How many answers of the provider were faults that it would repeat under the same key."""
    flag = models.CharField(max_length=64, blank=True)
    """Why staff should look at it: money that came for terms that had ended."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)
    canceled_at = models.DateTimeField(null=True)
    canceled_by = reference_field(blank=True)
    """The person who had its payment page closed before it was paid; the state is `expired` then."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["created", "action_required", "processing", "succeeded", "failed", "expired"]
                ),
                name="attempt_state_known",
            ),
            models.CheckConstraint(condition=Q(credits__gt=0, amount_cents__gt=0), name="attempt_of_something"),
            models.CheckConstraint(condition=_ONE_BUYER, name="attempt_of_one_buyer"),
            models.UniqueConstraint(
                fields=["quote"],
                condition=Q(state__in=["created", "action_required", "processing"]),
                name="attempt_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["agent", "created_at"], name="attempt_by_agent"),
            models.Index(
                fields=["next_check_at"], condition=Q(next_check_at__isnull=False), name="attempt_to_check"
            ),
            models.Index(fields=["payment_intent"], name="attempt_by_intent"),
            models.Index(fields=["organization", "-id"], name="attempt_by_organization"),
            models.Index(fields=["-id"], condition=~Q(flag=""), name="attempt_flagged"),
        ]


class Receipt(models.Model):
    """Credits that were granted for money; `credit_event_id` names the grant itself.

    `session_id` is what makes a grant happen once: the provider's session, or the fake purchase's own key.
    """

    id = PublicIdField("receipt", primary_key=True)
    credit_event_id = PublicIdField("credit_event", unique=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="receipts")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="receipts")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    quote = models.ForeignKey(Quote, on_delete=models.PROTECT, related_name="receipts")
    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.PROTECT, null=True, related_name="receipts")
    session_id = models.CharField(max_length=128, unique=True)
    payment_intent = models.CharField(max_length=128, blank=True)
    payment_method = models.CharField(max_length=32, choices=PaymentMethod)
    paid_credits = models.IntegerField()
    promo_credits = models.IntegerField(default=0)
    paid_cents = models.IntegerField()
    live_money = models.BooleanField()
    balance_after = models.IntegerField()
    idempotency_key = models.CharField(max_length=255)
    receipt_url = models.CharField(max_length=1024, blank=True)
    """The payment provider's own receipt, where it told one; whoever has the address can open it."""
    payer_digest = models.CharField(max_length=64, blank=True, db_default="")
    """Whose mailbox the provider sent that receipt to, by `contacts.digest`; empty where it told none."""
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=_ONE_BUYER, name="receipt_of_one_buyer"),
            models.CheckConstraint(
                condition=Q(paid_credits__gte=0, promo_credits__gte=0, paid_cents__gte=0),
                name="receipt_not_negative",
            ),
            models.CheckConstraint(condition=Q(paid_credits__lte=F("paid_cents")), name="receipt_paid_by_money"),
        ]
        indexes = [
            models.Index(fields=["agent", "created_at"], name="receipt_by_agent"),
            models.Index(fields=["payment_intent"], name="receipt_by_intent"),
            models.Index(fields=["payer_digest"], condition=~Q(payer_digest=""), name="receipt_by_payer"),
        ]

    @property
    def granted_credits(self) -> int:
        """All credits of the receipt."""
        return self.paid_credits + self.promo_credits
