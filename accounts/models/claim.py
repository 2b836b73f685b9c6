"""A claim: the standing offer by which a human takes an agent over."""

from django.db import models
from django.db.models import Q

from accounts.models.agent import Agent
from accounts.models.user import User
from imageskill.core.ids import PublicIdField


class Claim(models.Model):
    """One offer, with the code that the agent shows and the secret by which it collects its new token.

    The first half of the code is stored and unique; the second is derived from `code_seed` for each ten
    minutes, so presenting the current code writes nothing. `link` is the random word in the address that the
    contact is mailed; by itself it allows nothing. `opened_by` has typed the code of `code_period` (ten minutes
    each, counted from the epoch), which no one can type again.
    """

    class State(models.TextChoices):
        """Where the offer stands; `void` was replaced by a newer one."""

        OPEN = "open"
        REQUESTED = "requested"
        APPROVED = "approved"
        DENIED = "denied"
        COLLECTED = "collected"
        VOID = "void"

    class Ending(models.TextChoices):
        """Why a claim is void: a newer one, too many wrong codes, or a contact that knows nothing of the agent."""

        REPLACED = "replaced"
        TRIES = "tries"
        DISOWNED = "disowned"

    id = PublicIdField("claim", primary_key=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="claims")
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    code_handle = models.CharField(max_length=5)
    code_seed = models.CharField(max_length=64)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    denial_reason = models.CharField(max_length=300, blank=True)
    request_network = models.CharField(max_length=64)
    request_client = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decider_type = models.CharField(max_length=16, blank=True)
    decider_id = models.CharField(max_length=64, blank=True)
    token = models.ForeignKey("accounts.AgentToken", on_delete=models.PROTECT, null=True, related_name="+")
    void_reason = models.CharField(max_length=8, choices=Ending, blank=True)
    link = models.CharField(max_length=32, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    seen_count = models.IntegerField(default=0)
    first_seen_at = models.DateTimeField(null=True)
    code_period = models.BigIntegerField(null=True)
    wrong_tries = models.IntegerField(default=0)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent"],
                condition=Q(state__in=["open", "requested"]),
                name="claim_one_live_per_agent",
            ),
            models.UniqueConstraint(
                fields=["code_handle"], condition=Q(state__in=["open", "requested"]), name="claim_code_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "requested", "approved", "denied", "collected", "void"]),
                name="claim_state_known",
            ),
            models.UniqueConstraint(fields=["link"], condition=~Q(link=""), name="claim_link_once"),
            models.CheckConstraint(
                condition=Q(void_reason__in=["", "replaced", "tries", "disowned"]), name="claim_ending_known"
            ),
        ]
        # Every wrong code is looked up among the old ones, most of which are not live.
        indexes = [models.Index(fields=["code_handle", "-id"], name="claim_by_handle")]


class SilencedMailbox(models.Model):
    """A mailbox that wants no mail about claims; by the digest of `contacts.digest`, never the address."""

    digest = models.CharField(max_length=64, primary_key=True)
    reason = models.CharField(max_length=16)
    created_at = models.DateTimeField()


class ContactChange(models.Model):
    """Another contact that an agent with a fixed one asks for; the present contact was told, and may decide.

    It takes effect when the agent asks again once it is confirmed, or was not refused by `due_at`.
    """

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting"
        CONFIRMED = "confirmed"
        REFUSED = "refused"
        DONE = "done"

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="contact_changes")
    contact = models.EmailField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    network = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "contact"],
                condition=Q(state__in=["waiting", "confirmed"]),
                name="contact_change_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "confirmed", "refused", "done"]),
                name="contact_change_state_known",
            ),
        ]
