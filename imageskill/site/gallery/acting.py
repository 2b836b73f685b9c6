"""What a person does with pictures: rate one, take some home, delete some."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from accounts.freshness import fresh_required
from accounts.members import CannotError
from accounts.models import Membership, Role
from accounts.pages.people import in_workspace, show, signed_in
from creative import discarding, gallery, lineage, ratings, zipping
from creative.zipping import Told
from imageskill.core.instants import instant
from imageskill.site.gallery import choosing
from imageskill.site.gallery.cards import card, picture_cards

_BAD_REQUEST = 400


@require_POST
@in_workspace
def rate(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Keep, reject or star a picture, or take that back."""
    scope = gallery.scope_of(place.organization)
    asset = gallery.find(scope, f"image_{request.POST.get('p', '')}")
    if asset is None:
        raise Http404
    try:
        ratings.rate(scope=scope, user=signed_in(request), asset=asset, state=request.POST.get("state", ""))
    except ValueError:
        return HttpResponse(status=_BAD_REQUEST)
    except CannotError as error:
        raise PermissionDenied from error
    asked = request.POST.get("back", "")
    safe = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    back = asked if safe else reverse("gallery", args=[place.organization_id])
    if getattr(request, "htmx", False):
        (tile,) = gallery.tiles(scope, [asset])
        return show(request, "gallery/rating.html", place, card=card(tile), back=back)
    return HttpResponseRedirect(back)


@require_GET
@in_workspace
def download(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Send the chosen pictures as one zip file with a manifest; a viewer's has no prompts."""
    tiles = choosing.tiles_of(gallery.scope_of(place.organization), request.GET)
    if not tiles:
        return choosing.back(request, place, "Choose the pictures to download.")
    now = timezone.now()
    told = Told(place.organization_id, instant(now), with_prompts=place.role != Role.VIEWER)
    answer = StreamingHttpResponse(zipping.stream(tiles, told), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="pictures-{now:%Y-%m-%d-%H%M%S}.zip"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@fresh_required
@require_GET
@in_workspace
def discard(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Ask before pictures are deleted: where each is used, and what stays."""
    scope = gallery.scope_of(place.organization)
    tiles = choosing.tiles_of(scope, request.GET)
    if not tiles:
        return choosing.back(request, place, "Choose the pictures to delete.")
    used = lineage.uses(scope, [tile.asset.pk for tile in tiles])
    rows = [(shown, used[shown.tile.asset.pk]) for shown in picture_cards(tiles)]
    paid = sum(tile.price or 0 for tile in tiles)
    return show(request, "gallery/discard.html", place, page="gallery", rows=rows, paid=paid)


@fresh_required
@require_POST
@in_workspace
def delete(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Delete the chosen pictures, all but those that a job still needs."""
    scope = gallery.scope_of(place.organization)
    chosen = gallery.chosen(scope, request.POST.getlist("p"), choosing.MOST)
    try:
        done = discarding.discard(scope=scope, user=signed_in(request), pictures=chosen)
    except CannotError as error:
        raise PermissionDenied from error
    if done.gone:
        count = len(done.gone)
        messages.success(
            request, f"{count} picture{'' if count == 1 else 's'} deleted. What they cost stays in the books."
        )
    for job_id in sorted(set(done.needed.values())):
        messages.error(request, f"Not deleted: a picture that {job_id} needs, which has not ended.")
    if not done.gone and not done.needed:
        messages.error(request, "Nothing was deleted: the pictures are gone already.")
    return HttpResponseRedirect(reverse("gallery", args=[place.organization_id]))
