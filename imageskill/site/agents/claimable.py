"""Agents that nobody has claimed and a member may: those that named an address of theirs, or that they paid for.

Being listed opens nothing: a claim still asks for the code that the agent shows.
"""

from dataclasses import dataclass
from typing import Final

from django.db.models.functions import Lower

from accounts import contacts, members
from accounts.models import Agent, ClaimState, User
from billing import payers

MOST: Final = 10
_UNCLAIMED: Final = (ClaimState.UNCLAIMED, ClaimState.PAYMENT_BACKED_UNCLAIMED)


@dataclass(frozen=True, slots=True)
class Claimable:
    """An agent that waits for somebody, and whether that is because of the money alone."""

    agent: Agent
    is_by_payment: bool

    @property
    def why(self) -> str:
        """Why it waits for this person, after its name."""
        return "was paid for with your address" if self.is_by_payment else "named your address"


def by(user: User) -> list[Claimable]:
    """Return the newest agents that a user may claim, by the addresses that the user has shown to own."""
    own = members.verified_addresses(user)
    mailboxes = [contacts.digest(address) for address in own]
    # A mailbox is found by its digest, which leaves out a +tag; whose it is says the whole address.
    named = Agent.objects.filter(contact_digest__in=mailboxes, claim_state__in=_UNCLAIMED)
    told = named.annotate(address=Lower("contact")).filter(address__in=own).order_by("-pk")[:MOST]
    found = [Claimable(agent, is_by_payment=False) for agent in told]
    found += [Claimable(agent, is_by_payment=True) for agent in payers.agents_of(own)]
    return sorted(found, key=lambda one: one.agent.pk, reverse=True)[:MOST]
