"""What is new to a member: the end of the visit before this one.

A visit is looking without a pause of half an hour. Reading writes nothing: the open page tells by a POST of its
own that somebody looks.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Membership
from imageskill.core.units import unit_of_work

PAUSE: Final = timedelta(minutes=30)
"""After so long without a look the next one begins a new visit."""
FARTHEST: Final = timedelta(days=30)
"""How far back anything counts as new, so that a long absence costs no long query."""
_STEP: Final = timedelta(minutes=1)


def new_since(place: Membership, *, at: datetime | None = None) -> datetime:
    """Return from when on what happened in the workspace is new to this member; at a first visit all of it is."""
    now = at or timezone.now()
    before = place.seen_at if _begins_a_visit(place, now) else place.new_since
    return max(before or now - FARTHEST, now - FARTHEST)


def is_first(place: Membership, *, at: datetime | None = None) -> bool:
    """Say whether this is a member's first visit."""
    return place.seen_at is None or (place.new_since is None and not _begins_a_visit(place, at or timezone.now()))


@unit_of_work
def note(place: Membership) -> bool:
    """Note that the member looks now. False: that was noted within the last minute already."""
    now = timezone.now()
    row = Membership.objects.filter(pk=place.pk)
    if row.filter(Q(seen_at=None) | Q(seen_at__lte=now - PAUSE)).update(new_since=F("seen_at"), seen_at=now):
        return True
    return bool(row.filter(seen_at__lte=now - _STEP).update(seen_at=now))


def _begins_a_visit(place: Membership, now: datetime) -> bool:
    return place.seen_at is None or place.seen_at <= now - PAUSE
