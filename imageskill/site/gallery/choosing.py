"""Several pictures at once: how a query names them, and where one goes who chose none."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.urls import reverse

from accounts.models import Membership
from creative import gallery
from creative.gallery import Scope, Tile
from creative.sharing import MOST_PICTURES

MOST: Final = MOST_PICTURES
CAN_COMPARE: Final = (2, 4)


def tiles_of(scope: Scope, query: QueryDict) -> list[Tile]:
    """Return the live pictures that a query names by `p`, at most MOST, in the order of choosing."""
    return gallery.tiles(scope, gallery.chosen(scope, query.getlist("p"), MOST))


def back(request: HttpRequest, place: Membership, words: str) -> HttpResponseRedirect:
    """Send somebody back to the wall with words."""
    messages.error(request, words)
    return HttpResponseRedirect(reverse("gallery", args=[place.organization_id]))
