"""The doors of the claim pages: who asks, and which claim that person may see."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts import claim_opening, members
from accounts.claim_opening import Visitor
from accounts.models import Claim, User
from accounts.pages.people import signed_in
from billing import payers
from imageskill.core import secret_text
from imageskill.core.network import client_network
from imageskill.flows.claiming import Person
from imageskill.site.claim import endings

P = ParamSpec("P")
_CLIENT_LENGTH: Final = 120
_SIGNED_OUT: Final = 401


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is signed in here, as the pages, the opening and the taking over each want it."""

    user: User
    visitor: Visitor
    back: str
    """The page that somebody comes back to who signs in with another account."""

    @property
    def person(self) -> Person:
        """The guest as who decides a claim."""
        return Person(self.user, self.visitor.verified)


def guest_of(request: HttpRequest, link: str = "") -> Guest:
    """Return the signed-in guest of a claim's pages, with the addresses that are verified now."""
    user = signed_in(request)
    client = request.headers.get("user-agent", "")
    visitor = Visitor(
        user_id=user.pk,
        verified=members.verified_addresses(user),
        network=client_network(request),
        client="" if secret_text.is_secret(client) else client[:_CLIENT_LENGTH],
        payer_of=payers.of,
    )
    return Guest(user, visitor, _page_of(link))


def for_guests(
    page: Callable[Concatenate[HttpRequest, Guest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Open a page to whoever is signed in; everybody else is led to the page that says to sign in first."""

    @wraps(page)
    @never_cache
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        link = str(kwargs.get("link", ""))
        if not request.user.is_authenticated:
            return _signed_out(request, link)
        return page(request, guest_of(request, link), *args, **kwargs)

    return door


def with_claim(
    page: Callable[Concatenate[HttpRequest, Guest, Claim, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Open a page of one claim to whom it was mailed, who typed its code or who decided it.

    Everybody else gets the same answer as for a link that does not exist.
    """

    @wraps(page)
    @for_guests
    def door(
        request: HttpRequest, guest: Guest, /, link: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        claim = claim_opening.visible_to(guest.visitor, link)
        if claim is None:
            return nothing_here(request, guest)
        return page(request, guest, claim, *args, **kwargs)

    return door


def while_open(
    page: Callable[Concatenate[HttpRequest, Guest, Claim, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Open a page of one claim to who has typed its code, while that lasts; others are led to its first page."""

    @wraps(page)
    @with_claim
    def door(request: HttpRequest, guest: Guest, claim: Claim, /, *args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401
        if not claim_opening.is_open_for(claim, guest.user.pk):
            return HttpResponseRedirect(place_of(claim))
        return page(request, guest, claim, *args, **kwargs)

    return door


def place_of(claim: Claim) -> str:
    """Return the path of a claim's page."""
    return reverse("claim_look", args=[claim.link])


def _page_of(link: str) -> str:
    return reverse("claim_look", args=[link]) if link else reverse("claim")


def nothing_here(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Say that a link leads to nothing for this account, without saying whether it does for another."""
    ending = endings.nothing(guest.user.email)
    return render(request, "claim/ended.html", {"guest": guest, "ending": ending}, status=404)


def _signed_out(request: HttpRequest, link: str) -> HttpResponseBase:
    if request.headers.get("hx-request"):
        return HttpResponse(status=_SIGNED_OUT)
    place = _page_of(link)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseRedirect(place)
    return render(request, "claim/sign_in.html", {"next": place, "link": link})
