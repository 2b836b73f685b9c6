"""The approvals: what waits for somebody's word, the word, and what became of it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Membership, Role
from accounts.pages.people import in_workspace, show
from creative import approvals as plans
from imageskill.core.errors import ApiError
from imageskill.core.events import Human
from imageskill.core.ids import prefix_of
from imageskill.site.approvals import cards, outcomes
from imageskill.site.approvals.cards import Card
from imageskill.site.approvals.forms import LONGEST, REASONS, Denial
from imageskill.site.approvals.outcomes import Outcome

COMMAND = "image-skill create --prompt 'A red boat on a quiet sea' --output-count 4 --json"


@require_GET
@in_workspace
def approvals(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show what waits, what was decided a moment ago, and the earlier decisions; to htmx only what has changed."""
    before = request.GET.get("before")
    if before is not None:
        return _earlier(request, place, before)
    now = cards.now(place)
    asks_again = bool(request.headers.get("HX-Request"))
    if asks_again and request.headers.get("If-None-Match") == now.etag:
        return HttpResponseNotModified()
    past, cursor = cards.past(place, before=None, without=[card.approval.pk for card in now.cards])
    shown = _shown(place) | {"now": now, "past": past, "cursor": cursor, "command": COMMAND}
    if asks_again:
        return render(request, "approvals/list.html", shown)
    return show(request, "approvals/approvals.html", place, page="approvals", **shown)


def _earlier(request: HttpRequest, place: Membership, before: str) -> HttpResponseBase:
    if prefix_of(before) != "job":
        raise Http404
    past, cursor = cards.past(place, before=before)
    return show(request, "approvals/earlier.html", place, page="approvals", past=past, cursor=cursor)


@require_GET
@in_workspace
def approval(request: HttpRequest, place: Membership, job_id: str) -> HttpResponseBase:
    """Show one plan, whatever became of it; the mail about it leads here, and opening it decides nothing."""
    card = _found(place, job_id)
    if not request.headers.get("HX-Request"):
        return show(request, "approvals/one.html", place, page="approvals", card=card, **_shown(place))
    if request.headers.get("If-None-Match") == cards.etag([card]):
        return HttpResponseNotModified()
    return _card(request, place, card, None)


@require_POST
@in_workspace
def approve(request: HttpRequest, place: Membership, job_id: str) -> HttpResponseBase:
    """Let exactly this plan run, once."""
    _found(place, job_id)
    try:
        plans.approve(job_id=job_id, decider=Human(place.user_id), place=place)
    except ApiError as error:
        return _answer(request, place, job_id, outcomes.of_refusal(error))
    return _answer(request, place, job_id, outcomes.STARTED)


@require_POST
@in_workspace
def deny(request: HttpRequest, place: Membership, job_id: str) -> HttpResponseBase:
    """Refuse this plan, with a reason or a cheaper way that its agent is told."""
    card = _found(place, job_id)
    form = Denial(request.POST)
    if not form.is_valid():
        words = f"The agent can be told at most {LONGEST} characters of your own words."
        return _answer(request, place, job_id, Outcome("Not denied", words, "INVALID_ARGUMENTS"))
    reason = form.said()
    if form.cleaned_data["instead"]:
        instead = card.instead(form.cleaned_data["instead"])
        if instead is None and card.state == "waiting":
            return _answer(request, place, job_id, outcomes.GONE)
        reason = instead or reason
    try:
        plans.deny(job_id=job_id, decider=Human(place.user_id), reason=reason, place=place)
    except ApiError as error:
        return _answer(request, place, job_id, outcomes.of_refusal(error))
    return _answer(request, place, job_id, outcomes.DENIED)


def _found(place: Membership, job_id: str) -> Card:
    card = cards.one(place, job_id)
    if card is None:
        raise Http404
    return card


def _answer(request: HttpRequest, place: Membership, job_id: str, outcome: Outcome) -> HttpResponseBase:
    """Return the plan as it stands after a decision: alone to htmx, else on its page, after a redirect."""
    if request.headers.get("HX-Request"):
        # A denied plan says so itself.
        said = None if outcome is outcomes.DENIED else outcome
        return _card(request, place, _found(place, job_id), said)
    say = messages.error if outcome.code else messages.success
    say(request, f"{outcome.title}. {outcome.text}")
    return HttpResponseRedirect(reverse("approval", args=[place.organization_id, job_id]))


def _card(request: HttpRequest, place: Membership, card: Card, outcome: Outcome | None) -> HttpResponse:
    return render(request, "approvals/card.html", _shown(place) | {"card": card, "outcome": outcome})


def _shown(place: Membership) -> dict[str, object]:
    return {
        "workspace": place.organization,
        "decides": place.role != Role.VIEWER,
        "reasons": REASONS.items(),
        "longest": LONGEST,
    }
