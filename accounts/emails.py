"""Mail to people: what is said, and how often. Sending is the outbox's business.

A mailbox gets one mail of an agent in ten minutes, and three a day over all agents, whoever asks, and none once
its owner said so. No link in a mail acts by being opened: each leads to a page with a button.
"""

from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string

from accounts import contacts, fingerprints, silence
from accounts.models import Agent, Claim, ContactChange, User
from imageskill.core import outbox, tallies

PER_AGENT_PERIOD: Final = timedelta(minutes=10)
PER_ADDRESS_A_DAY: Final = 3
TO_STAFF_A_DAY: Final = 20
_MOST_STAFF: Final = 10
_QUOTED_LENGTH: Final = 80
_PLACES: Final = ("/claim", "/invitations")
_STOP: Final = "accounts.emails.stop"
_UNSUBSCRIBE: Final = "accounts.emails.unsubscribe"


def claim_requested(*, agent: Agent, claim: Claim) -> bool:
    """Write the mail that asks a contact to claim an agent; False when limits or its owner hold it back."""
    if not _may_write("claim_mail_agent", agent):
        return False
    told = {
        "agent_name": quoted(agent.name),
        "reason": quoted(claim.reason),
        "link": link(claim),
        "stop_link": f"{verification_uri()}/stop/{stop_word(claim, agent)}",
        "network": claim.request_network,
        "words": fingerprints.of(claim.pk),
        "at": claim.created_at,
        "base_url": settings.BASE_URL,
    }
    _write("claim_requested", agent.contact, "An agent asks you to claim it", told)
    return True


def contact_change_asked(*, agent: Agent, change: ContactChange, link: str) -> bool:
    """Tell the present contact that another one is asked for; False when limits or its owner hold it back."""
    if not _may_write("contact_mail_agent", agent):
        return False
    told = {
        "agent_name": quoted(agent.name),
        "contact": contacts.redact(change.contact),
        "network": change.network,
        "at": change.asked_at,
        "due_at": change.due_at,
        "link": f"{verification_uri()}/contact/{link}",
        "base_url": settings.BASE_URL,
    }
    _write("contact_change_asked", agent.contact, "An agent asks to be claimed by somebody else", told)
    return True


def claim_disowned(*, agent: Agent, claim: Claim, paused: bool) -> None:
    """Tell staff that a contact knows nothing of an agent that named it, at most twenty times a day."""
    if not tallies.take("staff_mail", "claim_disowned", limit=TO_STAFF_A_DAY, period=tallies.DAY):
        return
    told = {
        "agent": agent,
        "agent_name": quoted(agent.name),
        "claim": claim,
        "paused": paused,
        "base_url": settings.BASE_URL,
    }
    staff = User.objects.filter(is_staff=True, is_active=True).order_by("pk")[:_MOST_STAFF]
    for user in staff:
        _write("claim_disowned", user.email, "A contact did not ask for an agent", told)


def _may_write(scope: str, agent: Agent) -> bool:
    """Take a mail of an agent from what its contact's mailbox may get; a +tag makes no other mailbox."""
    if silence.holds_back(agent.contact):
        return False
    mailbox = contacts.digest(agent.contact)
    if not tallies.take(scope, f"{agent.pk}:{mailbox[:32]}", limit=1, period=PER_AGENT_PERIOD):
        return False
    return tallies.take("claim_mail_address", mailbox, limit=PER_ADDRESS_A_DAY, period=tallies.DAY)


def _write(kind: str, recipient: str, subject: str, told: dict[str, object]) -> None:
    outbox.write(kind=kind, recipient=recipient, subject=subject, text=render_to_string(f"mail/{kind}.txt", told))


def verification_uri() -> str:
    """Return the address at which a human types an agent's code."""
    return f"{settings.BASE_URL}/claim"


def link(claim: Claim) -> str:
    """Return the address at which a contact looks at one claim; it holds no code and opens nothing by itself."""
    return f"{verification_uri()}/{claim.link}" if claim.link else verification_uri()


def way_on(place: str) -> str:
    """Return what a link to sign in or up carries so that it leads on to a place; "" where it leads nowhere else.

    `place` is a path of this service. Whoever types an address has mail sent there, so that a mail names only what
    is known here, a claim or the invitations, and never words of a stranger's.
    """
    start, _, word = place.partition("/claim/")
    is_claim = bool(not start and word and word.isprintable() and Claim.objects.filter(link=word).exists())
    return f"?{urlencode({'next': place}, safe='/')}" if is_claim or place in _PLACES else ""


def stop_word(claim: Claim, agent: Agent) -> str:
    """Return the signed word by which the owner of the mailed address says "I did not ask for this"."""
    return signing.dumps([claim.pk, contacts.digest(agent.contact)], salt=_STOP)


def read_stop_word(word: str) -> tuple[str, str] | None:
    """Return the claim's id and the mailbox's digest of a signed word; None: it is not ours."""
    try:
        claim_id, mailbox = signing.loads(word, salt=_STOP)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(claim_id), str(mailbox)


def headers_for(recipient: str) -> dict[str, str]:
    """Return the headers of a mail about claims (setting MAIL_HEADERS): how a mail program ends such mail."""
    word = signing.dumps(contacts.digest(recipient), salt=_UNSUBSCRIBE)
    return {
        "List-Unsubscribe": f"<{verification_uri()}/unsubscribe/{word}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def read_unsubscribe_word(word: str) -> str | None:
    """Return the mailbox's digest of a signed word; None: it is not ours."""
    try:
        return str(signing.loads(word, salt=_UNSUBSCRIBE))
    except signing.BadSignature:
        return None


def quoted(text: str) -> str:
    """Return an agent's own words, cut short, nothing but printable characters, and no address to click on."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return plain.replace("://", ": ").replace("www.", "www ")[:_QUOTED_LENGTH]
