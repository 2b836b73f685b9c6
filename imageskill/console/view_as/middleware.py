"""The middleware of a visit: GET and HEAD of what `rules` name, everything else is refused.

`request.user` stays who it is. The place that the doors of a workspace's pages get is a viewer's, of this one
workspace. Staff's rights, the second factor and the time are looked at again with each request.
"""

from collections.abc import Callable

from allauth.account.authentication import get_authentication_records
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve, reverse

from accounts import staff
from accounts.models import User
from accounts.pages.people import VISITED, signed_in
from accounts.staff import Staff
from imageskill.console import frame
from imageskill.console.view_as import keeping, reading, rules
from imageskill.core import veil
from imageskill.flows import viewing
from imageskill.flows.viewing import Visit

Answer = Callable[[HttpRequest], HttpResponseBase]


class ViewAsMiddleware:
    """Keeps a visit to looking, and ends it when its time or the right to it is over."""

    def __init__(self, get_response: Answer) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request; of a session without a visit nothing is changed."""
        visit = keeping.of(request)
        if visit is None:
            return self.get_response(request)
        user = request.user
        place = viewing.place_of(visit, user) if isinstance(user, User) and _may(request, user) else None
        if place is None or visit.is_over:
            return self._over(request, visit, may_look=place is not None)
        setattr(request, VISITED, place)
        request.visit = visit  # type: ignore[attr-defined]
        return self._visited(request, visit)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Refuse what asked for prompts, or would have written."""
        if not isinstance(error, veil.VeiledError | reading.WriteRefusedError):
            return None
        return refused(request)

    def _visited(self, request: HttpRequest, visit: Visit) -> HttpResponseBase:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        name = match.url_name or ""
        if name in rules.LEAVING:
            return self._left(request, visit)
        if request.method not in ("GET", "HEAD") or not rules.is_shown(name, match.route):
            return refused(request)
        with veil.drawn(), reading.only():
            answer = self.get_response(request)
        return refused(request) if _is_file(answer, match) else answer

    def _left(self, request: HttpRequest, visit: Visit) -> HttpResponseBase:
        """Let a visit be ended, and write its end where that was by signing out."""
        actor = Staff(signed_in(request).pk)
        answer = self.get_response(request)
        if not request.user.is_authenticated:
            viewing.end(visit, actor=actor)
        return answer

    def _over(self, request: HttpRequest, visit: Visit, *, may_look: bool) -> HttpResponseBase:
        keeping.drop(request)
        if not may_look or request.headers.get("HX-Request"):
            return self.get_response(request)
        messages.info(request, "The quarter of an hour is over. To look on, say why again.")
        return HttpResponseRedirect(reverse("console_workspace", args=[visit.organization_id]))


def refused(request: HttpRequest) -> HttpResponse:
    """Say that a visit only looks."""
    if request.headers.get("HX-Request"):
        return HttpResponse("A visit only looks.", status=403, content_type="text/plain")
    answer = frame.show(request, "console/view_as/refused.html", "console_search")
    answer.status_code = 403
    return answer


def _may(request: HttpRequest, user: User) -> bool:
    """Say whether whoever asks is still staff with a factor, and the one who began the visit."""
    if not (user.is_staff and user.is_active and keeping.is_of(request, user)):
        return False
    return staff.used_a_factor(user, get_authentication_records(request, user))


def _is_file(answer: HttpResponseBase, match: ResolverMatch) -> bool:
    """Say whether a workspace's page turned out to be a file: an export under another name."""
    inside = match.url_name in rules.SHOWN
    return inside and (answer.streaming or answer.has_header("content-disposition"))
