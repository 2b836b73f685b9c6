"""Who may take an agent over: its contact's owner; without a contact who paid for it; else whoever has its code.

Credits that somebody bought are worth stealing, and both the code and the token stand in transcripts. So neither
gives away an agent that was paid for: that takes the mailbox of the payment's receipt.
"""

from collections.abc import Callable
from typing import Final

from accounts import contacts
from accounts.models import Agent
from imageskill.core import tallies
from imageskill.core.errors import ApiError, ErrorCode

PayerOf = Callable[[str], str | None]
"""From an agent's id to the digest of the mailbox that paid for it: empty where somebody paid and it is not known
who, None where nobody paid. The answer is of a higher floor, which the roof hands in."""
TRIES_A_DAY: Final = 5
"""First contacts in vain, of one agent: more would be a way to find out who paid."""
_TRIES: Final = "first_contact_try"
_COMMAND: Final = "image-skill claim request --contact CONTACT --json"


def may_decide(agent: Agent, verified: frozenset[str], payer: str | None) -> bool:
    """Say whether the owner of these addresses may decide on an agent's claim."""
    if agent.contact:
        return agent.contact.lower() in verified
    return payer is None or payer in {contacts.digest(address) for address in verified}


def may_be_named(agent: Agent, contact: str, payer: str | None) -> bool:
    """Say whether an agent may name this contact, as far as its payer goes: a first one has to be who paid."""
    return bool(agent.contact) or payer is None or payer == contacts.digest(contact)


def took_try(agent: Agent) -> bool:
    """Count a first contact that was named in vain; False: there were enough today."""
    return tallies.take(_TRIES, agent.pk, limit=TRIES_A_DAY, period=tallies.DAY)


def refusal(payer: str | None) -> ApiError:
    """Return what an agent is told that named somebody else than who paid for it as its first contact."""
    if payer:
        return ApiError(
            ErrorCode.CAPABILITY_DENIED,
            "This agent has bought credits without a contact, so its first contact has to be who paid for them: "
            "name the e-mail address that was typed at the payment. Nothing was changed.",
            reason="contact_is_not_the_payer",
            suggested_command=_COMMAND,
            suggested_command_copy_runnable=False,
            missing_inputs=["contact"],
        )
    return ApiError(
        ErrorCode.CAPABILITY_DENIED,
        "Somebody has paid for this agent, and it is not known here who: the money is still on its way, or the "
        "payment told no e-mail address. Ask again once it has arrived; if that changes nothing, the operator of "
        "this service can help. Nothing was changed.",
        reason="payer_is_unknown",
        suggested_command="image-skill whoami --json",
    )


def too_many() -> ApiError:
    """Return what an agent is told that has named too many others than who paid for it today."""
    return ApiError(
        ErrorCode.RATE_LIMITED,
        f"This agent has named {TRIES_A_DAY} contacts today that did not pay for it; no more are looked at.",
        reason="first_contacts",
        cap=TRIES_A_DAY,
        retry_after_seconds=tallies.seconds_left(tallies.DAY),
        suggested_command=_COMMAND,
        suggested_command_copy_runnable=False,
        missing_inputs=["contact"],
    )
