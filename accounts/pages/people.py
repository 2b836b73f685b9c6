"""The doors of the signed-in pages: who asks, and what of the workspace every page shows."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache

from accounts import members
from accounts.models import Membership, Organization, Role, User
from accounts.pages import passkeys

P = ParamSpec("P")
LAST_WORKSPACE = "workspace"
VISITED = "visited_place"
"""Where a request carries the place of somebody who looks at a workspace without belonging to it: a viewer's."""
_READ = "workspaces_of_the_asker"


def signed_in(request: HttpRequest) -> User:
    """Return the signed-in user, behind `login_required`."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def in_workspace(
    page: Callable[Concatenate[HttpRequest, Membership, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Open a workspace's page to its members: it gets the asker's membership in place of the id in the path.

    Nobody signed in is sent to sign in, and a page that asks by itself gets 401; a stranger gets 404, a viewer's
    POST 403.
    """

    @never_cache
    def outer(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - the route's
        if request.headers.get("HX-Request") and not request.user.is_authenticated:
            return HttpResponse(status=401)
        return door(request, *args, **kwargs)

    @login_required
    def door(request: HttpRequest, /, organization_id: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        place = _place(request, organization_id)
        if place is None:
            raise Http404
        if place.role == Role.VIEWER and request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        if visited(request) is None and request.session.get(LAST_WORKSPACE) != organization_id:
            request.session[LAST_WORKSPACE] = organization_id
        return page(request, place, *args, **kwargs)

    return wraps(page)(outer)


def visited(request: HttpRequest) -> Membership | None:
    """Return the place of a visitor, who for that time reaches this one workspace and none of their own."""
    return getattr(request, VISITED, None)


def _place(request: HttpRequest, organization_id: str) -> Membership | None:
    visit = visited(request)
    if visit is None:
        return members.workspace_of(signed_in(request), organization_id)
    return visit if visit.organization_id == organization_id else None


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give every page what its frame may show, read only where it is shown (a context processor)."""
    return {
        "passkeys_refused": SimpleLazyObject(lambda: passkeys.nameless(request)),
        "workspaces": SimpleLazyObject(lambda: _workspaces(request)),
        "workspace": SimpleLazyObject(lambda: last_workspace(request)),
    }


def _workspaces(request: HttpRequest) -> list[Organization]:
    if not isinstance(getattr(request, "user", None), User):
        return []
    visit = visited(request)
    if visit is not None:
        return [visit.organization]
    read: list[Organization] | None = getattr(request, _READ, None)
    if read is None:
        read = members.workspaces_of(signed_in(request))
        setattr(request, _READ, read)  # the frame shows it in several places
    return read


def last_workspace(request: HttpRequest) -> Organization | None:
    """Return the workspace that the frame is about: the one of the page, else the one that was looked at last."""
    mine = _workspaces(request)
    last = request.session.get(LAST_WORKSPACE)
    return next((workspace for workspace in mine if workspace.pk == last), mine[0] if mine else None)


def show(request: HttpRequest, template: str, place: Membership | None, **shown: Any) -> HttpResponse:  # noqa: ANN401
    """Render a page in the signed-in frame; `shown` is what is its own."""
    if place is not None:
        shown |= {
            "workspace": place.organization,
            "member": place,
            "decides": place.role != Role.VIEWER,
            "owns": place.role == Role.OWNER,
        }
    return render(request, template, shown)


def act(request: HttpRequest, doing: Callable[[], str], back: str) -> HttpResponseBase:
    """Do something and say so on the page one goes back to; `doing` returns the words."""
    try:
        messages.success(request, doing())
    except members.CannotError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(back)
