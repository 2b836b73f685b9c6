"""Share links: whoever has one looks at some pictures until it ends, and learns nothing else of a workspace."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Final

from django.db.models import F, Prefetch, Q
from django.utils import timezone

from accounts import members, organizations
from accounts.members import CannotError
from accounts.models import User
from creative import thumbnails
from creative.gallery import Scope
from creative.images import Busy
from creative.models import Asset, SharedPicture, ShareLink
from creative.storage import StorageError
from imageskill.core import events
from imageskill.core.events import EventType, Human
from imageskill.core.ids import prefix_of
from imageskill.core.units import unit_of_work

DAYS: Final = (1, 7, 30)
"""How many days a link may last."""

MOST_PICTURES: Final = 80
MOST_OPEN: Final = 200
"""How many links of a workspace may be open at once."""

PAGE: Final = 30
_TOKEN_BYTES: Final = 20  # 160 bits
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{27}")
"""What `token_urlsafe` makes of so many bytes."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new link and its token, which is kept nowhere and cannot be shown again."""

    link: ShareLink
    token: str


def make(*, scope: Scope, user: User, pictures: Sequence[Asset], days: int) -> Made:
    """Make a link to live pictures of a workspace.

    CannotError: none, too many, another end, too many links, or the user's role does not allow this any more.
    """
    if not 0 < len(pictures) <= MOST_PICTURES:
        raise CannotError(f"A link shows between 1 and {MOST_PICTURES} pictures.")
    if days not in DAYS:
        raise CannotError("A link lasts 1, 7 or 30 days.")
    made = _make(scope, user, pictures, days)
    for asset in pictures:
        # What a link shows are re-encoded renditions, so those must be there before anybody looks.
        if asset.thumbnails_at is None:
            try:
                thumbnails.make(asset)
            except (Busy, StorageError):
                continue  # the clock makes it within seconds
    return made


@unit_of_work
def _make(scope: Scope, user: User, pictures: Sequence[Asset], days: int) -> Made:
    now = timezone.now()
    # Deletions happen under the same lock: a picture that goes now is not in a link.
    organizations.lock(*scope.organization_ids)
    members.require_decides(user=user, organization_id=scope.workspace_id)
    own = ShareLink.objects.filter(organization_id=scope.workspace_id, revoked_at=None, ends_at__gt=now)
    if own.count() >= MOST_OPEN:
        raise CannotError(f"A workspace has at most {MOST_OPEN} open links. End one first.")
    ids = [asset.pk for asset in pictures]
    live = Asset.objects.filter(pk__in=ids, organization_id__in=scope.organization_ids, deleted_at=None)
    if live.count() != len(ids):
        raise CannotError("One of these pictures was deleted meanwhile.")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    link = ShareLink.objects.create(
        organization_id=scope.workspace_id,
        token_sha256=_digest(token),
        made_by=user,
        created_at=now,
        ends_at=now + timedelta(days=days),
    )
    SharedPicture.objects.bulk_create(
        SharedPicture(link=link, asset_id=pk, position=position) for position, pk in enumerate(ids, 1)
    )
    summary = f"Share link to {_pictures(len(ids))} made, for {days} {'day' if days == 1 else 'days'}"
    _record(EventType.SHARE_MADE, link, user, "made", summary, ids)
    return Made(link, token)


@unit_of_work
def revoke(*, scope: Scope, user: User, link_id: str) -> None:
    """End a link at once.

    CannotError: it has ended already, is not this workspace's, or the user's role does not allow this any more.
    """
    known = link_id if prefix_of(link_id) == "share" else ""
    own = ShareLink.objects.filter(pk=known, organization_id=scope.workspace_id)
    if not own.filter(revoked_at=None, ends_at__gt=timezone.now()).update(revoked_at=timezone.now()):
        raise CannotError("This link has ended already.")
    organizations.lock(scope.workspace_id)
    members.require_decides(user=user, organization_id=scope.workspace_id)
    ids = list(SharedPicture.objects.filter(link_id=known).order_by("position").values_list("asset_id", flat=True))
    summary = f"Share link to {_pictures(len(ids))} ended"
    _record(EventType.SHARE_REVOKED, own.get(), user, "revoked", summary, ids)


def listed(scope: Scope, *, after: str = "") -> tuple[list[ShareLink], str | None]:
    """Return a page of a workspace's links with their pictures, newest first, and the cursor of the next."""
    rows = ShareLink.objects.filter(organization_id=scope.workspace_id)
    if prefix_of(after) == "share":
        rows = rows.filter(pk__lt=after)
    pictures = SharedPicture.objects.select_related("asset").order_by("position")
    shown = rows.select_related("made_by").prefetch_related(Prefetch("pictures", pictures))
    found = list(shown.order_by("-pk")[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def find(token: str) -> ShareLink | None:
    """Return the link of a token, an ended one too."""
    if _TOKEN.fullmatch(token) is None:
        return None  # no link ever had such a token, so nobody is asked for it
    return ShareLink.objects.filter(token_sha256=_digest(token)).first()


def is_open(link: ShareLink) -> bool:
    """Say whether a link still shows anything."""
    return link.revoked_at is None and link.ends_at > timezone.now()


def pictures_of(link: ShareLink) -> list[SharedPicture]:
    """Return what a link shows, without the pictures that were deleted."""
    rows = SharedPicture.objects.select_related("asset").filter(link=link, asset__deleted_at=None)
    return list(rows.order_by("position"))


def rendition(link: ShareLink, position: int, width: int) -> IO[bytes] | None:
    """Return a picture of a link as a re-encoded WebP file; None: there is none, or not yet.

    StorageError: the storage does not answer.
    """
    rows = SharedPicture.objects.select_related("asset").filter(link=link, position=position)
    row = rows.first()
    return thumbnails.open(row.asset, width) if row is not None else None


@unit_of_work
def count_opening(link: ShareLink) -> None:
    """Count that a browser has shown an open link."""
    now = timezone.now()
    still = ShareLink.objects.filter(pk=link.pk, revoked_at=None, ends_at__gt=now)
    still.filter(Q(opened__lt=1_000_000)).update(opened=F("opened") + 1, last_opened_at=now)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _pictures(count: int) -> str:
    return f"{count} picture{'' if count == 1 else 's'}"


def _record(event_type: EventType, link: ShareLink, user: User, status: str, summary: str, ids: list[str]) -> None:
    events.record(
        event_type,
        actor=Human(user.pk),
        organization_id=link.organization_id,
        agent_id="",
        subject_id=link.pk,
        operation="share",
        status=status,
        summary=summary,
        links={"asset_ids": ids},
    )
