"""Uploads: a picture from outside becomes an asset of the caller's organization, as our own bytes.

    check what was declared -> decode and make anew (`images`) -> store -> one transaction: limits, row, event

A process that dies after the store leaves bytes that no row names, never a row without bytes.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts import grants, organizations, tokens
from accounts.actor import Actor
from accounts.models import Agent, AgentToken, ClaimState
from creative import images, quarantine, storage, takedowns, upload_limits
from creative.images import Busy, Cleaned, NotAPicture, kinds
from creative.models import Asset, JobInput
from creative.storage import StorageError
from imageskill.core import events, ids
from imageskill.core.errors import ApiError, ErrorCode, auth_required, invalid_fields
from imageskill.core.events import EventType, System
from imageskill.core.units import forbid_inside, unit_of_work

KEPT_UNUSED: Final = timedelta(days=30)
"""How long an unclaimed agent's upload is kept that no job uses."""

_UNCLAIMED = (ClaimState.UNCLAIMED, ClaimState.PAYMENT_BACKED_UNCLAIMED)
_SYNONYMS = {"image/jpg": kinds.JPEG, "image/pjpeg": kinds.JPEG, "image/x-png": kinds.PNG}
_BATCH = 200
_RETRY_SECONDS = 5
_inside: Final = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))


@dataclass(frozen=True, slots=True)
class Declared:
    """What the caller says of the bytes; None where it says nothing."""

    mime_type: str | None
    content_length: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The asset, and what was received: its length, its digest, and the kind that its bytes are of."""

    asset: Asset
    received_length: int
    received_sha256: str
    received_type: str
    warnings: list[str] = field(default_factory=list)


@contextmanager
def admitted(*, otherwise: Callable[[], None]) -> Iterator[None]:
    """Count an upload from its first byte to its answer; half of a process's threads stay for everybody else.

    SERVICE_UNAVAILABLE, after `otherwise` was called: there is no room now.
    """
    if not _inside.acquire(blocking=False):
        otherwise()
        raise _busy()
    try:
        yield
    finally:
        _inside.release()


def take(actor: Actor, *, data: bytes, declared: Declared, network: str) -> Uploaded:
    """Keep a picture as the caller's asset. Nothing is charged.

    INVALID_ARGUMENTS: the bytes are not those that were declared. INPUT_POLICY_DENIED: they are no picture that is
    allowed. RATE_LIMITED, CAPABILITY_DENIED: an unclaimed agent has uploaded or stored enough.
    SERVICE_UNAVAILABLE: too many pictures are being checked. ARTIFACT_STORAGE_WRITE_FAILED: the storage refuses.
    """
    grants.require_active(actor.agent)
    received = hashlib.sha256(data).hexdigest()
    _compare(data, received, declared)
    quarantine.refuse(received)
    upload_limits.foresee(agent=actor.agent, network=network, length=len(data))
    cleaned = _clean(data)
    stored = hashlib.sha256(cleaned.data).hexdigest()
    quarantine.refuse(stored)
    asset = _store(actor, cleaned, stored, network=network, received_length=len(data))
    # Whoever banned these bytes meanwhile either saw the new row, or is seen here.
    if quarantine.enforce(received, stored):
        takedowns.take_away([asset], actor=System("quarantine"), status="quarantined")
        quarantine.refuse(received, stored)
    return Uploaded(asset, len(data), received, cleaned.received_type, _warnings(declared, cleaned))


def _compare(data: bytes, sha256: str, declared: Declared) -> None:
    problems: dict[str, list[str]] = {}
    if declared.content_length not in (None, len(data)):
        problems["content_length"] = [f"must be the number of the bytes that were sent, {len(data)}"]
    if declared.sha256 not in (None, sha256):
        problems["sha256"] = ["must be the SHA-256 of the bytes that were sent, in hexadecimal"]
    if problems:
        raise invalid_fields(problems)


def _clean(data: bytes) -> Cleaned:
    forbid_inside("decoding a picture")
    try:
        return images.clean_upload(data)
    except Busy:
        raise _busy() from None
    except NotAPicture as error:
        raise ApiError(
            ErrorCode.INPUT_POLICY_DENIED,
            f"This is no allowed picture: {error}. Send PNG, JPEG, WebP, GIF or AVIF.",
            reason=error.reason,
            allowed_mime_types=list(kinds.FORMATS),
            max_bytes=kinds.MOST_BYTES,
            max_pixels=kinds.MOST_PIXELS,
            max_side_pixels=kinds.LONGEST_SIDE,
        ) from None


def _busy() -> ApiError:
    return ApiError(
        ErrorCode.SERVICE_UNAVAILABLE,
        "Too many pictures are being checked at this moment; send this one again.",
        reason="uploads_busy",
        retry_after_seconds=_RETRY_SECONDS,
    )


def _store(actor: Actor, cleaned: Cleaned, sha256: str, *, network: str, received_length: int) -> Asset:
    asset_id = ids.new_id("image")
    key = storage.upload_key(asset_id, cleaned.mime_type)
    try:
        storage.write(key, cleaned.data)
    except StorageError:
        raise ApiError(
            ErrorCode.ARTIFACT_STORAGE_WRITE_FAILED,
            "The picture could not be stored; nothing was kept.",
            retryable=True,
        ) from None
    try:
        asset = _keep(actor, asset_id, key, cleaned, sha256, network=network, received_length=received_length)
    except ApiError:
        # A refusal was rolled back. Of a database that went away nobody knows: then the bytes stay.
        storage.remove(key)
        raise
    if asset.storage_key != key:
        storage.remove(key)
    return asset


@unit_of_work
def _keep(
    actor: Actor, asset_id: str, key: str, cleaned: Cleaned, sha256: str, *, network: str, received_length: int
) -> Asset:
    """Make the row of stored bytes; equal ones of the organization are shared."""
    organizations.lock(actor.organization_id)
    agent = _current(actor)
    same = Asset.objects.filter(
        organization_id=agent.organization_id, sha256=sha256, mime_type=cleaned.mime_type, deleted_at=None
    )
    shared = same.order_by("pk").values_list("storage_key", flat=True).first()
    added = len(cleaned.data) if shared is None else 0
    upload_limits.count(agent=agent, network=network, length=received_length, added=added)
    asset = Asset.objects.create(
        id=asset_id,
        organization_id=agent.organization_id,
        agent=agent,
        kind=Asset.Kind.UPLOADED,
        position=0,
        storage_key=shared or key,
        mime_type=cleaned.mime_type,
        content_length=len(cleaned.data),
        width=cleaned.width,
        height=cleaned.height,
        sha256=sha256,
        created_at=timezone.now(),
    )
    events.record(
        EventType.ASSET_UPLOADED,
        actor=actor,
        organization_id=asset.organization_id,
        agent_id=asset.agent_id,
        subject_id=asset.pk,
        operation="upload",
        status="uploaded",
        summary="Picture uploaded",
        links={"asset_ids": [asset.pk]},
    )
    return asset


def _current(actor: Actor) -> Agent:
    """Return the agent as it stands under the lock: its token may have ended while its picture was decoded."""
    token = AgentToken.objects.select_related("agent").filter(pk=actor.token_id).first()
    if (
        token is None
        or not tokens.is_alive(token, timezone.now())
        or token.agent.organization_id != actor.organization_id
    ):
        raise auth_required()
    tokens.require_whole(token)
    grants.require(token.agent, "asset.upload")
    grants.require_active(token.agent)
    return token.agent


def _warnings(declared: Declared, cleaned: Cleaned) -> list[str]:
    told: list[str] = []
    if declared.mime_type is not None:
        plain = declared.mime_type.partition(";")[0].strip().lower()
        if _SYNONYMS.get(plain, plain) != cleaned.received_type:
            told.append(f"The declared mime_type is ignored: the bytes are {cleaned.received_type}.")
    if cleaned.mime_type != cleaned.received_type:
        told.append(f"{cleaned.received_type} is kept as {cleaned.mime_type}.")
    if cleaned.is_first_frame:
        told.append("Only the first frame is kept.")
    return told


def expire_unused() -> int:
    """Delete unclaimed agents' uploads that no job has used for 30 days; return how many."""
    long_ago = timezone.now() - KEPT_UNUSED
    used = JobInput.objects.filter(asset=OuterRef("pk"), job__created_at__gt=long_ago)
    unused = Asset.objects.filter(
        ~Exists(used),
        kind=Asset.Kind.UPLOADED,
        agent__claim_state__in=_UNCLAIMED,
        created_at__lt=long_ago,
        deleted_at=None,
    )
    found = list(unused.order_by("organization_id", "pk")[:_BATCH])
    return takedowns.take_away(found, actor=System("clock"), status="expired", unused_since=long_ago)
