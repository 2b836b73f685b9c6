"""The way to a claim: sign in, then type the code. Opening an address changes nothing."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import claim_opening, claims, fingerprints, silence
from accounts.claim_opening import Typed
from accounts.models import Claim
from billing import payers
from imageskill.site.claim import deciding, endings
from imageskill.site.claim.doors import Guest, for_guests, place_of, with_claim


@require_GET
@for_guests
def start(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Ask for a code, and list what waits for the guest's addresses."""
    return _start(request, guest)


@require_POST
@for_guests
def code(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Take a code of any agent, and lead to its claim."""
    typed = claim_opening.type_code(request.POST.get("code", ""), visitor=guest.visitor)
    if typed.claim is None:
        return _start(request, guest, typed=typed)
    return HttpResponseRedirect(place_of(typed.claim))


def _start(request: HttpRequest, guest: Guest, *, typed: Typed | None = None) -> HttpResponse:
    shown = {
        "guest": guest,
        "typed": typed,
        "waiting": claim_opening.waiting_for(guest.visitor.verified),
        "paid": payers.agents_of(guest.visitor.verified),
        "silent": silence.holds_back(guest.user.email),
        "command": endings.command(guest.user.email),
        "action": reverse("claim_code"),
    }
    return render(request, "claim/start.html", shown)


@require_GET
@with_claim
def look(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Show a claim as it stands: the code to be typed, what is to be decided, or what became of it."""
    if claim.state in (Claim.State.APPROVED, Claim.State.COLLECTED):
        return HttpResponseRedirect(reverse("claim_done", args=[claim.link]))
    if claim.state not in claims.LIVE:
        silent = silence.holds_back(guest.user.email)
        ending = endings.of(claim, guest.user.email)
        return render(request, "claim/ended.html", {"guest": guest, "ending": ending, "silent": silent})
    if claim_opening.is_open_for(claim, guest.user.pk):
        return deciding.review(request, guest, claim)
    return _ask_for_code(request, guest, claim)


@require_POST
@with_claim
def code_of(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Take the code of one claim."""
    text = request.POST.get("code", "")
    typed = claim_opening.type_code(text, visitor=guest.visitor, link=claim.link)
    if typed.claim is None:
        claim.refresh_from_db()
        if claim.state in claims.LIVE:
            return _ask_for_code(request, guest, claim, typed=typed)
    return HttpResponseRedirect(place_of(claim))


def _ask_for_code(request: HttpRequest, guest: Guest, claim: Claim, *, typed: Typed | None = None) -> HttpResponse:
    shown = {
        "guest": guest,
        "claim": claim,
        "typed": typed,
        "words": fingerprints.of(claim.pk),
        "mine": claim.agent.contact.lower() in guest.visitor.verified,
        "action": reverse("claim_code_of", args=[claim.link]),
    }
    return render(request, "claim/code.html", shown)


@require_POST
@never_cache
def seen(request: HttpRequest, link: str) -> HttpResponseBase:
    """Count that a browser shows this link's page; the page itself asks for it, a preview of the link does not.

    How often it was opened is told to whom the claim was mailed alone.
    """
    claims.seen(link)
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    return _told_seen(request, link=link)


@with_claim
def _told_seen(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    return render(request, "claim/seen.html", {"claim": claim})


@require_POST
@for_guests
def resume_mail(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Let mail about claims come to the guest's own address again."""
    silence.end(guest.user.email)
    return HttpResponseRedirect(reverse("claim"))
