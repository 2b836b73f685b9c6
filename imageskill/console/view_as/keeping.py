"""Where a visit is kept: in the session of who began it, so it ends with the session."""

from datetime import datetime
from typing import Final

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from imageskill.flows.viewing import Visit

_KEPT: Final = "view_as"


def keep(request: HttpRequest, user: User, visit: Visit) -> None:
    """Begin a visit in this session."""
    request.session[_KEPT] = [user.pk, visit.organization_id, visit.ends_at.isoformat()]


def of(request: HttpRequest) -> Visit | None:
    """Return the visit of this session, over or not; nothing is asked of who brings no session."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    accessed = request.session.accessed
    kept = request.session.get(_KEPT)
    # Whether there is a visit is no part of a page: its answer must not say that it varies by cookie.
    request.session.accessed = accessed
    return Visit(kept[1], datetime.fromisoformat(kept[2])) if kept else None


def is_of(request: HttpRequest, user: User) -> bool:
    """Say whether the visit of this session was begun by this user."""
    kept = request.session.get(_KEPT) or [""]
    return bool(kept[0] == user.pk)


def drop(request: HttpRequest) -> None:
    """End the visit of this session."""
    request.session.pop(_KEPT, None)
