"""One workspace as staff sees it, and looking at it as its members do."""

from typing import Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.freshness import fresh_required
from accounts.members import CannotError
from accounts.models import Organization
from accounts.pages.people import signed_in
from accounts.staff import Staff
from creative.feedback.plain_text import one_line
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.view_as import keeping, portrait
from imageskill.flows import viewing

_PAGE: Final = "console_search"


class Reason(forms.Form):
    """Why somebody looks; the members of the workspace read it."""

    reason = forms.CharField(
        label="Reason",
        max_length=viewing.LONGEST_REASON,
        help_text="The members of the workspace read it in their activity.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@staff_only
@require_safe
def workspace(request: HttpRequest, person: Staff, organization_id: str) -> HttpResponseBase:
    """Show all that staff may know of a workspace; one that was merged leads to its successor."""
    place = _place(organization_id)
    if place.pk != organization_id:
        return HttpResponseRedirect(reverse("console_workspace", args=[place.pk]))
    return frame.show(request, "console/view_as/workspace.html", _PAGE, of=portrait.of(place))


@staff_only
@fresh_required
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest, person: Staff, organization_id: str) -> HttpResponseBase:
    """Ask why; or write it down, and go to the workspace's own pages."""
    place = _place(organization_id)
    form = Reason(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        shown = {"place": place, "name": one_line(place.name), "form": form}
        shown["minutes"] = int(viewing.LASTS.total_seconds() // 60)
        return frame.show(request, "console/view_as/begin.html", _PAGE, **shown)
    try:
        visit = viewing.begin(organization_id=place.pk, reason=one_line(form.cleaned_data["reason"]), actor=person)
    except CannotError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("console_workspace", args=[place.pk]))
    keeping.keep(request, signed_in(request), visit)
    return HttpResponseRedirect(reverse("overview", args=[visit.organization_id]))


@staff_only
@require_POST
def end(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Stop looking, and go back to what staff knows of the workspace."""
    visit = keeping.of(request)
    if visit is None:
        return HttpResponseRedirect(reverse("console_search"))
    viewing.end(visit, actor=person)
    keeping.drop(request)
    return HttpResponseRedirect(reverse("console_workspace", args=[visit.organization_id]))


def _place(organization_id: str) -> Organization:
    place = portrait.place_of(organization_id)
    if place is None:
        raise Http404
    return place
