"""Share links: making, listing and ending them, and the page that whoever has one sees."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts import members
from accounts.models import Membership
from accounts.pages import once
from accounts.pages.people import act, in_workspace, show, signed_in
from creative import gallery, sharing
from creative.models import SharedPicture, ShareLink
from creative.storage import StorageError
from creative.thumbnails import WIDTHS
from imageskill.site.gallery import choosing
from imageskill.site.gallery.cards import picture_cards, shown_width
from imageskill.site.gallery.shapes import shape_of

P = ParamSpec("P")
_RETRY_SECONDS: Final = 5


@require_GET
@in_workspace
def links(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """List the workspace's share links, newest first."""
    scope = gallery.scope_of(place.organization)
    rows, older = sharing.listed(scope, after=request.GET.get("after", ""))
    shown = [(link, sharing.is_open(link)) for link in rows]
    return show(request, "gallery/shares.html", place, page="gallery", links=shown, older=older)


@require_GET
@in_workspace
def new(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Ask how long a link to the chosen pictures shall last."""
    tiles = choosing.tiles_of(gallery.scope_of(place.organization), request.GET)
    if not tiles:
        return choosing.back(request, place, "Choose the pictures to share.")
    shown = {"cards": picture_cards(tiles), "days": sharing.DAYS, "form_word": once.word()}
    return show(request, "gallery/share_new.html", place, page="gallery", **shown)


@require_POST
@in_workspace
def make(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Make a link and show it, this once."""
    if not once.is_first_use(request):
        messages.info(request, "This form made its link already and showed it then. If it is lost, end it here.")
        return HttpResponseRedirect(reverse("gallery_shares", args=[place.organization_id]))
    scope = gallery.scope_of(place.organization)
    days = request.POST.get("days", "")
    try:
        made = sharing.make(
            scope=scope,
            user=signed_in(request),
            pictures=gallery.chosen(scope, request.POST.getlist("p"), choosing.MOST),
            days=int(days) if days in map(str, sharing.DAYS) else 0,
        )
    except members.CannotError as error:
        return choosing.back(request, place, str(error))
    address = f"{settings.BASE_URL}{reverse('share', args=[made.token])}"
    shown = {"link": made.link, "address": address, "command": address}
    return show(request, "gallery/share_made.html", place, page="gallery", **shown)


@require_POST
@in_workspace
def revoke(request: HttpRequest, place: Membership, link_id: str) -> HttpResponseBase:
    """End a link at once."""

    def doing() -> str:
        sharing.revoke(scope=gallery.scope_of(place.organization), user=signed_in(request), link_id=link_id)
        return "The link shows nothing any more."

    return act(request, doing, reverse("gallery_shares", args=[place.organization_id]))


def _by_token(
    page: Callable[Concatenate[HttpRequest, ShareLink, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Open a public page to whoever has the token of an open link; nobody keeps or finds what it answers."""

    @wraps(page)
    def door(request: HttpRequest, /, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        link = sharing.find(token)
        if link is None:
            raise Http404
        if sharing.is_open(link):
            answer = page(request, link, *args, **kwargs)
        else:
            answer = render(request, "gallery/share_over.html", status=HTTPStatus.GONE)
        answer["Cache-Control"] = "no-store"
        answer["Referrer-Policy"] = "no-referrer"
        answer["X-Robots-Tag"] = "noindex, nofollow, noarchive, noimageindex"
        return answer

    return door


@require_safe
@_by_token
def shared(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    """Show the pictures of a link, and nothing of where they come from."""
    token = request.path.rstrip("/").rpartition("/")[2]
    hung = [_hung(row, token) for row in sharing.pictures_of(link)]
    return render(request, "gallery/share.html", {"link": link, "hung": hung, "token": token})


def _hung(row: SharedPicture, token: str) -> dict[str, object]:
    """Return a picture as the public page shows it: by its place in the link, never by its id."""
    sources = [
        f"{reverse('share_picture', args=[token, row.position, width])} {shown_width(row.asset, width)}w"
        for width in WIDTHS
    ]
    return {
        "shape": shape_of(row.asset.width, row.asset.height),
        "src": reverse("share_picture", args=[token, row.position, WIDTHS[-1]]),
        "srcset": ", ".join(sources),
        "width": row.asset.width,
        "height": row.asset.height,
    }


@require_safe
@_by_token
def shared_picture(request: HttpRequest, link: ShareLink, position: int, width: int) -> HttpResponseBase:
    """Send a re-encoded rendition of one picture of a link, whether pictures are private or not."""
    if width not in WIDTHS:
        raise Http404
    try:
        file = sharing.rendition(link, position, width)
    except StorageError:
        file = None
    if file is None:
        if not any(row.position == position for row in sharing.pictures_of(link)):
            raise Http404
        away = HttpResponse(
            "The picture cannot be read at this moment.\n",
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            content_type="text/plain; charset=utf-8",
        )
        away["Retry-After"] = str(_RETRY_SECONDS)
        return away
    answer = FileResponse(file, content_type="image/webp")
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@csrf_exempt
@require_POST
@_by_token
def opened(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    """Count that a browser has shown the page: reading it alone writes nothing."""
    sharing.count_opening(link)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
