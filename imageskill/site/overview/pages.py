"""The first page of a workspace, the part of it that keeps itself true, and the search over everything."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import members, visits
from accounts.models import Membership
from accounts.pages.people import in_workspace, show, signed_in, visited
from imageskill.site.agents import claimable
from imageskill.site.overview import finding, glance
from imageskill.site.overview.finding import Place


@require_GET
@in_workspace
def overview(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show a workspace at a glance."""
    # Whoever only visits is no member: what waits for that person is no part of this workspace's page.
    waiting = claimable.by(place.user) if visited(request) is None else []
    seen = glance.of_workspace(place, waiting)
    shown = {"glance": seen, "live": seen.live, "signup_command": _signup_command(place), "page": "overview"}
    return show(request, "overview/overview.html", place, **shown)


def _signup_command(place: Membership) -> str:
    return (
        f"curl -sS {settings.BASE_URL}/v1/agent-signups -H 'content-type: application/json' \\\n"
        f"""  -d '{{"human_email":"{place.user.email}","agent_name":"first-agent","runtime":"shell"}}'"""
    )


@require_GET
@in_workspace
def running(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Return the jobs at work alone, and what is new with them once there is a picture after `?after=`."""
    live = glance.live_part(place)
    shown = {
        "workspace": place.organization,
        "live": live,
        "with_news": request.GET.get("after", "") != live.newest_id or not live.running,
    }
    return render(request, "overview/running_fragment.html", shown)


@require_POST
@never_cache
@login_required
def seen(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Note that somebody looks; the open page tells it. Viewers look, too."""
    place = members.workspace_of(signed_in(request), organization_id)
    if place is None:
        raise Http404
    visits.note(place)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return HttpResponseRedirect(reverse("overview", args=[organization_id]))


@require_GET
@in_workspace
def find(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Lead to the page that shows what was typed or pasted."""
    for found in finding.places(place.organization_id, request.GET.get("q", "")):
        address = _address(place.organization_id, found)
        if address is not None:
            return HttpResponseRedirect(address)
    messages.info(request, "Nothing here has that id.")
    return HttpResponseRedirect(reverse("overview", args=[place.organization_id]))


def _address(organization_id: str, found: Place) -> str | None:
    try:
        path = reverse(found.route, args=[organization_id, *found.args])
    except NoReverseMatch:
        return None
    return f"{path}?{urlencode(found.query)}" if found.query else path
