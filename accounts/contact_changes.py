"""Another contact for an agent whose contact is fixed, because it has bought credits or its owner has signed in.

Whoever holds the agent's token could give it, and its credits, away. So the present contact is told and may refuse
or confirm; without a word from there the change may be made after 72 hours.
"""

from datetime import datetime, timedelta
from typing import Final

from django.core import signing
from django.utils import timezone

from accounts import emails, organizations
from accounts.models import Agent, Claim, ClaimState, ContactChange
from imageskill.core import events
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.instants import instant
from imageskill.core.units import unit_of_work

WAITS: Final = timedelta(hours=72)
_SALT: Final = "accounts.contact_changes"
_OPEN: Final = (ContactChange.State.WAITING, ContactChange.State.CONFIRMED)


def replaces(agent: Agent, contact: str) -> bool:
    """Say whether a contact would take the place of another one."""
    return bool(agent.contact) and agent.contact.lower() != contact.lower()


def is_fixed(agent: Agent, *, is_paid: bool) -> bool:
    """Say whether the agent's contact may no longer be replaced by its token alone.

    `is_paid`: somebody has paid for it, or the money is on its way.
    """
    if is_paid or agent.claim_state == ClaimState.PAYMENT_BACKED_UNCLAIMED:
        return True
    return Claim.objects.filter(agent=agent, opened_at__isnull=False).exists()


@unit_of_work
def ask(*, agent: Agent, actor: events.ActingFor, contact: str, network: str, is_paid: bool) -> ApiError | None:
    """Begin a change that needs the present contact's word, and tell that contact; return the refusal to raise.

    None: nothing stands in the way. The clock runs only from a notice that was written.
    """
    if not replaces(agent, contact) or agent.claim_state == ClaimState.CLAIMED:
        return None
    if not is_fixed(agent, is_paid=is_paid):
        return None
    organizations.lock(agent.organization_id)
    standing = ContactChange.objects.filter(agent=agent, contact__iexact=contact, state__in=_OPEN).first()
    if standing is not None:
        return None if _is_due(standing) else refusal(standing.due_at)
    now = timezone.now()
    change = ContactChange(agent=agent, contact=contact, network=network, asked_at=now, due_at=now + WAITS)
    refused = ContactChange.objects.filter(agent=agent, contact__iexact=contact, state=ContactChange.State.REFUSED)
    if refused.exists():
        return refusal(None)
    change.save()
    told = emails.contact_change_asked(agent=agent, change=change, link=signing.dumps(change.pk, salt=_SALT))
    if not told:
        change.delete()
        return refusal(None)
    events.record(
        events.EventType.CONTACT_CHANGE_ASKED,
        actor=actor,
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        subject_id=agent.pk,
        operation="claim",
        status="waiting",
        summary="Another contact asked for",
    )
    return refusal(change.due_at)


def take(agent: Agent, contact: str) -> bool:
    """Use up a change that is due, in the caller's transaction; False: there is none."""
    standing = ContactChange.objects.filter(agent=agent, contact__iexact=contact, state__in=_OPEN).first()
    if standing is None or not _is_due(standing):
        return False
    rows = ContactChange.objects.filter(pk=standing.pk, state=standing.state)
    if not rows.update(state=ContactChange.State.DONE):
        return False
    # What else the earlier contact was asked for was never told to the one that is present now.
    ContactChange.objects.filter(agent=agent, state__in=_OPEN).delete()
    return True


def _is_due(change: ContactChange) -> bool:
    return change.state == ContactChange.State.CONFIRMED or change.due_at <= timezone.now()


def by_link(word: str) -> ContactChange | None:
    """Return the change that the present contact was mailed about; None: no such link."""
    try:
        pk = signing.loads(word, salt=_SALT)
    except signing.BadSignature:
        return None
    return ContactChange.objects.select_related("agent").filter(pk=pk).first()


@unit_of_work
def decide(change: ContactChange, *, confirmed: bool) -> bool:
    """Take the present contact's word; False: it was decided or made before."""
    state = ContactChange.State.CONFIRMED if confirmed else ContactChange.State.REFUSED
    # A refusal may still come after a confirmation: whoever holds the mailbox has the last word until it is made.
    open_still = ContactChange.objects.filter(pk=change.pk, state__in=_OPEN).exclude(state=state)
    return bool(open_still.update(state=state, decided_at=timezone.now()))


def refusal(until: datetime | None) -> ApiError:
    """Return what the agent is told; `until` is when the change may be made without a word, None for never."""
    said = (
        "The present contact was told and may confirm; without its word ask again then."
        if until is not None
        else "The present contact has refused it, or could not be told today."
    )
    command = "image-skill claim request --contact CONTACT --json" if until is not None else None
    return ApiError(
        ErrorCode.CAPABILITY_DENIED,
        f"This agent has bought credits or is known to its contact, so its token alone cannot replace it. {said}",
        reason="contact_is_fixed",
        until=instant(until),
        suggested_command=command,
    )
