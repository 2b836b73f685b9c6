"""The doors of staff's pages: staff, in a session that used a second factor; for others there is nothing here.

The console is open to all staff, the admin to those of them who are superusers.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec
from urllib.parse import urlencode, urlsplit

from allauth.account.authentication import get_authentication_records
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts import freshness, staff
from accounts.models import User
from accounts.pages.people import signed_in
from accounts.staff import Staff

P = ParamSpec("P")
SAFE: Final = ("GET", "HEAD", "OPTIONS")
"""Methods that only look."""
_DOOR: Final = "is_behind_the_staff_door"
_ASKS: Final = "asks_staff_for_a_fresh_sign_in"


def staff_only(
    page: Callable[Concatenate[HttpRequest, Staff, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Open a page of the console to staff: it gets the person as an actor after the request.

    It stands outermost, so that every method of a stranger is answered 404 exactly as an address that leads
    nowhere is. Staff whose session used no second factor is asked for it. A page under `@fresh_required` (inside)
    wants a sign-in of the last five minutes as well.
    """
    is_dangerous = freshness.is_dangerous(page, None)

    @csrf_protect
    def inside(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - the route's
        return page(request, Staff(signed_in(request).pk), *args, **kwargs)

    # The form's token is asked for inside: outside, its absence would tell a stranger that something is here.
    @csrf_exempt
    @never_cache
    def door(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - the route's
        refused = refusal(request, is_dangerous=is_dangerous)
        return refused if refused is not None else inside(request, *args, **kwargs)

    # Without what `page` carries: FreshSignInMiddleware would answer strangers by a redirect.
    wrapped = wraps(page, updated=())(door)
    setattr(wrapped, _DOOR, True)
    setattr(wrapped, _ASKS, is_dangerous)
    return wrapped


def superusers_only(page: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Open a page of the admin to superusers; to the rest of staff it is not there either.

    Whatever does more than look wants a sign-in of the last five minutes.
    """
    inside = csrf_protect(page)

    # For the reason given above.
    @csrf_exempt
    @never_cache
    def door(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - the route's
        refused = refusal(request, is_dangerous=request.method not in SAFE, for_superusers=True)
        return refused if refused is not None else inside(request, *args, **kwargs)

    wrapped = wraps(page, updated=())(door)
    setattr(wrapped, _DOOR, True)
    # Else an address without its last slash would lead a stranger to the one that has it.
    setattr(wrapped, "should_append_slash", False)  # noqa: B010 - a mark that Django reads
    return wrapped


def is_guarded(view: object) -> bool:
    """Say whether a view is behind the door; a test asks it of every route of the console."""
    return bool(getattr(view, _DOOR, False))


def asks_freshness(view: object) -> bool:
    """Say whether a view behind the door wants a fresh sign-in too."""
    return bool(getattr(view, _ASKS, False))


def refusal(
    request: HttpRequest, *, is_dangerous: bool = False, for_superusers: bool = False
) -> HttpResponseBase | None:
    """Return what somebody gets who may not come in now, or None. Http404: no staff, or no superuser."""
    user = request.user
    if not isinstance(user, User) or not _has_rights(user, for_superusers=for_superusers):
        # Else the answer would vary by cookie, and that of an address that leads nowhere does not.
        request.session.accessed = False
        raise Http404
    records = get_authentication_records(request, user)
    if not staff.used_a_factor(user, records):
        return _factor_page(request, user)
    if is_dangerous and not freshness.is_fresh(records):
        return _leave_for(request, f"{reverse('fresh')}?{urlencode({'next': _way_back(request)})}")
    return None


def _has_rights(user: User, *, for_superusers: bool) -> bool:
    return user.is_active and user.is_staff and (user.is_superuser or not for_superusers)


def _factor_page(request: HttpRequest, user: User) -> HttpResponseBase:
    if request.headers.get("HX-Request"):
        return _leave_for(request, _way_back(request))
    shown = {"ways": freshness.ways_of(user), "next": _way_back(request)}
    return render(request, "console/factor.html", shown, status=403)


def _leave_for(request: HttpRequest, address: str) -> HttpResponseBase:
    """Lead the whole page away, a part that asked by itself included."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _way_back(request: HttpRequest) -> str:
    """Return where to go on: the page itself, or for a POST or a part of a page the page it came from."""
    if request.method in ("GET", "HEAD") and not request.headers.get("HX-Request"):
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("referer", ""))
    return came_from.path if came_from.netloc == request.get_host() else reverse("console")
