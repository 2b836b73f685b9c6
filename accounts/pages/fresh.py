"""The middleware that asks for a fresh sign-in before a dangerous route, and the page on which it is given."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import freshness
from accounts.forms import FreshCode
from accounts.pages.people import signed_in

_KEPT: Final = "fresh_code"


class FreshSignInMiddleware:
    """Leads to the confirmation page whoever asks for a dangerous route with an old sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; the route is known later."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Challenge a dangerous route, unless the newest sign-in of this session is recent."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if not freshness.is_dangerous(view, name) or not request.user.is_authenticated:
            return None
        if freshness.is_fresh(get_authentication_records(request, request.user)):
            return None
        return HttpResponseRedirect(f"{reverse('fresh')}?{urlencode({'next': _way_back(request)})}")


def _way_back(request: HttpRequest) -> str:
    """Return where to go on: the page itself, or for a POST, which has to be done again, the page before."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("referer", ""))
    return came_from.path if came_from.netloc == request.get_host() else reverse("home_of_person")


def _next(request: HttpRequest) -> str:
    asked = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked.startswith("/")
    return asked if safe else reverse("home_of_person")


@require_GET
@never_cache
@login_required
def confirm(request: HttpRequest) -> HttpResponse:
    """Show the ways to show again who one is."""
    return _page(request, FreshCode())


@require_POST
@never_cache
@login_required
def send(request: HttpRequest) -> HttpResponseBase:
    """Mail a code, to whoever has no second factor."""
    user = signed_in(request)
    if freshness.ways_of(user).mail:
        kept = freshness.send_code(user)
        if kept is None:
            messages.error(request, "Too many codes were asked for. Try again in an hour.")
        else:
            request.session[_KEPT] = kept
            messages.success(request, f"A code is on its way to {user.email}.")
    return HttpResponseRedirect(f"{reverse('fresh')}?{urlencode({'next': _next(request)})}")


@require_POST
@never_cache
@login_required
def check(request: HttpRequest) -> HttpResponseBase:
    """Take a mailed code, and go on."""
    user = signed_in(request)
    form = FreshCode(request.POST)
    if not form.is_valid() or not freshness.ways_of(user).mail:
        return _page(request, form)
    if not freshness.check_code(request.session.get(_KEPT), user, form.cleaned_data["code"]):
        form.add_error("code", "This is not the code, or its time or its three tries are over.")
        return _page(request, form)
    del request.session[_KEPT]
    record_authentication(request, user, method="code", email=user.email, reauthenticated=True)
    return HttpResponseRedirect(_next(request))


def _page(request: HttpRequest, form: FreshCode) -> HttpResponse:
    user = signed_in(request)
    shown = {
        "form": form,
        "next": _next(request),
        "ways": freshness.ways_of(user),
        "sent": _KEPT in request.session,
        "minutes": int(freshness.LASTS.total_seconds() // 60),
        "base_url": settings.BASE_URL,
    }
    return render(request, "accounts/fresh.html", shown)
