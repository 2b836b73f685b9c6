"""The agent and its tokens."""

from django.db import models

from accounts.models.organization import Organization
from accounts.models.user import User
from imageskill.core.ids import PublicIdField


class ClaimState(models.TextChoices):
    """Whose an agent is."""

    UNCLAIMED = "unclaimed"
    PAYMENT_BACKED_UNCLAIMED = "payment_backed_unclaimed"
    CLAIMED = "claimed"
    REVOKED = "revoked"


class Agent(models.Model):
    """A program that makes pictures, in an organization of its own until a human claims it.

    `shell` is where it lived before a claim merged that organization into a workspace; its history is there.
    """

    id = PublicIdField("agt", primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="agents")
    shell = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=120)
    runtime = models.CharField(max_length=64)
    discovery_source = models.CharField(max_length=64, blank=True)
    contact = models.EmailField(blank=True)
    contact_digest = models.CharField(max_length=64, blank=True)
    claim_state = models.CharField(max_length=32, choices=ClaimState, default=ClaimState.UNCLAIMED)
    grants = models.JSONField(default=list)
    paused_at = models.DateTimeField(null=True)
    pause_message = models.CharField(max_length=200, blank=True)
    signup_network = models.CharField(max_length=64)
    signup_client = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["contact_digest"], name="agent_by_contact"),
            models.Index(fields=["name"], name="agent_by_name"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(claim_state__in=ClaimState.values), name="agent_claim_state_known"
            )
        ]


class AgentToken(models.Model):
    """A restricted bearer token: its SHA-256 and first characters, never itself.

    Rotation is make-before-break: the new token names the one it `replaces`, which dies at the new one's
    first use, at the latest at `ends_at`. A token from before a claim is narrowed: it reads, and dies likewise.
    One that an owner was shown, to carry it to the agent, is `is_handed_out`: until its first use nothing that
    the agent does for itself ends it.
    """

    id = PublicIdField("tok", primary_key=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="tokens")
    sha256 = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replacements")
    created_at = models.DateTimeField()
    first_used_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    narrowed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    is_handed_out = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [models.Index(fields=["prefix"], name="token_by_prefix")]


class AgentMove(models.Model):
    """An agent went from one workspace to another. What it had made and spent stayed where it had been.

    `shell` is where its history of before its claim is; it is the agent's again when the agent comes back.
    """

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="moves")
    from_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    to_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    shell = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, related_name="+")
    moved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    moved_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agent", "from_organization"], name="move_by_agent_and_place")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(from_organization=models.F("to_organization")), name="move_leads_elsewhere"
            )
        ]
