"""A claim: the standing offer by which a human takes an agent over."""

from django.db import models
from django.db.models import Q

from accounts.models.agent import Agent
from imageskill.core.ids import PublicIdField


class Claim(models.Model):
    """One offer, with the code that the agent shows and the secret by which it collects its new token.

    The first half of the code is stored and unique; the second is derived from `code_seed` for each ten
    minutes, so presenting the current code writes nothing.
    """

    class State(models.TextChoices):
        """Where the offer stands; `void` was replaced by a newer one."""

        OPEN = "open"
        REQUESTED = "requested"
        APPROVED = "approved"
        DENIED = "denied"
        COLLECTED = "collected"
        VOID = "void"

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
        ]
