"""Mail to people: what is said, and how often. Sending is the outbox's business.

An address gets one claim mail of an agent in ten minutes, and three a day over all agents, whoever asks.
"""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.template.loader import render_to_string

from accounts.models import Agent, Claim
from imageskill.core import outbox, tallies

PER_AGENT_PERIOD = timedelta(minutes=10)
PER_ADDRESS_A_DAY = 3
_QUOTED_LENGTH = 80


def claim_requested(*, agent: Agent, claim: Claim) -> bool:
    """Write the mail that asks a contact to claim an agent; False when the limits hold it back."""
    address = hashlib.sha256(agent.contact.lower().encode()).hexdigest()
    if not tallies.take("claim_mail_agent", f"{agent.pk}:{address[:32]}", limit=1, period=PER_AGENT_PERIOD):
        return False
    if not tallies.take("claim_mail_address", address, limit=PER_ADDRESS_A_DAY, period=tallies.DAY):
        return False
    text = render_to_string(
        "mail/claim_requested.txt",
        {
            "agent_name": quoted(agent.name),
            "verification_uri": verification_uri(),
            "network": claim.request_network,
            "at": claim.created_at,
            "base_url": settings.BASE_URL,
        },
    )
    outbox.write(
        kind="claim_requested", recipient=agent.contact, subject="An agent asks you to claim it", text=text
    )
    return True


def verification_uri() -> str:
    """Return the address at which a human types an agent's code."""
    return f"{settings.BASE_URL}/claim"


def quoted(text: str) -> str:
    """Return an agent's own words, cut short and without anything but printable characters."""
    return "".join(character if character.isprintable() else " " for character in text)[:_QUOTED_LENGTH]
