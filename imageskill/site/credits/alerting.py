"""The alert that few credits are left: setting it, turning it off and on, and trying it."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_POST

from accounts import members
from accounts.freshness import fresh_required
from accounts.models import Membership
from accounts.pages.people import in_workspace
from billing import alerts, buyers
from imageskill.site.credits.doing import done
from imageskill.site.credits.forms import AlertForm

_ANCHOR = "#alert"


@require_POST
@fresh_required
@in_workspace
def set_alert(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Set below how many credits whom to tell."""
    form = AlertForm(place, data=request.POST)

    def doing() -> str:
        if not form.is_valid():
            faults = "; ".join(f"{form[name].label}: {told[0]}" for name, told in form.errors.items())
            raise members.CannotError(faults)
        alert = alerts.set_alert(by=buyers.of_place(place), **form.cleaned_data)
        return f"A mail goes out when less than {alert.threshold_credits} credits are available."

    return done(request, place, doing, _ANCHOR)


@require_POST
@fresh_required
@in_workspace
def switch(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Turn the alert off, or on again as it was."""
    on = request.POST.get("on") == "yes"

    def doing() -> str:
        alerts.switch(by=buyers.of_place(place), on=on)
        return "The alert is on." if on else "The alert is off."

    return done(request, place, doing, _ANCHOR)


@require_POST
@in_workspace
def send_test(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Send the alert's mail now, as a test."""

    def doing() -> str:
        alerts.send_test(by=buyers.of_place(place))
        return "A test mail is on its way."

    return done(request, place, doing, _ANCHOR)
