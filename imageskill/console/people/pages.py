"""The search, the newest agents, and one agent: everything that only looks."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.staff import Staff
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.people import finding, portrait
from imageskill.core.ids import prefix_of

_LONGEST_REFERENCE: Final = 128


@staff_only
@require_safe
def search(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Go to what the words name, or list what they may name."""
    asked = request.GET.get("q", "").strip()[: finding.LONGEST]
    found = finding.find(asked)
    if found.exact and found.exact != request.get_full_path():
        return HttpResponseRedirect(found.exact)
    # A whole token is never written into a page, not even to whoever typed it.
    shown = "" if asked.startswith("isk_") else asked
    return frame.show(
        request, "console/people/search.html", "console_search", asked=shown, hits=found.hits, is_asked=bool(asked)
    )


@staff_only
@require_safe
def people(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show the newest agents, a page at a time."""
    after = request.GET.get("after", "")
    if after and prefix_of(after) != "agt":
        raise Http404
    rows = list(portrait.newest(after)[: portrait.PAGE + 1])
    shown = rows[: portrait.PAGE]
    more = shown[-1].pk if len(rows) > len(shown) else ""
    return frame.show(request, "console/people/people.html", "console_people", rows=shown, more=more, after=after)


@staff_only
@require_safe
def agent(request: HttpRequest, person: Staff, agent_id: str) -> HttpResponseBase:
    """Show all that staff may know of an agent; `about` is something of it that was looked for."""
    found = portrait.one(agent_id)
    if found is None:
        raise Http404
    reference = request.GET.get("about", "").replace("\0", "")[:_LONGEST_REFERENCE]
    return frame.show(
        request,
        "console/people/agent.html",
        "console_people",
        of=portrait.of(found),
        about=portrait.about(found, reference) if reference else None,
    )
