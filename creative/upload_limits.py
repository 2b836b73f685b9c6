"""How much an agent may upload that no human has claimed yet: uploads cost nothing, so their number is bounded."""

from typing import Final

from accounts.models import Agent, ClaimState
from creative.models import Asset
from imageskill.core import tallies
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.instants import instant
from imageskill.core.models import Tally

UPLOADS_A_DAY: Final = 30
BYTES_A_DAY: Final = 100_000_000
STORED_BYTES: Final = 500_000_000

_UPLOADS, _BYTES = "upload_count", "upload_bytes"


def foresee(*, agent: Agent, network: str, length: int) -> None:
    """Raise RATE_LIMITED before the work where another upload of so many bytes would pass today's limits."""
    if agent.claim_state == ClaimState.CLAIMED:
        return
    whose = _whose(agent, network)
    if _used(_UPLOADS, whose) >= UPLOADS_A_DAY:
        raise _too_many(whose)
    if _used(_BYTES, whose) + length > BYTES_A_DAY:
        raise _too_much(whose, length)


def count(*, agent: Agent, network: str, length: int, added: int) -> None:
    """Count an upload of `length` bytes that adds so many to the storage; part of the caller's transaction.

    RATE_LIMITED: a limit of the day would be passed. CAPABILITY_DENIED: the organization has stored its most.
    """
    if agent.claim_state == ClaimState.CLAIMED:
        return
    whose, day = _whose(agent, network), tallies.DAY
    if not tallies.take(_UPLOADS, whose, limit=UPLOADS_A_DAY, period=day):
        raise _too_many(whose)
    if not tallies.take(_BYTES, whose, limit=BYTES_A_DAY, period=day, amount=length):
        raise _too_much(whose, length)
    stored = _stored(agent.organization_id) if added else 0
    if added and stored + added > STORED_BYTES:
        raise _too_full(stored, added)


def _whose(agent: Agent, network: str) -> str:
    """Return what is counted: the mailbox, else the network; agents of this very machine one by one."""
    return agent.contact_digest or (agent.pk if network in ("loopback", "unknown") else network)


def _used(scope: str, whose: str) -> int:
    row = Tally.objects.filter(scope=scope, key=whose, period_start=tallies.period_start(tallies.DAY))
    return row.values_list("count", flat=True).first() or 0


def _stored(organization_id: str) -> int:
    """Return the bytes of an organization's uploads; what several rows share counts once."""
    live = Asset.objects.filter(organization_id=organization_id, kind=Asset.Kind.UPLOADED, deleted_at=None)
    return sum(length for _, length in live.values_list("storage_key", "content_length").distinct())


def _too_many(whose: str) -> ApiError:
    return ApiError(
        ErrorCode.RATE_LIMITED,
        f"An unclaimed agent uploads at most {UPLOADS_A_DAY} pictures a day. "
        f"Upload again at {_resets_at()}, or have a human claim the agent.",
        reason="uploads_a_day",
        cap=UPLOADS_A_DAY,
        used=_used(_UPLOADS, whose),
        resets_at=_resets_at(),
        retry_after_seconds=tallies.seconds_left(tallies.DAY),
        suggested_command="image-skill whoami --json",
    )


def _too_much(whose: str, length: int) -> ApiError:
    used = _used(_BYTES, whose)
    return ApiError(
        ErrorCode.RATE_LIMITED,
        f"An unclaimed agent uploads at most {BYTES_A_DAY:,} bytes a day; {used:,} were uploaded today. "
        f"Upload again at {_resets_at()}, send a smaller picture, or have a human claim the agent.",
        reason="upload_bytes_a_day",
        cap=BYTES_A_DAY,
        used=used,
        needed=length,
        resets_at=_resets_at(),
        retry_after_seconds=tallies.seconds_left(tallies.DAY),
        suggested_command="image-skill whoami --json",
    )


def _too_full(stored: int, added: int) -> ApiError:
    return ApiError(
        ErrorCode.CAPABILITY_DENIED,
        f"The uploads of an unclaimed organization take at most {STORED_BYTES:,} bytes; {stored:,} are stored. "
        "Delete some, or have a human claim the agent; what no job uses goes after 30 days.",
        reason="unclaimed_storage_limit",
        cap=STORED_BYTES,
        used=stored,
        needed=added,
        suggested_command="image-skill whoami --json",
    )


def _resets_at() -> str | None:
    return instant(tallies.period_end(tallies.DAY))
