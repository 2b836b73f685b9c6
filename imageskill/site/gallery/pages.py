"""The wall of a workspace's pictures, one picture's page, comparing some, and what kept ones cost."""

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from accounts.models import Membership, Role
from accounts.pages.people import in_workspace, show
from creative import assets, gallery, lineage, ratings
from imageskill.site.gallery import choosing, receipts, settings_diff
from imageskill.site.gallery.bars import Bars
from imageskill.site.gallery.cards import card, cards, picture_cards
from imageskill.site.gallery.facets import Facets

BLUR_COOKIE = "gallery_blur"


@require_GET
@in_workspace
def wall(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show the pictures; to htmx only the next ones."""
    scope = gallery.scope_of(place.organization)
    facets = Facets(request.GET, place.organization)
    page = gallery.page(scope, facets.wanted, after=request.GET.get("after", ""))
    shown: dict[str, Any] = {
        "page": "gallery",
        "cards": cards(page.items),
        "older": facets.query(after=page.cursor) if page.cursor else None,
        "looked_back_to": page.looked_back_to,
        "grouped": facets.wanted.grouped,
        "blurred": _is_blurred(request),
    }
    if getattr(request, "htmx", False) and "after" in request.GET:
        return show(request, "gallery/more.html", place, **shown)
    shown |= {"facets": facets, "is_first": "after" not in request.GET, "costs": ratings.costs(scope)}
    return show(request, "gallery/wall.html", place, **shown)


@require_GET
@in_workspace
def picture(request: HttpRequest, place: Membership, asset_id: str) -> HttpResponseBase:
    """Show one picture with its receipt, its request and its family."""
    scope = gallery.scope_of(place.organization)
    asset = gallery.find(scope, asset_id)
    if asset is None:
        raise Http404
    (tile,) = gallery.tiles(scope, [asset])
    shown = {
        "page": "gallery",
        "card": card(tile),
        "address": assets.url(asset),
        "family": lineage.family(scope, asset),
        "uses": lineage.uses(scope, [asset.pk])[asset.pk],
        "blurred": _is_blurred(request),
    }
    if asset.job is not None:
        sources = lineage.sources(scope, asset.job)
        shown |= {
            "sources": sources,
            "making": receipts.making_of(asset.job),
            "released": receipts.released_of(asset.job),
        }
        if place.role != Role.VIEWER:
            shown["command"] = receipts.command_of(asset.job, sources)
            shown["call"] = receipts.call_of(asset.job, sources)
    return show(request, "gallery/picture.html", place, **shown)


@require_GET
@in_workspace
def compare(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show two to four pictures side by side, with the settings in which they differ."""
    scope = gallery.scope_of(place.organization)
    tiles = choosing.tiles_of(scope, request.GET)
    if not choosing.CAN_COMPARE[0] <= len(tiles) <= choosing.CAN_COMPARE[1]:
        return choosing.back(request, place, "Choose two to four pictures to compare.")
    return show(
        request,
        "gallery/compare.html",
        place,
        page="gallery",
        cards=picture_cards(tiles),
        rows=settings_diff.rows(tiles),
        blurred=_is_blurred(request),
    )


@require_GET
@in_workspace
def costs(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show what a kept picture costs, by model and by agent."""
    found = ratings.costs(gallery.scope_of(place.organization))
    charts = [("By model", Bars(found.by_model)), ("By agent", Bars(found.by_agent))]
    return show(request, "gallery/costs.html", place, page="gallery", costs=found, charts=charts)


def _is_blurred(request: HttpRequest) -> bool:
    return request.COOKIES.get(BLUR_COOKIE) == "1"
