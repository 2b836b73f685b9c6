"""Quarantine: bytes that nobody may keep here, whoever brings them, by their SHA-256."""

import logging
from datetime import timedelta

from django.utils import timezone

from creative import takedowns
from creative.models import Asset, Quarantine
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.events import ActingFor, System
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.quarantine")

SWEPT_FOR = timedelta(days=1)
_BATCH = 200


def put(*, sha256: str, reason: str, actor: ActingFor) -> int:
    """Ban bytes by the digest of what was received or stored, and return how many live pictures are gone.

    Every picture stored as these bytes is deleted in all organizations; its bytes go after the commit. The digest
    of what was received bans another upload of it: pictures that came of it are found by their own digest.
    """
    _ban(sha256=sha256, reason=reason, actor=actor)
    return _enforce(sha256, actor)


def holds(*digests: str) -> bool:
    """Say whether any of these SHA-256 digests (of received or of stored bytes) is banned."""
    return Quarantine.objects.filter(sha256__in=digests).exists()


def refuse(*digests: str) -> None:
    """Raise INPUT_POLICY_DENIED where any of these digests is banned."""
    if holds(*digests):
        raise ApiError(
            ErrorCode.INPUT_POLICY_DENIED,
            "This picture was removed by the operator and may not be uploaded again.",
            reason="quarantined",
        )


def enforce(*digests: str) -> bool:
    """Take away what came in while its digest was being banned; say whether a digest is banned."""
    banned = list(Quarantine.objects.filter(sha256__in=digests).values_list("sha256", flat=True))
    for sha256 in banned:
        _enforce(sha256, System("quarantine"))
    return bool(banned)


def sweep() -> int:
    """Take away what a process that died has left of the bans of the last day; return how many pictures."""
    recent = Quarantine.objects.filter(created_at__gt=timezone.now() - SWEPT_FOR)
    return sum(_enforce(row.sha256, System("quarantine")) for row in recent)


@unit_of_work
def _ban(*, sha256: str, reason: str, actor: ActingFor) -> None:
    row = Quarantine(sha256=sha256, reason=reason[:200], actor_id=actor.actor_id, created_at=timezone.now())
    Quarantine.objects.bulk_create([row], ignore_conflicts=True)
    logger.warning("bytes quarantined", extra={"fields": {"sha256": sha256, "actor_id": actor.actor_id}})


def _enforce(sha256: str, actor: ActingFor) -> int:
    """Delete the live pictures of one digest in all organizations."""
    count = 0
    while found := list(Asset.objects.filter(sha256=sha256, deleted_at=None).order_by("pk")[:_BATCH]):
        count += takedowns.take_away(found, actor=actor, status="quarantined")
    return count
