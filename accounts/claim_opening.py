"""Opening a claim: a signed-in person types the code that the agent shows.

Wrong tries are counted in the database, by person, by network and by claim. Somebody else's claim, a missing one,
a used code and a wrong one get the same answer, at the cost of the same look-up.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import claim_attempts, claimants, claims, contacts
from accounts.models import Claim, ClaimState
from imageskill.core import tallies
from imageskill.core.units import unit_of_work

LASTS: Final = timedelta(minutes=30)
"""For how long whoever typed the code may decide."""
WRONG_BY_PERSON: Final = 5
WRONG_BY_NETWORK: Final = 20
WRONG_BY_CLAIM: Final = 5
_HANDLE_LENGTH: Final = 5
_CODE_LENGTH: Final = 10
_NOBODY: Final = Claim(code_handle="BBBBB", code_seed="0" * 64)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who types: a user, the addresses that the user has shown to own, and what the service sees of the call.

    `payer_of` is what the pages hand in, to tell who paid for an agent.
    """

    user_id: str
    verified: frozenset[str]
    network: str
    client: str
    payer_of: claimants.PayerOf


@dataclass(frozen=True, slots=True)
class Typed:
    """What came of a code: the claim it opened, or None and how many tries are left until when."""

    claim: Claim | None
    tries_left: int = 0
    until: datetime | None = None


@unit_of_work
def type_code(text: str, *, visitor: Visitor, link: str | None = None) -> Typed:
    """Take a typed code, whatever its case, dashes and spaces; with `link` it has to be that claim's.

    A right one works once within its ten minutes, and gives its try back.
    """
    if not _take_try(visitor):
        return Typed(None, 0, tallies.period_end(tallies.HOUR))
    code = "".join(letter for letter in text.upper() if letter.isalnum())[:_CODE_LENGTH]
    claim = _live(code, link)
    shown = claims.code(claim or _NOBODY).replace("-", "")
    right = hmac.compare_digest(shown.encode(), code.encode())
    # Asked for a claim that there is not as well: the answer comes at the same cost.
    payer = visitor.payer_of(claim.agent_id if claim is not None else "")
    mine = claim is not None and claimants.may_decide(claim.agent, visitor.verified, payer)
    if claim is not None and mine and right and _open(claim, visitor):
        _give_back(visitor)
        claim.refresh_from_db()
        return Typed(claim)
    if claim is not None and mine:
        _count_wrong(claim)
    _tell_owner(code[:_HANDLE_LENGTH], visitor)
    left = WRONG_BY_PERSON - tallies.count("claim_try_person", visitor.user_id, period=tallies.HOUR)
    return Typed(None, max(0, left), tallies.period_end(tallies.HOUR))


def is_open_for(claim: Claim, user_id: str) -> bool:
    """Say whether this user has typed the claim's code, not too long ago, and it can still be decided."""
    fresh = claim.opened_at is not None and claim.opened_at > timezone.now() - LASTS
    return fresh and claim.opened_by_id == user_id and claim.state in claims.LIVE


def visible_to(visitor: Visitor, link: str) -> Claim | None:
    """Return the claim of a link, to whom it was mailed, who has opened it or who decided it; else None.

    What somebody else has decided is somebody else's.
    """
    rows = Claim.objects.select_related("agent__organization", "agent__shell", "token")
    claim = rows.filter(link=link).first() if link.isprintable() else None
    if claim is None:
        return None
    if claim.state in (Claim.State.APPROVED, Claim.State.DENIED, Claim.State.COLLECTED):
        return claim if claim.decider_id == visitor.user_id else None
    known = claim.opened_by_id == visitor.user_id or claim.agent.contact.lower() in visitor.verified
    # Money may have come since the code was typed: then the agent is its payer's.
    may = claimants.may_decide(claim.agent, visitor.verified, visitor.payer_of(claim.agent_id))
    return claim if known and may else None


def waiting_for(verified: frozenset[str]) -> list[Claim]:
    """Return the live claims of agents whose contact is one of these addresses, newest first, at most twenty."""
    mailboxes = [contacts.digest(address) for address in verified]
    rows = Claim.objects.select_related("agent").filter(
        state=Claim.State.REQUESTED, agent__contact_digest__in=mailboxes
    )
    return list(rows.annotate(address=Lower("agent__contact")).filter(address__in=verified).order_by("-pk")[:20])


def _live(code: str, link: str | None) -> Claim | None:
    rows = Claim.objects.select_related("agent__organization").filter(state__in=claims.LIVE)
    if link is not None:
        return rows.filter(link=link).first()
    return rows.filter(code_handle=code[:_HANDLE_LENGTH]).first()


def _open(claim: Claim, visitor: Visitor) -> bool:
    """Use the code of these ten minutes up; False: somebody was faster, or the claim was decided."""
    now = timezone.now()
    period = claims.code_period(now)
    unused = Claim.objects.filter(
        Q(code_period=None) | Q(code_period__lt=period), pk=claim.pk, state__in=claims.LIVE
    )
    # A claim from before there were links gets one with its first opening.
    link = claim.link or claims.new_link()
    opened = unused.update(
        code_period=period, opened_by_id=visitor.user_id, opened_at=now, wrong_tries=0, link=link
    )
    return bool(opened)


def _count_wrong(claim: Claim) -> None:
    """Count a wrong code of somebody whose claim it could be; the fifth ends the attempt."""
    row = Claim.objects.filter(pk=claim.pk)
    row.filter(state__in=claims.LIVE).update(wrong_tries=F("wrong_tries") + 1)
    claims.void(row.filter(wrong_tries__gte=WRONG_BY_CLAIM), Claim.Ending.TRIES)


def _take_try(visitor: Visitor) -> bool:
    """Take a try before the code is looked at, so that tries at the same time cannot share one."""
    return all(tallies.take(scope, key, limit=most, period=tallies.HOUR) for scope, key, most in _limits(visitor))


def _give_back(visitor: Visitor) -> None:
    for scope, key, most in _limits(visitor):
        if tallies.count(scope, key, period=tallies.HOUR):
            tallies.take(scope, key, limit=most, period=tallies.HOUR, amount=-1)


def _limits(visitor: Visitor) -> tuple[tuple[str, str, int], ...]:
    return (
        ("claim_try_person", visitor.user_id, WRONG_BY_PERSON),
        ("claim_try_network", visitor.network, WRONG_BY_NETWORK),
    )


def _tell_owner(handle: str, visitor: Visitor) -> None:
    """Let the owner of a claimed agent see that its old code was tried again."""
    old = Claim.objects.select_related("agent").filter(code_handle=handle, agent__claim_state=ClaimState.CLAIMED)
    claim = old.order_by("-pk").first()
    if claim is not None:
        claim_attempts.record(claim, network=visitor.network, client=visitor.client)
