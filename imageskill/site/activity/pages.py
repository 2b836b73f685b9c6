"""The pages of the activity browser: one function an operation."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import members, organizations
from accounts.models import Membership, Role
from accounts.pages.people import in_workspace, show
from imageskill.site.activity import (
    clocks,
    conditions,
    details,
    export,
    facets,
    filters,
    histogram,
    jumping,
    labels,
    lines,
    query,
    stream,
    suggesting,
)
from imageskill.site.activity.addresses import Addresses
from imageskill.site.activity.conditions import Conditions, Scope
from imageskill.site.activity.details import Detail
from imageskill.site.activity.query import Fault, Query
from imageskill.site.activity.stream import Row

ROWS: Final = 50
NEW: Final = 100
"""So many new rows a live page takes at once."""
OVERLAP: Final = timedelta(seconds=5)
"""An event is seen when its transaction ends, maybe after a later one: so the last seconds are read again."""
CHECKED_EVERY: Final = 1_000
"""After so many lines of a file it is asked again whether its reader may still read."""


@require_GET
@in_workspace
def browse(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show what happened, with the drawer of one row if it is asked for; a pasted id leads to its row."""
    scope = _scope(request, place)
    pasted = request.GET.get("q", "").strip()
    is_pasted = jumping.is_id(pasted) and "event" not in request.GET
    if is_pasted:
        reference = jumping.reference_of(pasted, scope.organization_ids)
        if reference is not None:
            here = reverse("activity", args=[place.organization_id])
            return HttpResponseRedirect(f"{here}?{urlencode({'event': reference})}")
    asked, wanted = _asked(request, scope)
    before = stream.key_of(request.GET.get("before"))
    page = stream.page(wanted, limit=ROWS, before=before)
    addresses = Addresses(place.organization_id, request.GET)
    drawn = histogram.of(asked, wanted, scope)
    with timezone.override(scope.zone):
        return show(
            request,
            "activity/activity.html",
            place,
            page="activity",
            lines=lines.of(labels.of(page.rows, scope), scope, addresses, request.GET.get("event", "")),
            for_query=addresses.for_query,
            is_unknown_id=is_pasted,
            is_later_page=before is not None,
            next_key=page.next_key,
            searched_to=page.searched_to,
            detail=_detail(request, scope),
            tabs=details.TABS,
            counted=facets.of(asked, wanted, scope),
            histogram=drawn,
            bars=lines.parts(drawn, scope),
            live=_begin_tail(page.rows, scope) if "live" in request.GET and before is None else None,
            **_frame(asked, wanted, scope),
            **_clock(request, scope),
        )


@require_GET
@in_workspace
def drawer(request: HttpRequest, place: Membership, reference: str) -> HttpResponseBase:
    """Show the drawer of one row alone; any id that leads to a row names it."""
    scope = _scope(request, place)
    known = jumping.reference_of(reference, scope.organization_ids)
    row = details.find(known, scope) if known is not None else None
    if row is None:
        raise Http404
    asked, wanted = _asked(request, scope)
    shown = {
        "workspace": place.organization,
        "detail": details.of(row, request.GET.get("tab", ""), scope),
        "tabs": details.TABS,
        **_frame(asked, wanted, scope),
    }
    with timezone.override(scope.zone):
        return render(request, "activity/drawer.html", shown)


@require_GET
@in_workspace
def tail(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Return what is new since a place in the stream; 304 where that is what was given out before, by its tag."""
    key = stream.key_of(request.GET.get("after"))
    if key is None:
        return HttpResponse(status=400)
    scope = _scope(request, place)
    asked, wanted = _asked(request, scope)
    rows = stream.after(wanted, key=key, limit=NEW)
    if request.headers.get("If-None-Match") == _tag(key, rows):
        return HttpResponse(status=304, headers={"ETag": _tag(key, rows)})
    live = _begin_tail(rows, scope, at_least=key)
    shown = {
        "workspace": place.organization,
        "lines": lines.of(labels.of(rows, scope), scope, Addresses(place.organization_id, request.GET)),
        "live": live,
        **_frame(asked, wanted, scope),
    }
    with timezone.override(scope.zone):
        return render(request, "activity/tail.html", shown)


@require_GET
@in_workspace
def suggestions(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Return how the query may go on."""
    text = request.GET.get("q", "")[: query.LONGEST]
    found = suggesting.completions(text, _scope(request, place))
    return render(request, "activity/suggestions.html", {"suggestions": found})


@require_GET
@in_workspace
def download(request: HttpRequest, place: Membership, form: str) -> HttpResponseBase:
    """Send the rows of the query as a file, as they are read."""
    scope = _scope(request, place)
    asked, wanted = _asked(request, scope)
    if form == "csv":
        kind, lines = "text/csv", export.as_csv(wanted, scope)
    else:
        kind, lines = "application/x-ndjson", export.as_json_lines(wanted, scope, query=str(asked))
    return StreamingHttpResponse(
        _while_member(lines, place),
        content_type=f"{kind}; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="activity-{scope.now:%Y-%m-%d}.{form}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_POST
@never_cache
@login_required
def choose_zone(request: HttpRequest) -> HttpResponseBase:
    """Keep the time zone in which somebody reads: of their own session, so viewers choose too."""
    if not clocks.choose(request.session, request.POST.get("zone", "")):
        return HttpResponse(status=400)
    back = request.POST.get("back", "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return HttpResponseRedirect(back if is_ours else reverse("home_of_person"))


def _scope(request: HttpRequest, place: Membership) -> Scope:
    return Scope(
        organization_ids=tuple(organizations.with_shells(place.organization_id)),
        agents=tuple(members.agents_of(place.organization)),
        zone=clocks.zone_named(clocks.chosen(request.session)),
        now=timezone.now(),
        is_viewer=place.role == Role.VIEWER,
    )


def _asked(request: HttpRequest, scope: Scope) -> tuple[Query, Conditions]:
    asked = query.parse(request.GET.get("q", ""))
    return asked, conditions.of(asked, scope)


def _detail(request: HttpRequest, scope: Scope) -> Detail | None:
    """Return the drawer that the address asks for; a row that is not there has none."""
    reference = request.GET.get("event", "")
    row = details.find(reference, scope) if reference else None
    if reference and row is None:
        raise Http404
    return details.of(row, request.GET.get("tab", ""), scope) if row is not None else None


def _frame(asked: Query, wanted: Conditions, scope: Scope) -> dict[str, Any]:
    """Return what every part of the page is made with: the query in parts, its faults, and the clock."""
    strange = {fault.text: fault.why for fault in wanted.faults}
    parts = []
    for place, token in enumerate(asked.tokens):
        why = token.why if isinstance(token, Fault) else strange.get(str(token), "")
        parts.append({"text": str(token), "without": str(asked.without(place)), "why": why})
    return {
        "query": str(asked),
        "parts": parts,
        "faults": [part for part in parts if part["why"]],
        "created": asked.value("created") or "",
        "presets": [
            {"value": value, "label": label, "query": str(asked.only("created", value))}
            for value, label in filters.PRESETS.items()
        ],
        "always": str(asked.dropping("created")),
        "shows_all": asked.value("show") == "all",
        "all_steps": str(asked.dropping("show") if asked.value("show") else asked.only("show", "all")),
        "takes_prompts": not scope.is_viewer,
    }


def _clock(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    return {
        "zone": clocks.chosen(request.session),
        "agent_zones": clocks.of_agents(scope.organization_ids),
        "back": request.get_full_path(),
    }


def _begin_tail(rows: tuple[Row, ...] | list[Row], scope: Scope, *, at_least: str = "") -> dict[str, str]:
    """Return where a live page goes on after these rows, and the tag of those that it will be given again."""
    settled = stream.key_at(scope.now - OVERLAP)
    key = max(at_least, min(rows[0].key, settled) if rows else settled)
    return {"after": key, "tag": _tag(key, [row for row in rows if row.key > key])}


def _tag(key: str, rows: list[Row]) -> str:
    told = " ".join([key, *(row.reference for row in rows)])
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def _while_member(lines: Iterator[str], place: Membership) -> Iterator[str]:
    """Yield lines for as long as their reader belongs to the workspace."""
    while chunk := list(islice(lines, CHECKED_EVERY)):
        yield "".join(chunk)
        if members.workspace_of(place.user, place.organization_id) is None:
            yield "This file ends early: its reader does not belong to the workspace any more.\n"
            return
