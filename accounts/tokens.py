"""Tokens: minting, looking up, rotating. The only place that ever holds a raw one.

A token is `isk_r_` + 30 base-62 characters (178 bits) + 6 characters of CRC-32, so that scanners match it
without false positives: `isk_[rc]_[0-9A-Za-z]{36}`. A claim's secret (`isk_c_`) has the same form.
"""

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from accounts import organizations
from accounts.models import Agent, AgentMove, AgentToken, ClaimState
from imageskill.core import events
from imageskill.core.errors import ApiError, ErrorCode, auth_required
from imageskill.core.instants import instant
from imageskill.core.models import EventReference
from imageskill.core.statements import Select
from imageskill.core.units import unit_of_work

PATTERN = re.compile(r"isk_([rc])_([0-9A-Za-z]{30})([0-9A-Za-z]{6})")
PREFIX_LENGTH = 12
HANDOVER = timedelta(minutes=10)
NARROWED = timedelta(hours=24)
IDLE_LIFETIME = timedelta(days=90)
_OBSERVED_EVERY = timedelta(minutes=1)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Minted:
    """A fresh secret, to be shown once: the raw text, its digest and its visible part."""

    raw: str
    sha256: str
    prefix: str


def mint(kind: str) -> Minted:
    """Return a fresh secret of a kind: `r` (restricted token) or `c` (claim secret)."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(30))
    raw = f"isk_{kind}_{body}{_checksum(kind, body)}"
    return Minted(raw, digest(raw), raw[:PREFIX_LENGTH])


def digest(raw: str) -> str:
    """Return the SHA-256 by which a secret is stored and found."""
    return hashlib.sha256(raw.encode()).hexdigest()


def is_well_formed(raw: str, kind: str) -> bool:
    """Say whether `raw` has the form and the checksum of its kind; no database is asked."""
    match = PATTERN.fullmatch(raw)
    return match is not None and match[1] == kind and _checksum(kind, match[2]) == match[3]


def _checksum(kind: str, body: str) -> str:
    number = zlib.crc32(f"isk_{kind}_{body}".encode())
    characters = []
    for _ in range(6):
        number, digit = divmod(number, 62)
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))


def issue(
    agent: Agent,
    *,
    replaces: AgentToken | None = None,
    ends_at: datetime | None = None,
    is_handed_out: bool = False,
) -> tuple[AgentToken, str]:
    """Make a token of an agent, in the caller's transaction; return its row and its raw text."""
    minted = mint("r")
    row = AgentToken.objects.create(
        agent=agent,
        sha256=minted.sha256,
        prefix=minted.prefix,
        replaces=replaces,
        ends_at=ends_at,
        is_handed_out=is_handed_out,
        created_at=timezone.now(),
    )
    return row, minted.raw


_BY_DIGEST: Final = Select(
    lambda sha256: AgentToken.objects.select_related("agent__organization").filter(sha256=sha256)
)


def authenticate(raw: str) -> AgentToken | None:
    """Return the living token of a raw text with its agent, or None; nothing is cached.

    The first use of a token ends the one it replaces. Otherwise a use is observed at most once a minute.
    """
    if not is_well_formed(raw, "r"):
        return None
    row = _BY_DIGEST.first(sha256=digest(raw))
    if row is None:
        return None
    now = timezone.now()
    if not is_alive(row, now):
        _note_rejection(row)
        return None
    if row.first_used_at is None:
        if not _first_use(row, now):
            return None
    elif row.last_used_at is None or row.last_used_at < now - _OBSERVED_EVERY:
        AgentToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def _note_rejection(token: AgentToken) -> None:
    """Record that a token was refused for the first time since an owner revoked it: its receipt says so."""
    if token.revoked_at is not None and _is_unnoted(token):
        _record_rejection(token)


@unit_of_work
def _record_rejection(token: AgentToken) -> None:
    organizations.lock(token.agent.organization_id)
    # Again under the lock: two calls may be refused at the same moment.
    if _is_unnoted(token):
        _record(events.EventType.TOKEN_REJECTED, token, events.System("tokens"), "rejected", "Token rejected")


def _is_unnoted(token: AgentToken) -> bool:
    known = EventReference.objects.filter(reference=token.pk, agent_id=token.agent_id)
    told = set(known.values_list("event__type", flat=True))
    revoked, rejected = events.EventType.TOKEN_REVOKED, events.EventType.TOKEN_REJECTED
    return revoked.value.name in told and rejected.value.name not in told


def is_alive(token: AgentToken, now: datetime) -> bool:
    """Say whether a token may be used at `now`: not revoked, not ended, not left idle by an unclaimed agent."""
    if token.revoked_at is not None or (token.ends_at is not None and token.ends_at <= now):
        return False
    if token.agent.claim_state == ClaimState.REVOKED:
        return False
    if token.agent.claim_state == ClaimState.UNCLAIMED:
        return (token.last_used_at or token.created_at) > now - IDLE_LIFETIME
    return True


@unit_of_work
def _first_use(token: AgentToken, now: datetime) -> bool:
    """Mark a token used and end what it replaces. False: it was voided since it was looked up.

    One that an owner handed out also ends what was never used; until then it waits behind the one in use.
    """
    organizations.lock(token.agent.organization_id)
    alive = AgentToken.objects.filter(pk=token.pk, revoked_at=None)
    if not alive.filter(first_used_at=None).update(first_used_at=now, last_used_at=now):
        return alive.exists()
    row = alive.get()  # what it replaces may be another one since it was looked up
    others = AgentToken.objects.filter(agent_id=row.agent_id, revoked_at=None).exclude(pk=row.pk)
    ended = Q(narrowed_at__isnull=False) | Q(pk=row.replaces_id)
    unused = Q(first_used_at=None)
    others.filter(ended | unused if row.is_handed_out else ended).update(revoked_at=now)
    others.filter(unused, is_handed_out=True).update(replaces=row)
    return True


@unit_of_work
def rotate(*, token: AgentToken, actor: events.ActingFor) -> tuple[AgentToken, str]:
    """Replace a token; the old one lives until the new one's first use, at most ten minutes.

    Asking again with the old token voids the replacement that was never used, so that a lost answer locks
    nobody out. What an owner handed out is no such answer: it stays good.
    """
    now = timezone.now()
    organizations.lock(token.agent.organization_id)
    current = AgentToken.objects.filter(pk=token.pk, revoked_at=None).first()
    if current is None:
        raise auth_required()
    require_whole(current)
    # The end is inherited: from the token itself, or from the answer that was lost, which has it from there.
    answers = AgentToken.objects.filter(replaces=token, is_handed_out=False)
    lost = answers.order_by("pk").first()
    inherited = current.ends_at if lost is None else lost.ends_at
    answers.filter(first_used_at=None, revoked_at=None).update(revoked_at=now)
    alive = AgentToken.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now + HANDOVER), pk=token.pk)
    alive.update(ends_at=now + HANDOVER)
    row, raw = issue(token.agent, replaces=token, ends_at=inherited)
    _record(events.EventType.TOKEN_ROTATED, row, actor, "rotated", "Token rotated")
    return row, raw


def hand_out(agent: Agent, *, actor: events.ActingFor) -> tuple[AgentToken, str]:
    """Make a token for an owner to carry to a client that cannot collect one, under the organization's lock.

    It takes the place of the one in use at its own first use, and nothing ends before, not even the answer to a
    rotation that is on its way; of those that were handed out and never used only the last is good.
    """
    now = timezone.now()
    alive = AgentToken.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), agent=agent, revoked_at=None)
    alive.filter(first_used_at=None, is_handed_out=True).update(revoked_at=now)
    used = alive.filter(narrowed_at=None, first_used_at__isnull=False)
    row, raw = issue(agent, replaces=used.order_by("-pk").first(), is_handed_out=True)
    _record(events.EventType.TOKEN_ROTATED, row, actor, "handed_out", "Token handed out by the owner")
    return row, raw


def end(agent: Agent, *, chosen: str | None, actor: events.ActingFor) -> tuple[list[AgentToken], datetime]:
    """Revoke all living tokens of an agent under the organization's lock; return them and the instant.

    `chosen`: only that one and what it was rotated into.
    """
    now = timezone.now()
    rows = AgentToken.objects.filter(agent=agent)
    living = Q(ends_at=None) | Q(ends_at__gt=now)
    if chosen is None:
        # One from before a claim stands for its secret, which brings a token for longer than that one lives.
        living |= Q(narrowed_at__isnull=False)
    else:
        rows = rows.filter(pk__in=successors(agent.pk, chosen))
    rows.filter(living, revoked_at=None).update(revoked_at=now)
    ended = list(AgentToken.objects.select_related("agent").filter(agent=agent, revoked_at=now).order_by("-pk"))
    for token in ended:
        _record(events.EventType.TOKEN_REVOKED, token, actor, "revoked", "Token revoked")
    return ended, now


def successors(agent_id: str, chosen: str) -> set[str]:
    """Return a token's id and those of all that came out of it by rotations."""
    return _along(agent_id, {chosen}, forward=True)


def predecessors(agent_id: str, chosen: set[str]) -> set[str]:
    """Return the ids of tokens and of all that gave way to them: whose jobs live and die with them."""
    return _along(agent_id, chosen, forward=False)


def _along(agent_id: str, chosen: set[str], *, forward: bool) -> set[str]:
    pairs = list(AgentToken.objects.filter(agent_id=agent_id).values_list("pk", "replaces_id"))
    found, before = chosen & {pk for pk, _ in pairs}, 0
    while len(found) > before:
        before = len(found)
        found |= {pk if forward else old for pk, old in pairs if old and (old if forward else pk) in found}
    return found


def _record(
    event_type: events.EventType, token: AgentToken, actor: events.ActingFor, status: str, summary: str
) -> None:
    events.record(
        event_type,
        actor=actor,
        organization_id=token.agent.organization_id,
        agent_id=token.agent_id,
        subject_id=token.pk,
        operation="auth",
        status=status,
        summary=summary,
    )


@unit_of_work
def revoke(*, token: AgentToken) -> bool:
    """Revoke a token at once, under the organization's lock; say whether it was alive."""
    organizations.lock(token.agent.organization_id)
    return bool(AgentToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()))


def narrow(agent: Agent, *, now: datetime) -> None:
    """Leave an agent's tokens their reading only, in the caller's transaction, as a claim is approved.

    They die at the first use of the token that the agent collects, at the latest after a day.
    """
    alive = AgentToken.objects.filter(agent=agent, revoked_at=None)
    alive.filter(Q(ends_at=None) | Q(ends_at__gt=now + NARROWED)).update(ends_at=now + NARROWED)
    alive.update(narrowed_at=now)


def require_whole(token: AgentToken) -> None:
    """Raise CAPABILITY_DENIED for a token from before its agent was claimed."""
    if token.narrowed_at is not None:
        raise ApiError(
            ErrorCode.CAPABILITY_DENIED,
            "This agent was claimed; this token only reads now. Collect the new one.",
            reason="claimed_collect_new_token",
            until=instant(token.ends_at),
            suggested_command="image-skill claim collect --json",
        )


def is_cut_off(agent: Agent, collected: AgentToken | None) -> bool:
    """Say whether an owner has ended what a claim's secret would bring back; under the organization's lock.

    Releasing the agent does, and moving it to another workspace. `collected` is the token that the secret brought
    last. Before that the narrowed ones stand for it: they end by a revocation, or by the first use of a token that
    the owner handed out instead.
    """
    if agent.claim_state == ClaimState.REVOKED or AgentMove.objects.filter(agent=agent).exists():
        return True
    if collected is not None:
        return collected.revoked_at is not None and collected.first_used_at is None
    return AgentToken.objects.filter(agent=agent, narrowed_at__isnull=False, revoked_at__isnull=False).exists()


def void_unused(token: AgentToken) -> bool:
    """End a token whose answer was lost, in the caller's transaction; False: it is in use."""
    return bool(AgentToken.objects.filter(pk=token.pk, first_used_at=None).update(revoked_at=timezone.now()))
