"""What a claim page says when there is nothing to decide: what happened, who can mend it, and how."""

from dataclasses import dataclass
from typing import Final

from accounts import emails
from accounts.models import Claim


@dataclass(frozen=True, slots=True)
class Ending:
    """A page's words; `command` is what the agent runs next, empty where nothing is to be run."""

    title: str
    what: str
    who: str
    command: str = ""
    kind: str = ""


_VOID: Final = {
    Claim.Ending.TRIES: (
        "Five wrong codes ended this request",
        "Nobody can take the agent over by it any more. The agent itself works on as before.",
        "The agent mends it: it asks again, and shows you a new code. It runs:",
    ),
    Claim.Ending.REPLACED: (
        "A newer request took this one's place",
        "The agent has asked again since, so this link and its codes are over.",
        # Not every request is mailed: one agent writes few mails a day.
        "Open the newest mail, or type the code that the agent shows now. Has it none, it asks again. It runs:",
    ),
}


def of(claim: Claim, address: str) -> Ending:
    """Return what to say of a claim that is not live any more, to who may see it."""
    contact = claim.agent.contact or address
    if claim.state == Claim.State.DENIED:
        said = f" The agent is told: “{claim.denial_reason}”" if claim.denial_reason else ""
        return Ending(
            "You denied this request",
            f"The agent got nothing by it.{said}",
            "If you have changed your mind, the agent asks again. It runs:",
            command(contact),
            "denied",
        )
    if claim.void_reason == Claim.Ending.DISOWNED:
        return Ending(
            "You did not ask for this agent",
            f"The request is over, and {contact} gets no more mail of this kind. The operator of this service "
            "knows of it; nobody is told who said so.",
            "There is nothing more to do.",
            kind="disowned",
        )
    title, what, who = _VOID.get(Claim.Ending(claim.void_reason or "replaced"), _VOID[Claim.Ending.REPLACED])
    return Ending(title, what, who, command(contact))


def nothing(address: str) -> Ending:
    """Return what to say of a link that is unknown, mistyped, or somebody else's: always the same."""
    return Ending(
        "This link leads nowhere for you",
        "It may be cut off, over, or for another address than the one that you are signed in with. "
        "Nothing was changed by opening it.",
        f"Sign in with the address that got the mail, or have the agent ask for {address}. It runs:",
        command(address),
    )


def command(contact: str) -> str:
    """Return the command by which an agent asks anew to be claimed."""
    return f"image-skill claim request --contact {contact} --json"


def not_signed() -> Ending:
    """Return what to say of a link of a mail whose signature is not ours."""
    return Ending(
        "This link is not complete",
        "Mail programs sometimes cut long links. Nothing was changed.",
        f"Copy the whole line from the mail. Signed in, you find claims at {emails.verification_uri()} too.",
    )
