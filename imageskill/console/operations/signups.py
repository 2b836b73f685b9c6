"""Sign-ups that look like abuse, and ending many agents that nobody claimed."""

from typing import Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.freshness import fresh_required
from accounts.staff import Staff
from creative.feedback.plain_text import one_line
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.operations import arrivals
from imageskill.core.ids import prefix_of
from imageskill.flows import expiring
from imageskill.flows.expiring import Outcome

_PAGE: Final = "console_signups"
_LONGEST_GROUP: Final = 255
_LONGEST_REASON: Final = 150


class Reason(forms.Form):
    """Why; it stands in the agent's events."""

    reason = forms.CharField(
        label="Reason",
        max_length=_LONGEST_REASON,
        help_text="It is written into the history of each agent.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@staff_only
@require_safe
def signups(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show the sign-ups of a day by network and by mail domain, and what is refused."""
    return frame.show(
        request,
        "console/operations/signups.html",
        _PAGE,
        seen=arrivals.read(),
        refused=arrivals.refused(),
        most_refusals=arrivals.most_refusals(),
        most_read=arrivals.MOST_READ,
    )


@staff_only
@fresh_required
@require_http_methods(["GET", "POST"])
def expiry(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show which agents of a group would be ended, who is skipped and why; or end those that were shown."""
    sent = request.POST if request.method == "POST" else None
    told = sent or request.GET
    network, domain = (told.get(name, "")[:_LONGEST_GROUP] for name in ("network", "domain"))
    if not (network or domain):
        return HttpResponseRedirect(reverse(_PAGE))
    form = Reason(sent)
    if sent is not None and form.is_valid():
        picked = [one for one in sent.getlist("pick") if prefix_of(one) == "agt"][: expiring.MOST]
        outcomes = expiring.expire(picked, reason=one_line(form.cleaned_data["reason"]), actor=person)
        return _on(request, outcomes, network, domain)
    ids = arrivals.picked(network=network, domain=domain)
    judged = expiring.judge(arrivals.rows(ids[: expiring.MOST]))
    return frame.show(
        request,
        "console/operations/expiry.html",
        _PAGE,
        network=network,
        domain=domain,
        form=form,
        ready=[(one.agent, one_line(one.agent.name)) for one in judged if not one.why],
        skipped=[(one.agent, one_line(one.agent.name), one.why) for one in judged if one.why],
        is_cut=len(ids) > expiring.MOST,
        most=expiring.MOST,
    )


def _on(request: HttpRequest, outcomes: list[Outcome], network: str, domain: str) -> HttpResponseBase:
    done = [one for one in outcomes if not one.why]
    left = [one for one in outcomes if one.why]
    said = f"Agents ended: {len(done)}."
    if left:
        reasons = sorted({one.why for one in left})
        said += f" Left as they were: {len(left)} ({'; '.join(reasons)})."
    messages.success(request, said)
    asked = {name: value for name, value in (("network", network), ("domain", domain)) if value}
    return HttpResponseRedirect(f"{reverse('console_expiry')}?{urlencode(asked)}")
