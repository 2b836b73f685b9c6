"""The inbox, one report beside it, and the search for what it repeats: everything that only looks."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.pages.people import signed_in
from accounts.staff import Staff
from creative.feedback import alike
from creative.feedback.plain_text import one_line
from creative.feedback.triage import State
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.feedback import last_acts, listing, reading
from imageskill.console.feedback.forms import FORMS, ActForm
from imageskill.console.feedback.listing import Listing, Place
from imageskill.console.feedback.reading import Item
from imageskill.console.feedback.words import STATES, VERBS

PAGE = "console_feedback"


@staff_only
@require_GET
def inbox(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show a page of the inbox, with its first report beside it where there is room."""
    place = place_in(request)
    listed = listing.read(place)
    item = reading.one(listed.rows[0].row.pk) if listed.rows else None
    return whole(request, person, listed, item, is_list=True)


@staff_only
@require_GET
def item(request: HttpRequest, person: Staff, feedback_id: str) -> HttpResponseBase:
    """Show one report, and the list beside it; to htmx the report alone. `act` opens the form of an act."""
    place = place_in(request)
    found = one(feedback_id)
    act = request.GET.get("act", "")
    form = form_of(act, found, into=request.GET.get("into", "")) if act in FORMS else None
    if request.headers.get("HX-Request"):
        return render(request, "console/feedback/item.html", shown(person, place, found, form))
    return whole(request, person, listing.read(place), found, form=form)


@staff_only
@require_GET
def search(request: HttpRequest, person: Staff, feedback_id: str) -> HttpResponseBase:
    """Return the reports that words or an id name, to merge one into."""
    asked = request.GET.get("q", "")[:200]
    found = [
        (row, one_line(row.title), STATES[State(row.state)]) for row in alike.search(asked, without=feedback_id)
    ]
    return render(request, "console/feedback/found.html", {"found": found, "asked": bool(asked.strip())})


def place_in(request: HttpRequest) -> Place:
    """Return where in the inbox a request is. Http404: nowhere."""
    sent = request.POST if request.method == "POST" else request.GET
    place = listing.place_of(sent, signed_in(request).pk)
    if place is None:
        raise Http404
    return place


def one(feedback_id: str) -> Item:
    """Return a report. Http404: there is none."""
    found = reading.one(feedback_id)
    if found is None:
        raise Http404
    return found


def form_of(act: str, found: Item, *, into: str = "") -> ActForm:
    """Return the empty form of an act for a report; `into` is the report to merge it into."""
    told = {"state": found.row.state, "canonical_id": into}
    if act == "publish":
        told |= {"title": found.row.public_title, "answer": found.row.public_answer}
    return FORMS[act](initial=told, auto_id="act_%s")


def shown(person: Staff, place: Place, found: Item | None, form: ActForm | None) -> dict[str, object]:
    """Return what the right side shows."""
    return {"item": found, "place": place, "form": form, "person": person, "me": person.actor_id}


def whole(
    request: HttpRequest,
    person: Staff,
    listed: Listing,
    found: Item | None,
    *,
    form: ActForm | None = None,
    is_list: bool = False,
) -> HttpResponseBase:
    """Render both sides."""
    ids = [row.row.pk for row in listed.rows]
    here = ids.index(found.row.pk) if found is not None and found.row.pk in ids else -1
    return frame.show(
        request,
        "console/feedback/inbox.html",
        PAGE,
        listing=listed,
        header=listing.header(),
        last=last_acts.last(request.session),
        verbs=VERBS.items(),
        is_list=is_list,
        next_id=next(iter(ids[here + 1 : here + 2]), ""),
        **shown(person, listed.place, found, form),
    )
