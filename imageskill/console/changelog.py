"""The public changelog, in staff's words only."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from creative.feedback import changelog as lines
from imageskill.core.ids import prefix_of


@require_safe
def changelog(request: HttpRequest) -> HttpResponseBase:
    """Show what was fixed, newest first, and what is known and not fixed yet."""
    after = request.GET.get("after")
    if after is not None and prefix_of(after) != "sig":
        raise Http404
    fixed, cursor = lines.fixed(after=after)
    shown = {"fixed": fixed, "cursor": cursor, "known": [] if after else lines.known(), "after": after}
    return render(request, "console/changelog.html", shown)
