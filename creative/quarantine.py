"""Quarantine: bytes that nobody may keep here, whoever brings them, by their SHA-256.

A mistaken one is released: the bytes may be brought again, and those whose pictures went are told so.
"""

import logging
from datetime import timedelta
from typing import Final

from django.db.models import F, QuerySet
from django.utils import timezone

from creative import takedowns
from creative.models import Asset, Quarantine
from imageskill.core import events
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.events import ActingFor, EventType, System
from imageskill.core.models import ActivityEvent
from imageskill.core.statements import Select
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.quarantine")

SWEPT_FOR = timedelta(days=1)
MOST_TOLD = 500
"""So many lost pictures are looked at when their bytes are released."""
_BATCH = 200


def put(*, sha256: str, reason: str, actor: ActingFor) -> int:
    """Ban bytes by the digest of what was received or stored, and return how many live pictures are gone.

    Every picture stored as these bytes is deleted in all organizations; its bytes go after the commit. The digest
    of what was received bans another upload of it: pictures that came of it are found by their own digest.
    """
    _ban(sha256=sha256, reason=reason, actor=actor)
    return _enforce(sha256, actor)


class NotHeldError(Exception):
    """These bytes are not in quarantine, or not any more."""


_BANNED: Final = Select(
    lambda digests: Quarantine.objects.filter(released_at=None, sha256__in=digests).values_list("sha256")
)


def holds(*digests: str) -> bool:
    """Say whether any of these SHA-256 digests (of received or of stored bytes) is banned."""
    return bool(digests) and bool(_BANNED.rows(digests=digests))


def blocks(*digests: str) -> bool:
    """Say whether any of these digests is banned, and count that it was brought again."""
    return holds(*digests) and _count(digests)


def refuse(*digests: str) -> None:
    """Raise INPUT_POLICY_DENIED where any of these digests is banned; in no transaction, so that it is counted."""
    if blocks(*digests):
        raise ApiError(
            ErrorCode.INPUT_POLICY_DENIED,
            "This picture was removed by the operator and may not be uploaded again.",
            reason="quarantined",
        )


def enforce(*digests: str) -> bool:
    """Take away what came in while its digest was being banned; say whether a digest is banned."""
    banned = list(_standing(*digests).values_list("sha256", flat=True))
    for sha256 in banned:
        _enforce(sha256, System("quarantine"))
    return bool(banned)


def sweep() -> int:
    """Take away what a process that died has left of the bans of the last day; return how many pictures."""
    recent = _standing().filter(created_at__gt=timezone.now() - SWEPT_FOR)
    return sum(_enforce(row.sha256, System("quarantine")) for row in recent)


@unit_of_work
def release(*, sha256: str, reason: str, actor: ActingFor) -> int:
    """Allow banned bytes again, and return how many workspaces that lost pictures by the ban are told.

    NotHeldError: they are not banned, or somebody has released them already.
    """
    now = timezone.now()
    freed = _standing(sha256).update(released_at=now, release_reason=reason[:200], released_by=actor.actor_id)
    if not freed:
        raise NotHeldError(sha256)
    logger.warning("bytes released", extra={"fields": {"sha256": sha256, "actor_id": actor.actor_id}})
    found = (
        taken(sha256).order_by("organization_id", "-pk").values_list("organization_id", "agent_id", "subject_id")
    )
    first = {organization: (agent, subject) for organization, agent, subject in found[:MOST_TOLD]}
    for organization_id, (agent_id, subject_id) in first.items():
        events.record(
            EventType.PICTURE_LET_BACK,
            actor=actor,
            organization_id=organization_id,
            agent_id=agent_id,
            subject_id=subject_id,
            operation="quarantine",
            status="released",
            summary="Picture may be uploaded again: the operator had removed it by mistake",
        )
    return len(first)


def taken(sha256: str) -> QuerySet[ActivityEvent]:
    """Return the events of the pictures that went with these bytes, one a picture."""
    pictures = Asset.objects.filter(sha256=sha256, deleted_at__isnull=False).values_list("pk", flat=True)
    return ActivityEvent.objects.filter(
        type=EventType.ASSET_DELETED.value.name, status="quarantined", subject_id__in=list(pictures[:MOST_TOLD])
    )


def _standing(*digests: str) -> QuerySet[Quarantine]:
    rows = Quarantine.objects.filter(released_at=None)
    return rows.filter(sha256__in=digests) if digests else rows


@unit_of_work
def _count(digests: tuple[str, ...]) -> bool:
    return bool(_standing(*digests).update(blocked=F("blocked") + 1, blocked_at=timezone.now()))


@unit_of_work
def _ban(*, sha256: str, reason: str, actor: ActingFor) -> None:
    told = {"reason": reason[:200], "actor_id": actor.actor_id, "created_at": timezone.now()}
    Quarantine.objects.bulk_create([Quarantine(sha256=sha256, **told)], ignore_conflicts=True)
    again = {"released_at": None, "release_reason": "", "released_by": ""}
    Quarantine.objects.filter(sha256=sha256, released_at__isnull=False).update(**told, **again)
    logger.warning("bytes quarantined", extra={"fields": {"sha256": sha256, "actor_id": actor.actor_id}})


def _enforce(sha256: str, actor: ActingFor) -> int:
    """Delete the live pictures of one digest in all organizations."""
    count = 0
    while found := list(Asset.objects.filter(sha256=sha256, deleted_at=None).order_by("pk")[:_BATCH]):
        count += takedowns.take_away(found, actor=actor, status="quarantined")
    return count
